"""Errors of clips are named before the first step."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from panns.data.clip_lists import read_clip_list
from panns.data.shards import ShardAudio, ShardFolder, ShardSettings, write_shards
from panns.errors import DataError, PannsError
from panns.training.engine.journal import METRICS_FILE
from panns.training.preflight import CHECK_FILE, check_clips_before_training
from panns.training.run import train_model
from panns.training.settings import read_settings
from tests.sounds import noise, write_wav


@pytest.fixture
def damaged(class_folders, clip_list_file, tmp_path):
    """A copy of the clips with a missing file, one that is not audio, and one of NaN."""
    root = tmp_path / "damaged"
    shutil.copytree(class_folders, root)
    (root / "noise" / "noisea.wav").unlink()
    (root / "noise" / "noiseb.wav").write_bytes(b"no sound")
    write_wav(root / "tone" / "tonea.wav", np.full(800, np.nan, np.float32))
    return root / clip_list_file.name


def errors_in(caplog):
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


def test_every_error_is_logged_before_the_first_step(settings_file, damaged, tmp_path, caplog):
    out = tmp_path / "out"
    with pytest.raises(DataError, match="has 3 errors"):
        train_model(read_settings(settings_file, (f"data.clips={damaged}",)), out)
    assert not (out / METRICS_FILE).exists()
    assert not (out / CHECK_FILE).exists()
    errors = errors_in(caplog)
    assert len(errors) == 3
    for name in ("noisea.wav", "noiseb.wav", "tonea.wav"):
        assert sum(name in line for line in errors) == 1


def test_clips_in_shards_are_checked(settings_file, damaged, tmp_path, caplog):
    for name in ("noisea.wav", "noiseb.wav"):
        shutil.copy(damaged.parent / "noise" / "noisec.wav", damaged.parent / "noise" / name)
    write_shards(read_clip_list(damaged), tmp_path / "shards", ShardSettings())
    with pytest.raises(DataError, match="has 1 error;"):
        train_model(read_settings(settings_file, (f"data.clips={tmp_path / 'shards'}",)), tmp_path / "out")
    assert any("tonea.wav" in line for line in errors_in(caplog))


def test_damaged_clips_in_shards_are_skipped_on_demand(settings_file, clip_list_file, tmp_path):
    folder, out = tmp_path / "shards", tmp_path / "out"
    write_shards(read_clip_list(clip_list_file), folder, ShardSettings("wav", 32_000))
    whole = ShardAudio(folder, 32_000)
    (shard,) = folder.glob("*.tar")
    content = bytearray(shard.read_bytes())
    content[content.index(whole._folder.sound(3).data.tobytes()) + 100] ^= 1
    shard.write_bytes(content)
    with pytest.raises(DataError, match=r"1 error;.*--skip-damaged"):
        train_model(read_settings(settings_file, (f"data.clips={folder}",)), out)
    settings = read_settings(settings_file, (f"data.clips={folder}", "data.skip_damaged=true", "n_steps=2"))
    result = train_model(settings, out)
    assert [one.index for one in result.skipped] == [3]
    assert "differs from its checksum" in result.skipped[0].reason
    assert len(result.parts.train) + len(result.parts.test) == len(whole) - 1
    assert train_model(settings, out, is_resumed=True).skipped == result.skipped


def test_selected_clips_of_shards_keep_their_sounds(clip_list_file, tmp_path):
    write_shards(read_clip_list(clip_list_file), tmp_path, ShardSettings("wav", 32_000, clips_per_shard=5))
    whole, indices = ShardAudio(tmp_path, 32_000), np.array([7, 2, 11, 3])
    selected = ShardAudio(ShardFolder(tmp_path).select(indices).select(np.array([1, 2])), 32_000)
    assert [clip.path for clip in selected.clips] == [whole.clips[i].path for i in (2, 11)]
    for i, original in enumerate((2, 11)):
        np.testing.assert_array_equal(selected.waveform(i), whole.waveform(original))
        assert selected.durations_s[i] == whole.durations_s[original]


def test_without_the_check_a_damaged_clip_ends_the_run(settings_file, damaged, tmp_path):
    with pytest.raises(PannsError, match=r"tonea\.wav|noise[ab]\.wav"):
        train_model(read_settings(settings_file, (f"data.clips={damaged}", "data.check=false")), tmp_path / "out")


def test_labels_outside_of_audioset_are_errors(settings_file, tmp_path):
    with pytest.raises(DataError, match="errors"):
        train_model(read_settings(settings_file, ("data.labels=audioset", "loss.task=multi-label")), tmp_path / "out")


def test_a_resumed_run_keeps_its_duplicates(tmp_path, caplog):
    clips, out = tmp_path / "clips", tmp_path / "out"
    for name in "abc":
        (clips / name).mkdir(parents=True)
        write_wav(clips / name / f"{name}.wav", noise(1.0, seed=ord(name), sample_rate=8_000), 8_000)
    shutil.copy(clips / "a" / "a.wav", clips / "a" / "z.wav")

    def check(**options):
        return check_clips_before_training(
            "clips", read_clip_list(clips), out, labels=None, sample_rate=32_000, **options
        )

    assert check().duplicates == ((0, 1),)
    assert any("4 clips recorded at 8,000 Hz" in record.getMessage() for record in caplog.records)
    report = json.loads((out / CHECK_FILE).read_text())
    assert (report["n_errors"], report["duplicates"]) == (0, [[0, 1]])
    shutil.rmtree(clips / "a")
    (clips / "a").mkdir()
    write_wav(clips / "a" / "new.wav", noise(1.0, seed=1))
    assert check(is_resumed=True).duplicates == ((0, 1),)
    assert check().duplicates == ()


def test_damaged_clips_are_skipped_on_demand(settings_file, damaged, tmp_path, caplog):
    """The rest is trained on, check.json lists the skipped ones, and a resumed run skips the same."""
    out = tmp_path / "out"
    with pytest.raises(DataError, match=r"3 errors.*--skip-damaged"):
        train_model(read_settings(settings_file, (f"data.clips={damaged}",)), out)
    settings = read_settings(settings_file, (f"data.clips={damaged}", "data.skip_damaged=true", "n_steps=2"))
    result = train_model(settings, out)
    assert [one.path for one in result.skipped] == ["noise/noisea.wav", "noise/noiseb.wav", "tone/tonea.wav"]
    parts = result.parts
    assert len(parts.train) + len(parts.test) == 21
    skipped = json.loads((out / CHECK_FILE).read_text())["skipped"]
    assert [(one["index"], one["file"]) for one in skipped] == [(one.index, one.path) for one in result.skipped]
    assert any("skipped 3 of 24 clips" in record.getMessage() for record in caplog.records)
    assert train_model(settings, out, is_resumed=True).skipped == result.skipped


def test_a_class_without_readable_clips_is_refused(settings_file, damaged, tmp_path):
    for file in damaged.parent.glob("tone/*.wav"):
        file.write_bytes(b"no sound")
    settings = read_settings(settings_file, (f"data.clips={damaged}", "data.skip_damaged=true"))
    with pytest.raises(DataError, match="no clip of tone can be read"):
        train_model(settings, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_duplicates_are_numbered_without_the_skipped_clips(tmp_path):
    clips, out = tmp_path / "clips", tmp_path / "out"
    (clips / "a").mkdir(parents=True)
    (clips / "a" / "a.wav").write_bytes(b"no sound")
    for name in "bcd":
        write_wav(clips / "a" / f"{name}.wav", noise(1.0, seed=ord(name), sample_rate=8_000), 8_000)
    shutil.copy(clips / "a" / "b.wav", clips / "a" / "e.wav")
    listed = read_clip_list(clips)
    checked = check_clips_before_training("clips", listed, out, labels=None, sample_rate=8_000, skip_damaged=True)
    assert (checked.duplicates, [one.index for one in checked.skipped]) == (((0, 3),), [0])
    remaining = checked.without_damaged(listed, "clips")
    assert [clip.path for clip in remaining.clips] == [f"a/{name}.wav" for name in "bcde"]
