from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from panns.data.clip_lists import Clip, ClipList
from panns.data.clips.audio import FileAudio
from panns.data.shards import packing, writer
from panns.data.shards.decoded import decode_once
from panns.errors import AudioDecodeError, DataError
from tests.data.shard_sets import RATE, make_clip_list
from tests.sounds import noise, write_wav


@pytest.fixture
def clip_list(tmp_path):
    (tmp_path / "sounds").mkdir()
    clip_list = make_clip_list(tmp_path / "sounds")
    return replace(clip_list, clips=(*clip_list.clips, Clip("sound 0.a.wav", onset_s=0.05, offset_s=0.1)))


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def n_decoded(monkeypatch):
    """Counts the clips decoded since the last call."""
    packed = []
    pack = packing.pack
    monkeypatch.setattr(writer, "pack", lambda file, *others: packed.append(file) or pack(file, *others))

    def count():
        n, packed[:] = len(packed), []
        return n

    return count


def test_clips_are_decoded_once(clip_list, cache, n_decoded):
    files = FileAudio(clip_list, RATE)
    for n_expected in (8, 0):
        audio = decode_once(clip_list, RATE, cache)
        assert n_decoded() == n_expected
        assert audio.clips == clip_list.clips
        for i in range(8):
            np.testing.assert_allclose(audio.waveform(i), files.waveform(i), atol=2**-15)


def test_labels_may_change_without_decoding(clip_list, cache, n_decoded):
    decode_once(clip_list, RATE, cache)
    n_decoded()
    relabelled = tuple(replace(clip, labels=("New",), fold="9") for clip in clip_list.clips)
    assert decode_once(replace(clip_list, clips=relabelled), RATE, cache).clips == relabelled
    assert n_decoded() == 0


@pytest.mark.parametrize("change", ["rate", "file", "stretch", "order"])
def test_changed_sounds_are_decoded_again(clip_list, cache, n_decoded, change):
    decode_once(clip_list, RATE, cache)
    n_decoded()
    clips, rate = clip_list.clips, RATE
    if change == "rate":
        rate = 16_000
    elif change == "file":
        write_wav(clip_list.root / "sound 3.a.flac", noise(0.3, sample_rate=RATE), RATE)
    elif change == "stretch":
        clips = (*clips[:-1], replace(clips[-1], offset_s=0.11))
    else:
        clips = clips[::-1]
    audio = decode_once(replace(clip_list, clips=clips), rate, cache)
    assert n_decoded() == 8
    files = FileAudio(replace(clip_list, clips=clips), rate)
    for i in range(8):
        np.testing.assert_allclose(audio.waveform(i), files.waveform(i), atol=2**-15)
    decode_once(clip_list if change != "file" else replace(clip_list, clips=clips), RATE, cache)
    assert n_decoded() == 0  # the earlier cache still exists


def test_interrupted_decoding_continues(clip_list, cache, n_decoded, monkeypatch):
    counting = vars(writer)["pack"]  # counts the clips for `n_decoded`

    def interrupted(file, *others):
        if file.name == "sound 5.a.flac":
            raise KeyboardInterrupt
        return counting(file, *others)

    with monkeypatch.context() as patch:
        patch.setattr(writer, "pack", interrupted)
        with pytest.raises(KeyboardInterrupt):
            decode_once(clip_list, RATE, cache, n_threads=1)
    assert n_decoded() == 5
    seen = []
    decode_once(clip_list, RATE, cache, on_progress=seen.append)
    assert n_decoded() == 3
    assert (seen[-1].done, seen[-1].total) == (8, 8)


@pytest.mark.parametrize(("name", "n_expected"), [("shard-000002.tar", 1), ("index.npz", 0)])
def test_damaged_files_are_repaired(clip_list, cache, n_decoded, name, n_expected):
    decode_once(clip_list, RATE, cache)
    (damaged,) = cache.glob(f"*/{name}")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    n_decoded()
    audio = decode_once(clip_list, RATE, cache)
    assert n_decoded() == n_expected
    np.testing.assert_allclose(audio.waveform(2), FileAudio(clip_list, RATE).waveform(2), atol=2**-15)


def test_unreadable_clip_is_named(clip_list, cache):
    (clip_list.root / "sound 2.a.wav").unlink()
    with pytest.raises(AudioDecodeError, match=r"sound 2\.a\.wav: no such file"):
        decode_once(clip_list, RATE, cache)


def test_empty_list_is_refused(tmp_path):
    with pytest.raises(DataError, match="clip list is empty"):
        decode_once(ClipList(tmp_path, ()), RATE, tmp_path)
