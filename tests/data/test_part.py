from __future__ import annotations

import numpy as np
import pytest

from panns.data.clips import FileAudio
from panns.data.part import PartAudio
from tests.data.shard_sets import RATE, make_manifest


def test_a_part_is_in_its_own_order(tmp_path):
    whole = FileAudio(make_manifest(tmp_path), RATE)
    part = PartAudio(whole, [4, 0, 4])
    assert len(part) == 3
    assert part.sample_rate == RATE
    assert list(part.clips) == [whole.clips[4], whole.clips[0], whole.clips[4]]
    for i, number in enumerate((4, 0, 4)):
        np.testing.assert_array_equal(part.waveform(i), whole.waveform(number))
    with pytest.raises(IndexError):
        part.waveform(3)


def test_a_part_may_be_empty(tmp_path):
    assert len(PartAudio(FileAudio(make_manifest(tmp_path), RATE), [])) == 0
