"""Shared code of the streaming benchmarks: the model, a sound of changing level, a threshold that few classes reach."""

from __future__ import annotations

import argparse
from functools import lru_cache

import numpy as np

from benchmarks.material import checkpoint
from panns.recognizer import Recognizer
from panns.runtime.load import load_model
from panns.system.arrays import Array

PUSH_S = 0.01
# Every score is below it, so every class stays inactive.
NEVER_REACHED = 1.0
_BURST_S = 0.2


def options(description: str | None) -> argparse.ArgumentParser:
    """Command line with the option `--model`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", default="stream", help="registered name or checkpoint folder (default stream)")
    return parser


def load_recognizer(model: str) -> Recognizer:
    """Load a model by name or folder on one thread, with random parameters if its weights are missing."""
    return Recognizer(load_model(checkpoint(model), n_threads=1), "onnx")


@lru_cache(maxsize=4)
def bursts(seconds: float, sample_rate: int, *, seed: int = 0) -> Array:
    """Noise with a random level every 0.2 s, -80 to -10 dBFS: `(samples,)` float32."""
    rng = np.random.default_rng(seed)
    n_samples, n_burst = round(seconds * sample_rate), round(_BURST_S * sample_rate)
    levels = np.repeat(10 ** rng.uniform(-4, -0.5, -(-n_samples // n_burst)), n_burst)[:n_samples]
    sound: Array = (levels * rng.standard_normal(n_samples).clip(-3, 3)).astype(np.float32)
    sound.setflags(write=False)  # the cache shares it between callers
    return sound


def few_classes_threshold(recognizer: Recognizer, *, n_classes: float = 3.0) -> float:
    """Threshold that `n_classes` classes of a model reach in a frame of `bursts`, on average."""
    stream = recognizer.stream(threshold=NEVER_REACHED)
    probs = stream.push(bursts(20, stream.sample_rate)).frame_probs
    return float(np.quantile(probs, 1 - n_classes / probs.shape[1]))
