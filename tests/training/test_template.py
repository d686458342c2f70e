"""The template of a settings file."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from typer.testing import CliRunner

from panns.cli.main import app
from panns.config import config_to_dict, read_toml
from panns.training.engine.loop import TrainConfig
from panns.training.settings import DataSettings, ModelSettings, RunSettings, TeacherSettings, read_settings
from panns.training.template import render_template

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.toml"
DEFAULTS = RunSettings(ModelSettings("builtin"), DataSettings("clips.csv"), TrainConfig(n_steps=1000))


def test_the_template_has_every_setting_and_its_default(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text(render_template(), encoding="utf-8")
    assert read_settings(path) == DEFAULTS
    written = {key: value for key, value in config_to_dict(DEFAULTS).items() if key != "teacher"}
    assert read_toml(path) == json.loads(json.dumps(written))


def test_an_optional_table_is_commented_out(tmp_path):
    lines = render_template().splitlines()
    first = lines.index("# [teacher]")
    path = tmp_path / "settings.toml"
    path.write_text("\n".join(lines[:first] + [line.removeprefix("# ") for line in lines[first:]]), encoding="utf-8")
    assert read_settings(path).teacher == TeacherSettings("mn04_as")


def test_every_setting_has_a_description():
    lines = render_template().splitlines()
    for before, line in itertools.pairwise(lines):
        assert " = " not in line or line.startswith("#") or before.startswith("# "), line
        assert len(line) <= 100


def test_the_page_in_docs_is_the_template():
    """After a change of settings: panns train --template > docs/settings.toml."""
    printed = CliRunner().invoke(app, ["train", "--template"]).stdout
    assert PAGE.read_text(encoding="utf-8") == printed == render_template()
