"""The run folder: records settings and clips, and refuses to resume a different run."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from panns.config import config_to_dict, fill_defaults, first_difference
from panns.data.clips.subset import ClipSubset
from panns.errors import DataError, SettingsError
from panns.system.files import remove_abandoned
from panns.system.json_files import DamagedJson, parse_json, read_json_object, to_json, write_json
from panns.system.locks import exclusive_or_skip
from panns.system.storage import disk_errors
from panns.training.dataset import Dataset, digest_clips
from panns.training.engine.distributed import World
from panns.training.engine.journal import METRICS_FILE
from panns.training.engine.state_file import STATE_FILE
from panns.training.preflight import CHECK_FILE
from panns.training.settings import RunSettings

_LOCK_FILE = ".lock"
SETTINGS_FILE = "settings.json"
CLIPS_FILE = "clips.json"
TEACHER_FILE = "teacher.npz"
EVALUATION_FILE = "evaluation.json"
MODEL_FOLDER = "model"
# Files that took long to compute: of training, and decoded clips.
_COSTLY = (STATE_FILE, METRICS_FILE, "*.tar")


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
    recorded = fill_defaults(RunSettings, read_record(out / SETTINGS_FILE))
    if changed := first_difference(recorded, _comparable(settings)):
        raise SettingsError(f"the run in {out} has other settings: {changed}; restore those, or use another folder")


_REMEDY = "make room or choose another folder. The state saved last is intact: continue with --resume"


@contextmanager
def hold_folder(out: Path, world: World) -> Iterator[None]:
    """Hold the folder of a run, so that no other run writes to it, and name it in errors of the disk.

    Files that a killed run left half written are removed. A folder that was created for a run that is then refused is
    removed as well.

    Raises:
        SettingsError: Another run holds the folder.
        PannsError: The folder cannot be written to.
    """
    with disk_errors(out, _REMEDY, names_file=True), ExitStack() as stack:
        is_free = True
        if world.is_first:
            stack.enter_context(_created(out))
            is_free = stack.enter_context(exclusive_or_skip(out / _LOCK_FILE))
        if not world.broadcast(is_free):
            raise SettingsError(f"another run trains in {out}; wait until it has ended, or use another folder")
        if world.is_first:
            for file in (
                STATE_FILE,
                SETTINGS_FILE,
                CLIPS_FILE,
                TEACHER_FILE,
                EVALUATION_FILE,
                METRICS_FILE,
                CHECK_FILE,
            ):
                remove_abandoned(out / file)
        yield


@contextmanager
def _created(folder: Path) -> Iterator[None]:
    """Create a folder, and remove it with its new parents if the run in it is refused before the first step."""
    created = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except (DataError, SettingsError):
        if created and not any(next(folder.rglob(name), None) for name in _COSTLY):
            shutil.rmtree(folder, ignore_errors=True)
            for one in created[1:]:
                with contextlib.suppress(OSError):  # not empty
                    one.rmdir()
        raise


def read_record(file: Path) -> dict[str, Any]:
    """Read a file that an earlier part of the run wrote.

    Raises:
        SettingsError: The file is missing or damaged, so the run cannot be compared with it.
    """
    try:
        return read_json_object(file)
    except DamagedJson as exc:
        raise SettingsError(f"{exc}, so the run in {file.parent} cannot continue; train into another folder") from exc


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
        recorded = current | read_record(file)
        if changed := first_difference(recorded, current):
            raise SettingsError(
                f"{source} has changed since the run in {out} began: {changed}; "
                "restore it, or train into another folder"
            )
    elif is_writer:
        write_json(file, current)
