"""Folders of class folders as clip lists: the name of its folder is the label of a sound."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from panns.audio.sound_files import PIPE_OR_DEVICE, find_sound_files, is_pipe_or_device, is_sound_name
from panns.data.clip_lists.sources import guess_sources
from panns.data.clips.clip import Clip
from panns.errors import DataError

_FOLD = re.compile(r"train(ing)?|test(ing)?|val|valid(ation)?|dev|fold[ _-]?\d+", re.IGNORECASE)
_CLIP_LISTS = ("manifest.csv", "manifest.tsv", "manifest.jsonl")


def read_folder(root: Path) -> tuple[list[Clip], list[str]]:
    """Read the clips in a folder of class folders, and the names of the classes, both in alphabetical order.

        root/dog/*.wav    root/cat/*.wav                              no folds
        root/train/dog/*.wav    root/test/dog/*.wav    ...            the folds "train" and "test"

    Every folder in `root` is a class and holds its sounds directly. If all of them are called train, test, val or
    validation (or training, testing, valid, dev, fold1, fold 2, ...) and hold folders but no sounds, they are folds,
    and the folders in them are the classes. Hidden files, hidden folders and files other than sounds are ignored. A
    sound anywhere else is an error, because it would silently be lost. File names give the sources (`guess_sources`).

    Raises:
        DataError: The folder has no class folders with sounds, a sound lies elsewhere, or the folder holds a clip list,
            which must be given itself.
    """
    try:
        clips, classes = _read(root)
    except OSError as exc:
        raise DataError(f"{exc.filename} cannot be opened ({exc.strerror}); check its permissions") from exc
    return guess_sources(clips), classes


def is_fold_name(name: str) -> bool:
    """True if a folder of this name counts as a fold where a fold may be.

    Examples:
        >>> is_fold_name("Training"), is_fold_name("fold 2"), is_fold_name("tram")
        (True, True, False)
    """
    return _FOLD.fullmatch(name) is not None


def _read(root: Path) -> tuple[list[Clip], list[str]]:
    for name in _CLIP_LISTS:
        if (root / name).is_file():
            raise DataError(f"the folder {root} holds a clip list; give that instead: {root / name}")
    folders, sounds = _inside(root)
    if sounds:
        raise DataError(
            f"{root / sounds[0]} lies outside the class folders; put every sound into the folder of its class, such as "
            f"{root / 'dog' / sounds[0]}"
        )
    if folders and all(is_fold_name(name) and _holds_only_folders(root / name) for name in folders):
        classes = {label for fold in folders for label in _inside(root / fold)[0]}
        clips = [clip for fold in folders for clip in _clips_of_classes(root, fold)]
    else:
        classes = set(folders)
        clips = list(_clips_of_classes(root))
    if not clips:
        raise DataError(f"{root} has no class folders with sounds; give every class a folder that holds its sounds")
    return clips, sorted(classes)


def _clips_of_classes(root: Path, fold: str = "") -> Iterator[Clip]:
    folders, sounds = _inside(root / fold)
    for label in folders:
        place = f"{fold}/{label}" if fold else label
        deeper, sounds = _inside(root / place)
        for name in deeper:
            for sound in find_sound_files(str(root / place / name), on_error=_raise):
                raise DataError(
                    f"{sound} lies too deep: a class folder, such as {root / place}, holds its sounds itself; "
                    "give the folder whose folders are the classes"
                )
        try:
            yield from [Clip(f"{place}/{name}", labels=(label,), fold=fold) for name in sounds]
        except DataError as exc:
            raise DataError(f"{root / place}: {exc}") from exc


def _inside(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the folders and of the sounds in a folder, sorted."""
    with os.scandir(folder) as entries:
        shown = [entry for entry in entries if not entry.name.startswith(".")]
    for entry in shown:
        if is_sound_name(entry.name) and not entry.is_dir() and not entry.is_file() and is_pipe_or_device(entry.path):
            raise DataError(f"{entry.path} is {PIPE_OR_DEVICE}; remove it from the folder")
    folders = sorted(entry.name for entry in shown if entry.is_dir())
    return folders, sorted(entry.name for entry in shown if not entry.is_dir() and is_sound_name(entry.name))


def _holds_only_folders(folder: Path) -> bool:
    folders, sounds = _inside(folder)
    return bool(folders) and not sounds


def _raise(error: OSError) -> None:
    raise error
