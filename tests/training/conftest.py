"""A data set that is easy to learn (three kinds of sound, two folds), a tiny network, and one trained run of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from panns.data.clip_lists import Clip, write_clip_list
from panns.training.run import train_model
from panns.training.run_folder import MODEL_FOLDER
from panns.training.settings import read_settings
from tests.conftest import MadeOnce
from tests.sounds import noise, tone, write_wav
from tests.tiny_checkpoints import make_checkpoint_with_graph

KINDS = ("clicks", "noise", "tone")
N_EACH = 8


def make_sound(kind: str, i: int) -> np.ndarray:
    level = np.float32(0.2 + 0.1 * i)
    if kind == "noise":
        return level * noise(0.6, seed=i)
    if kind == "tone":
        return level * tone(0.6, hz=500 + 40 * i)
    clicks = np.zeros_like(tone(0.6))
    clicks[:: 2_000 + 50 * i] = level
    return clicks


@pytest.fixture(scope="session")
def class_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder a class; file names without a source."""
    root = tmp_path_factory.mktemp("sounds")
    for kind in KINDS:
        (root / kind).mkdir()
        for i in range(N_EACH):
            write_wav(root / kind / f"{kind}{chr(97 + i)}.wav", make_sound(kind, i))
    return root


@pytest.fixture(scope="session")
def clip_list_file(class_folders: Path) -> Path:
    """A clip list of `class_folders` with two folds."""
    clips = [
        Clip(f"{kind}/{kind}{chr(97 + i)}.wav", (kind,), fold=str(1 + i % 2), source=f"{kind}{i}")
        for kind in KINDS
        for i in range(N_EACH)
    ]
    path = class_folders / "clips.csv"
    write_clip_list(path, clips)
    return path


@pytest.fixture(scope="session")
def untrained_checkpoint(made_once: MadeOnce) -> Path:
    """A small residual CNN with random parameters, which learns in some dozen steps."""
    return made_once("untrained", lambda folder: make_checkpoint_with_graph(folder, "untrained"))


SETTINGS = """
[model]
name = {checkpoint!r}

[data]
clips = {clips!r}
test_fold = "2"

[loss]
task = "single-label"

[batches]
batch_size = 12
durations_s = [0.5]

[train]
n_steps = 40
log_steps = 20
checkpoint_steps = 10

[train.optim]
lr = 0.01
warmup_steps = 4

[train.average]
decay = 0.8
"""


@pytest.fixture(scope="session")
def trained_run(clip_list_file: Path, untrained_checkpoint: Path, made_once: MadeOnce) -> Path:
    """A finished run: `out`, the progress as JSON, and the test clips with their scores."""

    def make(folder: Path) -> None:
        folder.mkdir()
        path, progress = folder / "train.toml", []
        path.write_text(SETTINGS.format(checkpoint=str(untrained_checkpoint), clips=str(clip_list_file)))
        result = train_model(read_settings(path), folder / "out", on_progress=progress.append)
        (folder / "progress.json").write_text(json.dumps(progress))
        np.savez(folder / "test.npz", train=result.parts.train, test=result.parts.test, scores=result.test.scores)

    return made_once("trained", make)


@pytest.fixture(scope="session")
def trained_checkpoint(trained_run: Path) -> Path:
    """The checkpoint of `trained_run`."""
    return trained_run / "out" / MODEL_FOLDER


@pytest.fixture
def settings_file(tmp_path: Path, clip_list_file: Path, untrained_checkpoint: Path) -> Path:
    """Settings with which the small network learns the data set in a few seconds."""
    path = tmp_path / "tiny.toml"
    path.write_text(SETTINGS.format(checkpoint=str(untrained_checkpoint), clips=str(clip_list_file)))
    return path
