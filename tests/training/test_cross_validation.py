"""One run for every fold."""

from __future__ import annotations

import json

import numpy as np
import pytest

from panns.data.clip_lists import Clip
from panns.errors import DataError, SettingsError
from panns.training.cross_validation import RESULT_FILE, cross_validate, fold_names
from panns.training.settings import read_settings


def read_models(out):
    return [(out / f"fold-{fold}" / "model" / "model.safetensors").read_bytes() for fold in "12"]


def test_every_fold_is_a_test_fold_and_resumes(settings_file, tmp_path):
    settings = read_settings(settings_file, ("n_steps=30", "data.check=false"))
    result = cross_validate(settings, tmp_path / "out")
    assert result.folds == ("1", "2")
    mean, deviation = result.mean_and_deviation("accuracy")
    values = [one["accuracy"] for one in result.evaluations]
    assert mean == pytest.approx(np.mean(values))
    assert deviation == pytest.approx(np.std(values, ddof=1))
    written = json.loads((tmp_path / "out" / RESULT_FILE).read_text())
    assert written["accuracy"]["folds"] == dict(zip("12", values, strict=True))
    before = read_models(tmp_path / "out")
    cross_validate(settings, tmp_path / "out", is_resumed=True)
    assert read_models(tmp_path / "out") == before


def test_a_finished_fold_is_refused_before_reading_audio(settings_file, tmp_path):
    settings = read_settings(settings_file, ("n_steps=2", "data.check=false"))
    cross_validate(settings, tmp_path / "out")
    progress = []
    with pytest.raises(SettingsError, match="fold-1 holds a run already"):
        cross_validate(settings, tmp_path / "out", on_progress=progress.append)
    assert not progress


def test_a_validation_fold_is_refused(settings_file, tmp_path):
    with pytest.raises(SettingsError, match="validation_fold='1' is also a test fold"):
        cross_validate(read_settings(settings_file, ("data.validation_fold=1",)), tmp_path / "out")


def test_folds_are_in_numerical_order():
    assert fold_names([Clip(f"{fold}.wav", fold=fold) for fold in ("10", "2", "a")]) == ("2", "10", "a")


@pytest.mark.parametrize("folds", [("1", "1"), ("1", "2", "")])
def test_clips_without_several_folds_are_refused(folds):
    with pytest.raises(DataError, match="two folds or more"):
        fold_names([Clip(f"{i}.wav", fold=fold) for i, fold in enumerate(folds)])
