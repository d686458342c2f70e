"""The run folder: records settings and clips, and refuses to resume a different run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from panns.config import config_to_dict, fill_defaults, first_difference
from panns.data.clips.subset import ClipSubset
from panns.errors import SettingsError
from panns.system.json_files import parse_json, to_json, write_json
from panns.training.dataset import Dataset, digest_clips
from panns.training.engine.loop import STATE_FILE
from panns.training.settings import RunSettings

SETTINGS_FILE = "settings.json"
CLIPS_FILE = "clips.json"
TEACHER_FILE = "teacher.npz"
EVALUATION_FILE = "evaluation.json"
MODEL_FOLDER = "model"


def check_folder(settings: RunSettings, out: Path, *, is_resumed: bool) -> None:
    """Refuse a folder that holds another run.

    Raises:
        SettingsError: `out` is a file, holds a run that is not to be resumed, or holds a run with other settings.
    """
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file; give a folder")
    if not (out / STATE_FILE).is_file():
        return
    if not is_resumed:
        raise SettingsError(f"{out} holds a run already; continue it with --resume, or choose another folder")
    file = out / SETTINGS_FILE
    if not file.is_file():
        raise SettingsError(f"{file} is missing, so the settings of {out / STATE_FILE} are unknown; use another folder")
    recorded = fill_defaults(RunSettings, json.loads(file.read_text(encoding="utf-8")))
    if changed := first_difference(recorded, _comparable(settings)):
        raise SettingsError(f"the run in {out} has other settings: {changed}; restore those, or use another folder")


def record_settings(settings: RunSettings, out: Path) -> None:
    """Write the settings of a run into its folder."""
    write_json(out / SETTINGS_FILE, _comparable(settings))


def _comparable(settings: RunSettings) -> dict[str, Any]:
    """All settings that affect the result, as plain data."""
    plain: dict[str, Any] = parse_json(to_json(config_to_dict(replace(settings, train=settings.train.comparable))))
    return plain


def record_clips(dataset: Dataset, source: str, out: Path, *, is_writer: bool = True) -> None:
    """Write the classes, clips and noise of a run into its folder, or compare them with those of a run to resume.

    Args:
        dataset: The data set.
        source: Path of the clip list, for messages.
        out: The folder of the run.
        is_writer: True for the one process that writes.

    Raises:
        SettingsError: The run to resume has other clips.
    """
    current: dict[str, object] = {"labels": [label.en for label in dataset.labels]}
    for name in ("train", "validation", "test"):
        clips = ClipSubset(dataset.clips, getattr(dataset.parts, name))
        current |= {f"n_{name}": len(clips), f"{name}_sha256": digest_clips(clips)}
    if dataset.noise is not None:
        current |= {"n_noise": len(dataset.noise), "noise_sha256": digest_clips(dataset.noise.clips)}
    file = out / CLIPS_FILE
    if (out / STATE_FILE).is_file() and file.is_file():
        # Keys that the file lacks are newer than the run, and count as equal.
        recorded = current | json.loads(file.read_text(encoding="utf-8"))
        if changed := first_difference(recorded, current):
            raise SettingsError(
                f"{source} has changed since the run in {out} began: {changed}; "
                "restore it, or train into another folder"
            )
    elif is_writer:
        write_json(file, current)
