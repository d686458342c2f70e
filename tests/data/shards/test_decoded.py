from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from panns.data.clip_lists import Clip, ClipList
from panns.data.clips.audio import FileAudio
from panns.data.shards import writer
from panns.data.shards.decoded import decode_once
from panns.errors import AudioDecodeError, DataError
from tests.data.shard_sets import RATE, make_manifest
from tests.sounds import noise, write_wav


@pytest.fixture
def manifest(tmp_path):
    (tmp_path / "sounds").mkdir()
    manifest = make_manifest(tmp_path / "sounds")
    return replace(manifest, clips=(*manifest.clips, Clip("sound 0.a.wav", onset_s=0.05, offset_s=0.1)))


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def n_decoded(monkeypatch):
    """How many clips were decoded since it was asked last."""
    packed = []
    pack = writer.pack
    monkeypatch.setattr(writer, "pack", lambda file, *others: packed.append(file) or pack(file, *others))

    def count():
        n, packed[:] = len(packed), []
        return n

    return count


def test_clips_are_those_of_the_files_and_decoded_once(manifest, cache, n_decoded):
    files = FileAudio(manifest, RATE)
    for n_expected in (8, 0):
        audio = decode_once(manifest, RATE, cache)
        assert n_decoded() == n_expected
        assert audio.clips == manifest.clips
        for i in range(8):
            np.testing.assert_allclose(audio.waveform(i), files.waveform(i), atol=2**-15)


def test_labels_may_change_without_a_new_decoding(manifest, cache, n_decoded):
    decode_once(manifest, RATE, cache)
    n_decoded()
    relabelled = tuple(replace(clip, labels=("New",), fold="9") for clip in manifest.clips)
    assert decode_once(replace(manifest, clips=relabelled), RATE, cache).clips == relabelled
    assert n_decoded() == 0


@pytest.mark.parametrize("change", ["rate", "file", "stretch", "order"])
def test_what_changes_the_sound_is_decoded_anew(manifest, cache, n_decoded, change):
    decode_once(manifest, RATE, cache)
    n_decoded()
    clips, rate = manifest.clips, RATE
    if change == "rate":
        rate = 16_000
    elif change == "file":
        write_wav(manifest.root / "sound 3.a.flac", noise(0.3, sample_rate=RATE), RATE)
    elif change == "stretch":
        clips = (*clips[:-1], replace(clips[-1], offset_s=0.11))
    else:
        clips = clips[::-1]
    audio = decode_once(replace(manifest, clips=clips), rate, cache)
    assert n_decoded() == 8
    files = FileAudio(replace(manifest, clips=clips), rate)
    for i in range(8):
        np.testing.assert_allclose(audio.waveform(i), files.waveform(i), atol=2**-15)
    decode_once(manifest if change != "file" else replace(manifest, clips=clips), RATE, cache)
    assert n_decoded() == 0  # the earlier ones are still there


def test_it_goes_on_where_it_was_stopped(manifest, cache, n_decoded, monkeypatch):
    counting = writer.pack

    def interrupted(file, *others):
        if file.name == "sound 5.a.flac":
            raise KeyboardInterrupt
        return counting(file, *others)

    with monkeypatch.context() as patch:
        patch.setattr(writer, "pack", interrupted)
        with pytest.raises(KeyboardInterrupt):
            decode_once(manifest, RATE, cache, n_threads=1)
    assert n_decoded() == 5
    told = []
    decode_once(manifest, RATE, cache, on_progress=lambda *numbers: told.append(numbers))
    assert n_decoded() == 3
    assert told[-1] == (8, 8)


@pytest.mark.parametrize(("name", "n_expected"), [("shard-000002.tar", 1), ("index.npz", 0)])
def test_what_is_damaged_is_made_again(manifest, cache, n_decoded, name, n_expected):
    decode_once(manifest, RATE, cache)
    (damaged,) = cache.glob(f"*/{name}")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    n_decoded()
    audio = decode_once(manifest, RATE, cache)
    assert n_decoded() == n_expected
    np.testing.assert_allclose(audio.waveform(2), FileAudio(manifest, RATE).waveform(2), atol=2**-15)


def test_a_clip_that_cannot_be_read_is_named(manifest, cache):
    (manifest.root / "sound 2.a.wav").unlink()
    with pytest.raises(AudioDecodeError, match=r"sound 2\.a\.wav: there is no such file"):
        decode_once(manifest, RATE, cache)


def test_no_clips_are_a_sentence(tmp_path):
    with pytest.raises(DataError, match="there are no clips"):
        decode_once(ClipList(tmp_path, ()), RATE, tmp_path)
