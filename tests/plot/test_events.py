import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from panns.plot.events import LIGHT_FROM, Lane, ScorePlace, draw_events, event_lanes, score_places, write_scores
from panns.results import Event

NAMES = {0: "Dog", 3: "Siren", 7: "Rain"}


def event(index, onset_s, offset_s, score=0.9):
    return Event(NAMES.get(index, f"sound {index}"), "", index, onset_s, offset_s, score)


@pytest.fixture
def axes():
    axes = Figure(figsize=(10, 4), layout="constrained").subplots()
    axes.set_xlim(0, 5)
    return axes


def bars(collection):
    """Onset, offset, top and bottom of every bar of a lane."""
    corners = [path.vertices for path in collection.get_paths()]
    return [(*points[:, 0].take([0, 2]), points[:, 1].min(), points[:, 1].max()) for points in corners]


def test_lanes_are_sorted_by_their_best_event():
    lanes = event_lanes([event(3, 0, 1, 0.6), event(7, 0, 4, 0.7), event(3, 2, 3, 0.8), event(0, 3, 4, 0.7)])
    assert [(lane.index, [one.onset_s for one in lane.events]) for lane in lanes] == [(3, [0, 2]), (0, [3]), (7, [0])]
    assert event_lanes([]) == []


def test_bars_span_events_in_the_lane_of_their_class(axes):
    lanes = event_lanes([event(3, 0.5, 1.25, 0.95), event(7, 1, 4, 0.7), event(3, 2, 3.5, 0.55)])
    draw_events(axes, lanes, NAMES, placeholder="nothing")
    siren, rain = (collection for collection in axes.collections if len(collection.get_facecolor()))
    np.testing.assert_allclose(bars(siren), [(0.5, 1.25, 0.14, 0.86), (2, 3.5, 0.14, 0.86)])
    np.testing.assert_allclose(bars(rain), [(1, 4, 1.14, 1.86)])
    np.testing.assert_allclose(siren.get_facecolor(), mpl.colormaps["viridis"]([0.95, 0.55]))
    assert [(text.get_text(), y) for text, y in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)] == [
        ("Siren", 0.5),
        ("Rain", 1.5),
    ]
    assert axes.get_ylim() == (2, 0)  # the first lane is above
    assert axes.get_xlim() == (0, 5)


def test_placeholder_without_events(axes):
    draw_events(axes, [], NAMES, placeholder="no events today")
    write_scores(axes, [])
    assert [text.get_text() for text in axes.texts] == ["no events today"]
    assert [text.get_text() for text in axes.get_yticklabels()] == []


def test_scores_are_inside_or_beside_their_bars(axes):
    lanes = [
        Lane(3, (event(3, 0.5, 2.5, 0.95), event(3, 3, 4.5, LIGHT_FROM - 0.1))),
        Lane(7, (event(7, 1, 1.05, 0.7), event(7, 4.9, 5, 0.5))),
    ]
    draw_events(axes, lanes, NAMES, placeholder="nothing")
    axes.get_figure().draw_without_rendering()
    write_scores(axes, lanes)
    found = [(text.get_text(), *text.xy, text.get_ha(), text.get_color()) for text in axes.texts]
    assert found == [
        ("0.95", 1.5, 0.5, "center", "black"),
        ("0.50", 3.75, 0.5, "center", "white"),
        ("0.70", 1.05, 1.5, "left", "black"),
        ("0.50", 4.9, 1.5, "right", "black"),
    ]


def test_scores_fit_their_places(axes):
    lanes = event_lanes([event(3, 0, 0.1, 0.88), event(3, 0.3, 0.5, 0.88), event(3, 0.6, 0.7), event(3, 4.9, 5)])
    draw_events(axes, lanes, NAMES, placeholder="nothing")
    figure = axes.get_figure()
    figure.draw_without_rendering()
    write_scores(axes, lanes)
    figure.draw_without_rendering()
    after, within, last, before = (
        text.get_window_extent().transformed(axes.transData.inverted()) for text in axes.texts
    )
    assert 0.1 < after.x0 < after.x1 < 0.3
    assert 0.3 < within.x0 < within.x1 < 0.5
    assert last.x0 > 0.7
    assert before.x1 < 4.9
    for text in (after, within, last, before):  # y is turned around
        assert 0.14 < text.y1 < text.y0 < 0.86


@pytest.mark.parametrize(
    ("times_s", "expected"),
    [
        ([(1, 3)], [ScorePlace(2, "center")]),
        ([(1, 1.5)], [ScorePlace(1.5, "left")]),
        ([(9, 9.5)], [ScorePlace(9, "right")]),
        # The first score follows its bar, which leaves no room before the second bar, nor before the third.
        ([(7, 7.5), (8.5, 8.7), (9.5, 9.7)], [ScorePlace(7.5, "left"), None, None]),
        ([(0, 0.5), (1, 1.5), (2, 2.5), (9.5, 10)], [None, None, ScorePlace(2.5, "left"), ScorePlace(9.5, "right")]),
        ([], []),
    ],
)
def test_score_places(times_s, expected):
    assert score_places([event(0, *pair) for pair in times_s], 10, 1) == expected


@given(st.lists(st.floats(0, 10), max_size=20, unique=True), st.floats(0.01, 3))
def test_scores_never_overlap_scores_or_other_bars(times_s, room_s):
    pairs = sorted(times_s)
    events = [event(0, *pair) for pair in zip(pairs[::2], pairs[1::2], strict=False)]
    taken = []
    for one, place in zip(events, score_places(events, 10, room_s), strict=True):
        bar, onset_s = (one.onset_s, one.offset_s), one.onset_s
        if place is not None:
            begin = place.time_s - {"left": 0, "center": room_s / 2, "right": room_s}[place.side]
            score = (begin, begin + room_s)
            onset_s = min(onset_s, begin)
            bar = (onset_s, max(one.offset_s, score[1]))
        taken += bar
    assert (np.diff([0, *taken, 10]) >= -1e-9).all()
