from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from panns.data.clip_lists import Clip, ClipList
from panns.data.clips.audio import FileAudio
from panns.data.shards import ShardAudio, ShardSettings, write_shards
from panns.data.shards.index import INDEX_FILE
from panns.data.shards.open_files import OpenFiles
from panns.errors import AudioDecodeError, DataError
from tests.data.shard_sets import RATE, make_clip_list
from tests.sounds import noise, write_wav

SETTINGS = {
    "keep": ShardSettings(clips_per_shard=3),
    "flac": ShardSettings("flac", RATE, clips_per_shard=2),
    "wav": ShardSettings("wav", RATE, clips_per_shard=4),
    "wav at own rate": ShardSettings("wav"),
}


@pytest.fixture(scope="module")
def clip_list(tmp_path_factory):
    """Whole files, and stretches of a file at another rate."""
    folder = tmp_path_factory.mktemp("sounds")
    clips = make_clip_list(folder).clips
    write_wav(folder / "long.wav", noise(3, seed=9, sample_rate=6_000), 6_000)
    stretches = [Clip("long.wav", ("Rain",), onset_s=onset_s, offset_s=onset_s + 0.5) for onset_s in (0.0, 2.5, 1.25)]
    return ClipList(folder, (*clips, *stretches))


@pytest.fixture(scope="module", params=SETTINGS)
def packed(request, clip_list, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shards(clip_list, folder, SETTINGS[request.param])
    return folder


@pytest.fixture
def shards(clip_list, tmp_path):
    """A folder of shards that a test may damage."""
    write_shards(clip_list, tmp_path / "shards", SETTINGS["keep"])
    return tmp_path / "shards"


# At the other rate without the stretches, because some were resampled before packing.
@pytest.mark.parametrize(("rate", "n_clips"), [(RATE, 10), (11_025, 7)])
def test_waveforms_equal_those_of_the_files(clip_list, packed, rate, n_clips):
    audio, files = ShardAudio(packed, rate), FileAudio(clip_list, rate)
    assert (len(audio), audio.sample_rate) == (len(files), rate)
    for i in range(n_clips):
        waveform = audio.waveform(i)
        assert (waveform.dtype, waveform.ndim) == (np.float32, 1)
        # Half a step of 16 bits, and its effect on a resampler.
        np.testing.assert_allclose(waveform, files.waveform(i), atol=5e-5)
        waveform += 1  # the caller may write to it


def test_clips_equal_those_of_the_list(clip_list, packed):
    audio = ShardAudio(packed, RATE)
    assert tuple(audio.clips) == clip_list.clips
    np.testing.assert_allclose(audio.durations_s, [0.2 + i / 100 for i in range(7)] + [0.5] * 3)


def test_clips_may_be_replaced(clip_list, packed):
    clips = [Clip(clip.path, ("New",)) for clip in clip_list.clips]
    assert ShardAudio(packed, RATE, clips=clips).clips is clips
    with pytest.raises(ValueError, match=r"clips has 9 clips, but .* holds 10"):
        ShardAudio(packed, RATE, clips=clips[:-1])


def test_threads_share_few_open_files(packed):
    audio = ShardAudio(packed, RATE)
    alone = [audio.waveform(i) for i in range(len(audio))]
    audio._folder._files = OpenFiles(1)
    order = np.random.default_rng(0).integers(len(audio), size=200).tolist()
    with ThreadPoolExecutor(8) as pool:
        for i, waveform in zip(order, pool.map(audio.waveform, order), strict=True):
            np.testing.assert_array_equal(waveform, alone[i])


def test_decoded_clips_are_copied_not_decoded(clip_list, tmp_path, monkeypatch):
    write_shards(clip_list, tmp_path / "shards", SETTINGS["wav"])
    monkeypatch.setattr("panns.data.shards.audio.load_clip_file", None)
    audio = ShardAudio(tmp_path / "shards", RATE)
    assert [len(audio.waveform(i)) for i in range(7)] == [1_600 + 80 * i for i in range(7)]


@pytest.mark.parametrize("level", [1e-3, 3.0])
@pytest.mark.parametrize("rate", [RATE, 11_025])
@pytest.mark.parametrize("coding", ["wav", "flac"])
def test_loud_and_quiet_clips_keep_their_level(tmp_path, level, rate, coding):
    write_wav(tmp_path / "a.wav", noise(0.2, level=level, sample_rate=RATE), RATE)
    clip_list = ClipList(tmp_path, (Clip("a.wav"),))
    write_shards(clip_list, tmp_path / "shards", ShardSettings(coding, RATE))
    expected = FileAudio(clip_list, rate).waveform(0)
    np.testing.assert_allclose(ShardAudio(tmp_path / "shards", rate).waveform(0), expected, atol=level * 4 * 2**-14)


@pytest.mark.parametrize("i", [-1, 10])
def test_index_out_of_range(shards, i):
    with pytest.raises(IndexError, match=f"clip {i} is out of range"):
        ShardAudio(shards, RATE).waveform(i)


def test_missing_shard_is_named(shards):
    (shards / "shard-000001.tar").unlink()
    with pytest.raises(DataError, match=r"shard-000001.tar is missing .* one of 4 shards"):
        ShardAudio(shards, RATE)


def test_shard_of_another_size_is_named(shards):
    with (shards / "shard-000002.tar").open("ab") as file:
        file.write(b"more")
    with pytest.raises(DataError, match="30,724 bytes instead of 30,720"):
        ShardAudio(shards, RATE)


def test_shard_truncated_during_reading_is_named(shards):
    audio = ShardAudio(shards, RATE)
    os.truncate(shards / "shard-000000.tar", 1_000)
    with pytest.raises(DataError, match=r"shard-000000.tar does not hold 000000002.wav"):
        audio.waveform(2)


def test_shard_with_other_clips_is_named(shards):
    path = shards / "shard-000002.tar"
    path.write_bytes(path.read_bytes().replace(b"000000006.wav", b"000000016.wav"))
    audio = ShardAudio(shards, RATE)
    with pytest.raises(DataError, match=r"shard-000002.tar does not hold 000000006.wav"):
        audio.waveform(6)


def test_index_of_other_shards_is_refused(shards, tmp_path, clip_list):
    write_shards(clip_list, tmp_path / "other", SETTINGS["wav"])
    shutil.copy(tmp_path / "other" / INDEX_FILE, shards / INDEX_FILE)
    with pytest.raises(DataError, match=r"shard-00000\d.tar has .* bytes instead of"):
        ShardAudio(shards, RATE)


def test_damaged_copy_is_named_with_its_shard(tmp_path):
    whole = write_wav(tmp_path / "a.flac", noise(1, sample_rate=RATE), RATE).read_bytes()
    assert soundfile.info(tmp_path / "a.flac").duration == 1
    (tmp_path / "a.flac").write_bytes(whole[:200] + bytes(len(whole) - 200))
    clip_list = ClipList(tmp_path, (Clip("a.flac"),))
    write_shards(clip_list, tmp_path / "shards")
    with pytest.raises(AudioDecodeError, match=r"a\.flac in .*shard-000000\.tar: "):
        ShardAudio(tmp_path / "shards", RATE).waveform(0)
