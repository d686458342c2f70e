"""Events as bars over time, one lane per class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from panns.results import Event

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = "viridis"  # colour map for scores from 0 to 1
LIGHT_FROM = 0.6  # from this score on, black text is easier to read on the bar than white
LANE_IN = 0.32  # height of a lane
EDGE_SHADE = 0.6  # brightness of a bar's edge, as a share of its fill
BAR_HEIGHT = 0.72  # share of a lane
SCORE_PT = 8.0
SCORE_ROOM_PT = 2.3 * SCORE_PT + 5  # "0.87" in matplotlib's own font, plus a margin


@dataclass(frozen=True)
class Lane:
    """Events of one class, sorted by onset."""

    index: int
    events: tuple[Event, ...]


@dataclass(frozen=True)
class ScorePlace:
    """Position of a score in its lane: a time, and the side of the text that is aligned with it."""

    time_s: float
    side: Literal["center", "left", "right"]


def event_lanes(events: Sequence[Event]) -> list[Lane]:
    """Group events by class; the class with the highest-scoring event comes first."""
    by_class = groupby(sorted(events, key=lambda event: (event.index, event.onset_s)), lambda event: event.index)
    lanes = [Lane(index, tuple(group)) for index, group in by_class]
    return sorted(lanes, key=lambda lane: -max(event.score for event in lane.events))


def draw_events(axes: Axes, lanes: Sequence[Lane], names: Mapping[int, str], *, placeholder: str) -> None:
    """Draw bars from onset to offset, coloured by score.

    Args:
        axes: Axes to draw on; its time limits stay unchanged.
        lanes: Lanes from top to bottom.
        names: Class names by index.
        placeholder: Text to show when there are no lanes.
    """
    import matplotlib as mpl

    colours = mpl.colormaps[COLOURS]
    for row, lane in enumerate(lanes):
        axes.broken_barh(
            [(event.onset_s, event.offset_s - event.onset_s) for event in lane.events],
            (row + 0.5 - BAR_HEIGHT / 2, BAR_HEIGHT),
            facecolors=[colours(event.score) for event in lane.events],
            # Yellow is hard to see on white, and a short event in a long sound is nearly all edge.
            edgecolors=[[EDGE_SHADE * part for part in colours(event.score)[:3]] for event in lane.events],
            linewidth=0.6,
        )
    n_rows = max(1, len(lanes))
    if not lanes:
        axes.text(0.5, 0.5, placeholder, transform=axes.transAxes, ha="center", va="center", color="#707070")
    axes.set_ylim(n_rows, 0)
    axes.set_yticks([row + 0.5 for row in range(len(lanes))], [names[lane.index] for lane in lanes])
    axes.hlines(range(1, n_rows), 0, 1, transform=axes.get_yaxis_transform(), color="#e4e4e4", linewidth=0.6, zorder=0)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)


def write_scores(axes: Axes, lanes: Sequence[Lane]) -> None:
    """Write the scores of drawn events where they fit. Call this after the figure has been laid out."""
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
    """Positions of the scores in a lane: inside the bar, else after it, else before it, else None.

    Args:
        events: Events sorted by onset, without overlap.
        end_s: End of the lane.
        room_s: Width of a score, in seconds of the lane.
    """
    places: list[ScorePlace | None] = []
    taken_s = 0.0  # end of the last bar or score so far
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
