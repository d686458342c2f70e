"""The settings file: read strictly, and what cannot be is refused before anything begins."""

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
    ("assignment", "words"),
    [
        ("optim.lrr=1", "unknown setting 'optim.lrr'; did you mean 'train.optim.lr'"),
        ("seed=x", "seed='x' must be of type int"),
        ("loss.teacher=1.0", "loss asks for a teacher, and there is none"),
        ("validate_steps=5", "needs clips to validate with"),
        ("data.validation_fold='2'", "nothing is chosen on a test"),
        ("data.validation_share=1.0", "validation_share=1.0 must be at least 0 and below 1"),
        ("model.transfer.head=big", "head='big' is not one of 'classifier', 'linear', 'bands', 'mlp'"),
        ("model.config={dropout=0.5}", "would make another network than .*, or set start='nothing'"),
        ("model.config=big", "model.config='big' must be a table of settings"),
        ("model.config.n_classes=3", "n_classes follows from the labels; leave it out"),
        ("patience=2", "set validate_steps above 0, or patience=0"),
    ],
)
def test_impossible_settings_are_refused(settings_file, assignment, words):
    with pytest.raises(SettingsError, match=words) as error:
        read_settings(settings_file, (assignment,))
    assert settings_file.name in str(error.value)


def test_times_of_labels_need_sounds_that_stay(settings_file):
    with pytest.raises(SettingsError, match="moves sounds in time; switch its speed and shift off"):
        read_settings(settings_file, ("loss.frames=1.0", "speed_share=0.5"))


def test_a_teacher_is_asked_in_one_way():
    with pytest.raises(ValueError, match="two ways to ask the teacher"):
        TeacherSettings("builtin", is_cached=True, hears_clean=True)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read \\(No such file"):
        read_settings(tmp_path / "a.toml")
