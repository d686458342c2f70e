"""Events as bars in lanes over time, one lane a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from panns.results import Event

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = "viridis"  # of probabilities from 0 to 1
LIGHT_FROM = 0.6  # from this probability on black is easier to read on its colour than white
LANE_IN = 0.32  # height of one
EDGE_SHADE = 0.6  # of a bar's colour, around it
BAR_HEIGHT = 0.72  # of a lane
SCORE_PT = 8.0
SCORE_ROOM_PT = 2.3 * SCORE_PT + 5  # "0.87" in matplotlib's own font, and some air


@dataclass(frozen=True)
class Lane:
    """The events of one class, by onset."""

    index: int
    events: tuple[Event, ...]


@dataclass(frozen=True)
class ScorePlace:
    """Where in a lane the score of an event stands: at a time, which is its middle or the side of it that is named."""

    time_s: float
    side: Literal["center", "left", "right"]


def event_lanes(events: Sequence[Event]) -> list[Lane]:
    """Events by class, first the class that has the one with the highest score."""
    by_class = groupby(sorted(events, key=lambda event: (event.index, event.onset_s)), lambda event: event.index)
    lanes = [Lane(index, tuple(group)) for index, group in by_class]
    return sorted(lanes, key=lambda lane: -max(event.score for event in lane.events))


def draw_events(axes: Axes, lanes: Sequence[Lane], names: Mapping[int, str], *, instead: str) -> None:
    """Draw bars from onset to offset, coloured by score.

    Args:
        axes: Where to; its limits of time are left alone.
        lanes: From above to below.
        names: Of the classes, by index.
        instead: What to write where there is no lane.
    """
    import matplotlib as mpl

    colours = mpl.colormaps[COLOURS]
    for row, lane in enumerate(lanes):
        axes.broken_barh(
            [(event.onset_s, event.offset_s - event.onset_s) for event in lane.events],
            (row + 0.5 - BAR_HEIGHT / 2, BAR_HEIGHT),
            facecolors=[colours(event.score) for event in lane.events],
            # Yellow is hard to see on white, and a short event in a long sound is all edge.
            edgecolors=[[EDGE_SHADE * part for part in colours(event.score)[:3]] for event in lane.events],
            linewidth=0.6,
        )
    n_rows = max(1, len(lanes))
    if not lanes:
        axes.text(0.5, 0.5, instead, transform=axes.transAxes, ha="center", va="center", color="#707070")
    axes.set_ylim(n_rows, 0)
    axes.set_yticks([row + 0.5 for row in range(len(lanes))], [names[lane.index] for lane in lanes])
    axes.hlines(range(1, n_rows), 0, 1, transform=axes.get_yaxis_transform(), color="#e4e4e4", linewidth=0.6, zorder=0)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)


def write_scores(axes: Axes, lanes: Sequence[Lane]) -> None:
    """Write the scores of the events that were drawn, where there is room; once the axes have their place."""
    begin_s, end_s = axes.get_xlim()
    figure = axes.get_figure(root=True)
    assert figure is not None
    width_pt = 72 * figure.get_size_inches()[0] * axes.get_position().width
    room_s = SCORE_ROOM_PT / width_pt * (end_s - begin_s)
    for row, lane in enumerate(lanes):
        for event, place in zip(lane.events, score_places(lane.events, end_s, room_s), strict=True):
            if place is None:
                continue
            is_on_dark = place.side == "center" and event.score < LIGHT_FROM
            axes.annotate(
                f"{event.score:.2f}",
                (place.time_s, row + 0.5),
                xytext=({"left": 2.5, "center": 0, "right": -2.5}[place.side], 0),
                textcoords="offset points",
                ha=place.side,
                va="center_baseline",
                fontsize=SCORE_PT,
                color="white" if is_on_dark else "black",
                in_layout=False,
            )


def score_places(events: Sequence[Event], end_s: float, room_s: float) -> list[ScorePlace | None]:
    """Where the scores of a lane stand: in the bar, else after it, else before it, else nowhere.

    Args:
        events: By onset; none overlaps another.
        end_s: Where the lane ends.
        room_s: How much of it a score takes.
    """
    places: list[ScorePlace | None] = []
    taken_s = 0.0  # up to here bars and scores stand
    for i, event in enumerate(events):
        place = None
        next_s = events[i + 1].onset_s if i + 1 < len(events) else end_s
        free_s, taken_s = event.onset_s - taken_s, event.offset_s
        if event.offset_s - event.onset_s >= room_s:
            place = ScorePlace((event.onset_s + event.offset_s) / 2, "center")
        elif next_s - event.offset_s >= room_s:
            place = ScorePlace(event.offset_s, "left")
            taken_s += room_s
        elif free_s >= room_s:
            place = ScorePlace(event.onset_s, "right")
        places.append(place)
    return places
