"""Teacher: a registered model in ONNX Runtime, on log-mels of mixtures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from panns.checkpoints.manifest import ModelManifest
from panns.frontend import LogMelConfig
from panns.hub.resolve import resolve
from panns.runtime.onnx_backend import OnnxBackend
from panns.system.arrays import Array

BATCH = 8  # activations of larger batches exceed the second-level cache


class Teacher:
    """Probabilities and embeddings of features; `standardise` sets mean and scale of the embeddings.

    Attributes:
        manifest: Manifest of the model.
        frontend: Log-mel settings of the model.
    """

    def __init__(self, name: str, weights: Path) -> None:
        checkpoint = resolve(name, weights=weights)
        self.manifest: ModelManifest = checkpoint.manifest
        frontend = self.manifest.config.frontend.log_mel
        assert frontend is not None, f"{name} takes no log-mel"
        self.frontend: LogMelConfig = frontend
        self._backend = OnnxBackend(checkpoint, device="cpu", n_threads=1)
        self._mean: Array | np.float32 = np.float32(0)
        self._scale: Array | np.float32 = np.float32(1)

    def standardise(self, mean: Array, scale: Array) -> None:
        """Return embeddings as `(embedding - mean) / scale` from now on."""
        self._mean, self._scale = mean, scale

    def __call__(self, features: Array) -> tuple[Array, Array]:
        """Score features `(batch, frames, mels)`: probabilities `(batch, classes)` and embeddings `(batch, dim)`."""
        scores = [self._backend(features[i : i + BATCH]) for i in range(0, len(features), BATCH)]
        embedding = np.concatenate([one.embedding for one in scores if one.embedding is not None])
        standardised: Array = (embedding - self._mean) / self._scale
        return np.concatenate([one.clip_probs for one in scores]), standardised
