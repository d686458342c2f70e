"""What is measured on: a sound made here, and checkpoints whose speed is that of the published ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from panns.errors import WeightsMissing
from panns.export.prepare import prepare
from panns.labels import audioset
from panns.models.cache import checkpoints_dir
from panns.models.checkpoint import Checkpoint, Manifest, open_checkpoint
from panns.models.registry import ModelConfig, find_model

FOLDER = checkpoints_dir().parent / "benchmarks"


def noise(seconds: float, sample_rate: int, n_channels: int = 1) -> np.ndarray:
    """Noise at -20 dBFS, the same at every call: `(samples, channels)` float32."""
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal((round(seconds * sample_rate), n_channels))).astype(np.float32)


def noise_file(seconds: float = 10.0, sample_rate: int = 44_100, n_channels: int = 2) -> Path:
    """A 16-bit wav of noise."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"noise_{seconds:g}s_{sample_rate}_{n_channels}.wav"
    if not path.is_file():
        soundfile.write(path, noise(seconds, sample_rate, n_channels), sample_rate, subtype="PCM_16")
    return path


def checkpoint(name: str) -> Checkpoint:
    """The checkpoint of a registered model; with random parameters, which cost the same, without its weights."""
    try:
        return prepare(name)
    except WeightsMissing:
        return random_checkpoint(name, find_model(name).config, FOLDER / name)


def random_checkpoint(name: str, config: ModelConfig, folder: Path) -> Checkpoint:
    """A checkpoint of an architecture with random parameters, made unless the folder holds it."""
    if not (folder / "model.json").is_file() or open_checkpoint(folder).manifest.config != config:
        from panns.networks.build import build_network
        from panns.networks.checkpoint import save_checkpoint

        save_checkpoint(build_network(name, config).eval(), Manifest(name, config, audioset()), folder)
    return prepare(folder)
