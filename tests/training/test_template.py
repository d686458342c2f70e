"""The settings file that explains all settings."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from typer.testing import CliRunner

from panns.cli.main import app
from panns.config import config_to_dict, read_toml
from panns.training.engine.loop import TrainConfig
from panns.training.settings import DataSettings, ModelSettings, RunSettings, TeacherSettings, read_settings
from panns.training.template import template

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.toml"
DEFAULTS = RunSettings(ModelSettings("builtin"), DataSettings("clips.csv"), TrainConfig(n_steps=1000))


def test_all_settings_have_their_defaults(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text(template(), encoding="utf-8")
    assert read_settings(path) == DEFAULTS
    written = {key: value for key, value in config_to_dict(DEFAULTS).items() if key != "teacher"}
    assert read_toml(path) == json.loads(json.dumps(written))  # none is left out


def test_what_is_not_there_by_default_is_commented_out(tmp_path):
    lines = template().splitlines()
    first = lines.index("# [teacher]")
    path = tmp_path / "settings.toml"
    path.write_text("\n".join(lines[:first] + [line.removeprefix("# ") for line in lines[first:]]), encoding="utf-8")
    assert read_settings(path).teacher == TeacherSettings("mn04_as")


def test_every_setting_is_explained():
    lines = template().splitlines()
    for before, line in itertools.pairwise(lines):
        assert " = " not in line or line.startswith("#") or before.startswith("# "), line
        assert len(line) <= 100


def test_the_page_is_what_the_command_prints():
    """After a change of settings: panns train --template > docs/settings.toml."""
    assert PAGE.read_text(encoding="utf-8") == CliRunner().invoke(app, ["train", "--template"]).stdout == template()
