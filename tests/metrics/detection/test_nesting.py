import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from panns.metrics import FrameScores
from panns.metrics.detection.nesting import find_nested_events


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_nested_events_equal_events_at_every_threshold(values):
    scores = np.array(values, dtype=float)
    clip = FrameScores.from_hop(scores[:, None], 1.0)
    found = find_nested_events(scores, clip.edges_s)
    assert len(found.levels) <= len(scores)
    for threshold in np.arange(-1, 6) + 0.5:
        is_there = (found.levels > threshold) & (found.levels_around < threshold)
        times = zip(found.intervals.onsets_s[is_there], found.intervals.offsets_s[is_there], strict=True)
        assert sorted((0, *pair) for pair in times) == clip.events([threshold])
