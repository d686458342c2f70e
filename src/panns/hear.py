"""The interface of HEAR, a benchmark of audio representations: https://hearbenchmark.com/hear-api.html.

Its programs take the name of this module: `panns.hear`. Tensors in, tensors out, by any model that has an embedding.
"""

from __future__ import annotations

import numpy as np

from panns.hub.resolve import resolve
from panns.runtime.backend import Backend
from panns.runtime.load import make_model
from panns.runtime.model import BATCH_S, Model
from panns.runtime.torch_backend import TorchBackend
from panns.system.arrays import Array
from panns.system.defaults import DEFAULT_MODEL
from panns.system.extras import require

require("torch", "safetensors", what="the interface of HEAR", extra="train")

import torch  # noqa: E402 - its absence is a message of its own
from torch import Tensor, nn  # noqa: E402

from panns.networks.saving import load_network  # noqa: E402

__all__ = ["HearModel", "get_scene_embeddings", "get_timestamp_embeddings", "load_model"]

WINDOW_S, HOP_S = 0.4, 0.05


class HearModel(nn.Module):
    """A model for the functions of this module; `to(device)` moves it.

    Attributes:
        sample_rate: Sample rate of the sounds, in Hz.
        scene_embedding_size: Numbers in the embedding of a sound.
        timestamp_embedding_size: Numbers in the embedding of a time stamp.
        window_s: Length of the window around a time stamp, in seconds.
        hop_s: Seconds between neighbouring time stamps.
    """

    sample_rate: int
    scene_embedding_size: int
    timestamp_embedding_size: int

    def __init__(self, model: str, *, window_s: float, hop_s: float) -> None:
        super().__init__()
        checkpoint = resolve(model, needs_onnx=False)
        self._manifest = manifest = checkpoint.manifest
        size = manifest.config.embedding_dim
        if size is None:
            raise ValueError(f"{manifest.architecture} has no embedding; choose a model with one: `panns models list`")
        if not 0.01 <= hop_s <= window_s <= manifest.one_pass_s:
            raise ValueError(
                f"hop_s={hop_s} and window_s={window_s} are out of range; use 0.01 s <= hop_s <= window_s "
                f"<= {manifest.one_pass_s:g} s"
            )
        self.sample_rate = manifest.sample_rate
        self.scene_embedding_size = self.timestamp_embedding_size = size
        self.window_s, self.hop_s = window_s, hop_s
        self.network = load_network(checkpoint)

    def running(self) -> tuple[Model, Backend]:
        """The model, and its backend on the device where its parameters are."""
        backend = TorchBackend(self.network, self._manifest.activation, str(next(self.network.parameters()).device))
        return make_model(self._manifest, backend), backend


def load_model(model_file_path: str = "", *, window_s: float = WINDOW_S, hop_s: float = HOP_S) -> HearModel:
    """Load a model.

    Args:
        model_file_path: Registered name, checkpoint folder, packed file or address; empty for the built-in model.
        window_s: Length of the window around a time stamp, in seconds.
        hop_s: Seconds between neighbouring time stamps; HEAR recommends at most 0.05.

    Raises:
        UnknownModel: No model has this name.
        CheckpointError: A file is damaged, or an exported one, which has no network of torch.
        ValueError: The model has no embedding, or the window or hop is out of range.
    """
    return HearModel(model_file_path or DEFAULT_MODEL, window_s=window_s, hop_s=hop_s)


def get_scene_embeddings(audio: Tensor, model: HearModel) -> Tensor:
    """Embed whole sounds.

    Args:
        audio: `(sounds, samples)`, floats from -1 to 1 at the rate of the model, of any length.
        model: Made by `load_model`.

    Returns:
        `(sounds, scene_embedding_size)` float32, on the device of the sounds.
    """
    running, _ = model.running()
    embedding = running.run(_to_array(audio)).embedding
    assert embedding is not None
    return torch.from_numpy(embedding).to(audio.device)


def get_timestamp_embeddings(audio: Tensor, model: HearModel) -> tuple[Tensor, Tensor]:
    """Embed windows of sounds, centred at time stamps from 0 to the end of the sounds.

    Where a window reaches beyond the sound, it reads zeros.

    Args:
        audio: `(sounds, samples)`, floats from -1 to 1 at the rate of the model, of any length.
        model: Made by `load_model`.

    Returns:
        `(sounds, stamps, timestamp_embedding_size)` float32, and the time stamps in milliseconds `(sounds, stamps)`, on
        the device of the sounds.
    """
    sounds = _to_array(audio)
    running, backend = model.running()
    rate = model.sample_rate
    n_stamps = 1 + int(sounds.shape[1] / (model.hop_s * rate) + 1e-9)
    # Each from its own number: rounded hops would add up, 25 ms in 37 minutes at 44,100 Hz.
    times_s = np.arange(n_stamps) * model.hop_s
    starts = np.round(times_s * rate).astype(np.int64)
    window = round(model.window_s * rate)
    batch_size = max(1, int(BATCH_S[backend.device] / model.window_s))
    embeddings = np.empty((len(sounds), n_stamps, model.timestamp_embedding_size), np.float32)
    for sound, rows in zip(sounds, embeddings, strict=True):
        padded = np.pad(sound, (window // 2, window))
        for first in range(0, n_stamps, batch_size):
            batch = starts[first : first + batch_size]
            found = running.score(np.stack([padded[start : start + window] for start in batch])).embedding
            assert found is not None
            rows[first : first + len(batch)] = found
    stamps_ms = np.tile((1000 * times_s).astype(np.float32), (len(sounds), 1))
    return torch.from_numpy(embeddings).to(audio.device), torch.from_numpy(stamps_ms).to(audio.device)


def _to_array(audio: Tensor) -> Array:
    if audio.ndim != 2 or not audio.is_floating_point() or not audio.numel():
        raise ValueError(
            f"audio has the shape {tuple(audio.shape)} and the type {audio.dtype}; give floats (sounds, samples), at "
            "least one of each"
        )
    return audio.detach().to("cpu", torch.float32).numpy()
