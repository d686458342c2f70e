"""Draws of a few clips share no recording with what they are tested with."""

from __future__ import annotations

from collections import Counter

import pytest

from panns.data.clip_lists import Clip
from recipes.few_shot.__main__ import draw_clips, render_table

CLIPS = [Clip(f"{label}{i}.wav", (label,), source=f"{label}{i // 3}") for label in ("cat", "dog") for i in range(36)]


@pytest.mark.parametrize("n_support", [1, 5, 10])
def test_a_draw_has_one_clip_of_each_of_its_recordings(n_support):
    clips = draw_clips(CLIPS, n_support, 0)
    support = [clip for clip in clips if clip.fold == "support"]
    test = [clip for clip in clips if clip.fold == "test"]
    assert Counter(clip.labels[0] for clip in support) == {"cat": n_support, "dog": n_support}
    assert len({clip.source for clip in support}) == 2 * n_support
    assert not {clip.source for clip in support} & {clip.source for clip in test}
    assert len(test) == 72 - 2 * 3 * n_support
    assert draw_clips(CLIPS, n_support, 0) == clips != draw_clips(CLIPS, n_support, 1)


def test_the_table_has_mean_and_deviation():
    assert "| 5 | 0.800 | 0.141 | 0.700 0.900 |" in render_table({5: [0.7, 0.9]})
