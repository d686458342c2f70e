from __future__ import annotations

import pytest

from panns.data.shards import ShardSettings


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"coding": "mp3"}, "coding='mp3' is not known; use 'keep', 'flac' or 'wav'"),
        ({"sample_rate": 32_000}, "sample_rate=32000 needs coding 'flac' or 'wav'; files that are kept keep theirs"),
        ({"coding": "wav", "sample_rate": 32}, "sample_rate=32 is not possible; use 100 to 4000000 Hz"),
        ({"coding": "flac", "sample_rate": 700_000}, "sample_rate=700000 is not possible; use 100 to 655350 Hz"),
        ({"clips_per_shard": 0}, "clips_per_shard=0 is no shard; use 1 or more"),
    ],
)
def test_settings_that_cannot_be(values, words):
    with pytest.raises(ValueError, match=words):
        ShardSettings(**values)
