"""Input of benchmarks: generated sounds, and checkpoints with the speed of the published ones."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import soundfile

from panns.checkpoints.checkpoint import Checkpoint, open_checkpoint
from panns.checkpoints.manifest import ModelManifest
from panns.errors import WeightsMissing
from panns.hub.cache import checkpoints_dir
from panns.hub.resolve import resolve
from panns.labels import named_labels
from panns.models.base import ModelConfig
from panns.models.registry import find_model

FOLDER = checkpoints_dir().parent / "benchmarks"


def noise(seconds: float, sample_rate: int, n_channels: int = 1) -> np.ndarray:
    """Reproducible noise at -20 dBFS, `(samples, channels)` float32."""
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal((round(seconds * sample_rate), n_channels))).astype(np.float32)


def noise_file(seconds: float = 10.0, sample_rate: int = 44_100, n_channels: int = 2) -> Path:
    """Write a 16-bit wav file of noise, unless it exists."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"noise_{seconds:g}s_{sample_rate}_{n_channels}.wav"
    if not path.is_file():
        soundfile.write(path, noise(seconds, sample_rate, n_channels), sample_rate, subtype="PCM_16")
    return path


def write_sparse_wav(path: Path, seconds: int, *, sample_rate: int) -> None:
    """Write a silent 16-bit wav file that is sparse on most file systems."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.setnframes(seconds * sample_rate)
        file.writeframes(b"")
    with path.open("r+b") as file:
        header = bytearray(file.read(44))
        header[40:44] = (2 * seconds * sample_rate).to_bytes(4, "little")
        header[4:8] = (36 + 2 * seconds * sample_rate).to_bytes(4, "little")
        file.seek(0)
        file.write(header)
        file.truncate(44 + 2 * seconds * sample_rate)


def checkpoint(name: str) -> Checkpoint:
    """Checkpoint of a registered model, with random parameters if its weights are missing; they cost the same."""
    try:
        return resolve(name)
    except WeightsMissing:
        return random_checkpoint(name, find_model(name).config, FOLDER / name)


def random_checkpoint(name: str, config: ModelConfig, folder: Path) -> Checkpoint:
    """Checkpoint of an architecture with random parameters, written unless the folder holds it."""
    if not (folder / "model.json").is_file() or open_checkpoint(folder).manifest.config != config:
        from panns.networks.build import build_network
        from panns.networks.saving import save_checkpoint

        manifest = ModelManifest(name, config, named_labels(find_model(name).labels))
        save_checkpoint(build_network(name, config).eval(), manifest, folder)
    return resolve(folder)
