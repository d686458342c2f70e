"""What is wrong with clips is named before anything is learned from them."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from panns.data.clip_lists import read_clip_list
from panns.data.shards import ShardSettings, write_shards
from panns.errors import DataError, PannsError
from panns.training.cross_validation import cross_validate
from panns.training.engine.journal import METRICS_FILE
from panns.training.preflight import CHECK_FILE, checked
from panns.training.run import run
from panns.training.settings import read_settings
from tests.sounds import noise, write_wav


@pytest.fixture
def spoiled(class_folders, manifest_file, tmp_path):
    """A copy of the clips with a file that is missing, one that is no sound, and one that holds what is no number."""
    root = tmp_path / "spoiled"
    shutil.copytree(class_folders, root)
    (root / "noise" / "noisea.wav").unlink()
    (root / "noise" / "noiseb.wav").write_bytes(b"no sound")
    write_wav(root / "tone" / "tonea.wav", np.full(800, np.nan, np.float32))
    return root / manifest_file.name


def test_all_that_is_wrong_is_named_before_the_first_step(settings_file, spoiled, tmp_path, caplog):
    out = tmp_path / "out"
    with pytest.raises(DataError, match="has 3 errors that keep from learning; correct that first"):
        run(read_settings(settings_file, (f"data.clips={spoiled}",)), out)
    assert not (out / METRICS_FILE).exists()
    assert not (out / CHECK_FILE).exists()
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(said) == 3
    for name in ("noisea.wav", "noiseb.wav", "tonea.wav"):
        assert sum(name in line for line in said) == 1


def test_shards_are_read_too(settings_file, spoiled, tmp_path, caplog):
    (spoiled.parent / "noise" / "noisea.wav").write_bytes((spoiled.parent / "noise" / "noisec.wav").read_bytes())
    (spoiled.parent / "noise" / "noiseb.wav").write_bytes((spoiled.parent / "noise" / "noisec.wav").read_bytes())
    write_shards(read_clip_list(spoiled), tmp_path / "shards", ShardSettings())
    with pytest.raises(DataError, match="has 1 error that keeps from learning"):
        run(read_settings(settings_file, (f"data.clips={tmp_path / 'shards'}",)), tmp_path / "out")
    assert any("tonea.wav" in record.getMessage() for record in caplog.records if record.levelname == "ERROR")


def test_what_was_checked_before_is_not_read_again(settings_file, spoiled, tmp_path):
    with pytest.raises(PannsError, match=r"tonea\.wav|noise[ab]\.wav"):
        run(read_settings(settings_file, (f"data.clips={spoiled}", "data.check=false")), tmp_path / "out")


def test_a_label_that_audioset_does_not_have(settings_file, tmp_path):
    with pytest.raises(DataError, match="that keep from learning"):
        run(read_settings(settings_file, ("data.labels=audioset", "loss.task=multi-label")), tmp_path / "out")


def test_low_rates_are_warned_of_and_copies_kept_together(tmp_path, caplog):
    for name in "abc":
        (tmp_path / "clips" / name).mkdir(parents=True)
        write_wav(tmp_path / "clips" / name / f"{name}.wav", noise(1.0, seed=ord(name), sample_rate=8_000), 8_000)
    shutil.copy(tmp_path / "clips" / "a" / "a.wav", tmp_path / "clips" / "a" / "z.wav")
    path, out = tmp_path / "clips", tmp_path / "out"
    ask = {"labels": None, "sample_rate": 32_000}
    groups = checked(path, read_clip_list(path), out, **ask)
    assert groups == ((0, 1),)
    assert any("4 clips recorded at 8,000 Hz" in record.getMessage() for record in caplog.records)
    assert json.loads((out / CHECK_FILE).read_text())["n_errors"] == 0
    shutil.rmtree(path / "a")
    shutil.copytree(path / "b", path / "a")
    assert checked(path, read_clip_list(path), out, **ask, is_resumed=True) == groups
    assert checked(path, read_clip_list(path), out, **ask) == ((0, 1),)


def test_folds_are_checked_once(settings_file, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("panns.training.run.checked", lambda *_, **__: asked.append(1) or ())
    cross_validate(read_settings(settings_file, ("n_steps=2",)), tmp_path / "out")
    assert asked == [1]
