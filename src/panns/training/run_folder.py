"""The folder of a run: whether it may be used, and what it says of the run, so that what goes on is what began."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from panns.config import config_to_dict, fill_defaults, first_difference
from panns.data.clips.audio import ClipAudio
from panns.data.clips.subset import ClipSubset
from panns.errors import SettingsError
from panns.labels import LabelSet
from panns.system.files import replacing
from panns.training.dataset import Parts, digest_of
from panns.training.engine.distributed import World
from panns.training.engine.loop import STATE_FILE
from panns.training.settings import RunSettings

SETTINGS_FILE, CLIPS_FILE, TEACHER_FILE, EVALUATION_FILE = (
    "settings.json",
    "clips.json",
    "teacher.npz",
    "evaluation.json",
)
MODEL_FOLDER = "model"


def check_folder(settings: RunSettings, out: Path, *, is_resumed: bool) -> None:
    """Refuse a folder in which another run lies.

    Raises:
        SettingsError: It holds a run, and `is_resumed` is not set; or a run with other settings; or it is a file.
    """
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file; give a folder")
    if not (out / STATE_FILE).is_file():
        return
    if not is_resumed:
        raise SettingsError(f"{out} holds a run already; go on with it by --resume, or choose another folder")
    file = out / SETTINGS_FILE
    if not file.is_file():
        raise SettingsError(f"{file} is not there, so nobody knows what {out / STATE_FILE} is of; use another folder")
    began = fill_defaults(RunSettings, json.loads(file.read_text(encoding="utf-8")))
    if changed := first_difference(began, json.loads(_described(settings))):
        raise SettingsError(f"the run in {out} has other settings: {changed}; go on with those, or use another folder")


def note_settings(settings: RunSettings, out: Path) -> None:
    """Write down what is asked for."""
    with replacing(out / SETTINGS_FILE) as partial:
        partial.write_text(_described(settings) + "\n", encoding="utf-8")


def _described(settings: RunSettings) -> str:
    """All settings that decide the result."""
    return json.dumps(config_to_dict(replace(settings, train=settings.train.that_decides)), indent=1)


def note_clips(
    audio: ClipAudio,
    parts: Parts,
    *,
    labels: LabelSet,
    noise: ClipAudio | None,
    source: str,
    out: Path,
    world: World,
) -> None:
    """Write down the clips of a run, or refuse others than those that it began with.

    Args:
        audio: All clips.
        parts: Which of them are for what.
        labels: The classes.
        noise: The recordings of noise; None without.
        source: Where the clips are listed, for the message.
        out: The folder of the run.
        world: The first process of it writes.

    Raises:
        SettingsError: The run began with others.
    """
    now: dict[str, object] = {"labels": [label.en for label in labels]}
    for name in ("train", "validation", "test"):
        part = ClipSubset(audio.clips, getattr(parts, name))
        now |= {f"n_{name}": len(part), f"{name}_sha256": digest_of(part)}
    if noise is not None:
        now |= {"n_noise": len(noise), "noise_sha256": digest_of(noise.clips)}
    file = out / CLIPS_FILE
    if (out / STATE_FILE).is_file() and file.is_file():
        # What was not written down yet when the run began is taken to be as it is now.
        began = now | json.loads(file.read_text(encoding="utf-8"))
        if changed := first_difference(began, now):
            raise SettingsError(
                f"{source} has changed since the run in {out} began: {changed}; "
                "restore it, or train into another folder"
            )
    elif world.is_first:
        with replacing(file) as partial:
            partial.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
