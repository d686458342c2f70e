"""A data set that is easy to learn: three kinds of sound, two folds, and a small trained-like network to begin with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from panns.data.manifest import Clip, write_manifest
from tests.sounds import noise, tone, write_wav

KINDS = ("clicks", "noise", "tone")
N_EACH = 8


def sound_of(kind: str, i: int) -> np.ndarray:
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
    """A folder for every class, with names that tell no source."""
    root = tmp_path_factory.mktemp("sounds")
    for kind in KINDS:
        (root / kind).mkdir()
        for i in range(N_EACH):
            write_wav(root / kind / f"{kind}{chr(97 + i)}.wav", sound_of(kind, i))
    return root


@pytest.fixture(scope="session")
def manifest_file(class_folders: Path) -> Path:
    """The same as a manifest with two folds."""
    clips = [
        Clip(f"{kind}/{kind}{chr(97 + i)}.wav", (kind,), fold=str(1 + i % 2), source=f"{kind}{i}")
        for kind in KINDS
        for i in range(N_EACH)
    ]
    path = class_folders / "clips.csv"
    write_manifest(path, clips)
    return path


@pytest.fixture
def settings_file(tmp_path: Path, manifest_file: Path, tiny_checkpoint: Path) -> Path:
    """Settings that learn these kinds in a few seconds."""
    path = tmp_path / "tiny.toml"
    path.write_text(
        f"""
[model]
name = {str(tiny_checkpoint)!r}

[data]
clips = {str(manifest_file)!r}
test_fold = "2"

[loss]
task = "single-label"

[batches]
batch_size = 6
durations_s = [0.5]

[train]
n_steps = 40
log_steps = 20
checkpoint_steps = 10

[train.optim]
lr = 0.02
warmup_steps = 4

[train.average]
decay = 0.8
"""
    )
    return path
