"""The settings file is read strictly."""

from __future__ import annotations

import pytest

from panns.errors import SettingsError
from panns.training.settings import TeacherSettings, read_settings


def test_settings_are_read_and_changed(settings_file):
    settings = read_settings(settings_file, ("optim.lr=1e-3", "data.test_fold='1'", "seed=7"))
    assert (settings.train.optim.lr, settings.data.test_fold, settings.seed) == (1e-3, "1", 7)
    assert settings.batches.durations_s == (0.5,)
    assert settings.loss.task == "single-label"


@pytest.mark.parametrize(
    ("assignments", "words"),
    [
        (("optim.lrr=1",), r"unknown setting 'optim\.lrr'; did you mean 'train\.optim\.lr'"),
        (("seed=x",), "seed='x' must be of type int"),
        (("seed=-1",), "seed=-1"),
        (("loss.teacher=1.0",), "needs a teacher"),
        (("loss.categories=1",), r"loss\.categories=1"),
        (("loss.frame_categories=1",), r"loss\.frame_categories=1"),
        (("loss.frames=1.0", "speed_share=0.5"), r"loss\.frames=1\.0 .*speed_share"),
        (("validate_steps=5",), r"validate_steps=5 needs validation clips"),
        (("data.validation_fold='2'",), "validation_fold and test_fold are both '2'"),
        (("data.validation_share=1.0",), r"validation_share=1\.0"),
        (("model.transfer.head=big",), "head='big' is not one of 'classifier', 'linear', 'bands', 'mlp'"),
        (("model.config={dropout=0.5}",), "'dropout': 0.5.*start='nothing'"),
        (("model.config=big",), r"model\.config='big' must be a table"),
        (("model.config.n_classes=3",), "n_classes follows from the labels"),
        (("patience=2",), "patience=2"),
        (("batches.batch_size=8", "n_parts=5"), r"batch_size=8 in train\.n_parts=5"),
    ],
)
def test_impossible_settings_are_refused(settings_file, assignments, words):
    with pytest.raises(SettingsError, match=words) as error:
        read_settings(settings_file, assignments)
    assert settings_file.name in str(error.value)


def test_a_teacher_is_cached_or_follows_the_batches():
    with pytest.raises(ValueError, match="is_cached and sees_clean exclude each other"):
        TeacherSettings("builtin", is_cached=True, sees_clean=True)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"a\.toml cannot be read"):
        read_settings(tmp_path / "a.toml")
