"""Small difficult sets of scores: ties, a single clip, classes of no clip or of every clip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

N_SEEDS = 200
SEEDS = [pytest.param(range(N_SEEDS)), pytest.param(range(N_SEEDS, 4_000), marks=pytest.mark.slow)]


def random_case(seed):
    """Probabilities and targets `(clips, classes)`, and class indices `(clips,)`."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 30), rng.integers(1, 6)
    n_levels = rng.choice([1, 2, 4, 20, 10**9])
    probs = rng.integers(0, n_levels, shape, endpoint=True) / n_levels
    targets = rng.random(shape) < rng.choice([0.05, 0.3, 0.9])
    return probs, targets, rng.integers(0, shape[1], shape[0])


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@st.composite
def scored_clips(draw, max_clips=12, max_classes=4):
    """Probabilities, often with few distinct values, and targets."""
    shape = draw(st.integers(1, max_clips)), draw(st.integers(1, max_classes))
    values = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1, width=32)
    probs = draw(stnp.arrays(np.float64, shape, elements=values))
    return probs, draw(stnp.arrays(np.bool_, shape))
