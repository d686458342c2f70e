from __future__ import annotations

import pytest

from panns.data.shards import ShardSettings


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"coding": "mp3"}, "coding='mp3'"),
        ({"sample_rate": 32_000}, "sample_rate=32000 needs coding"),
        ({"coding": "wav", "sample_rate": 32}, "sample_rate=32 .* 4000000 Hz"),
        ({"coding": "flac", "sample_rate": 700_000}, "sample_rate=700000 .* 655350 Hz"),
        ({"clips_per_shard": 0}, "clips_per_shard=0"),
    ],
)
def test_invalid_settings_are_refused(values, words):
    with pytest.raises(ValueError, match=words):
        ShardSettings(**values)
