"""Reading the state dicts that others published, without running anything that a file brings along."""

from __future__ import annotations

import pickle
import struct
import zipfile
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from panns.errors import CheckpointError
from panns.frontend import LogMelConfig, fft_window, mel_filters

StateDict: TypeAlias = dict[str, Tensor]

# What torch's reader raises for damaged bytes, found by changing bytes of whole files at random.
_UNREADABLE = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
)


def read_state_dict(path: Path) -> StateDict:
    """The tensors of a `.pth` or `.pt` file: a plain state dict, or one under "model" or "state_dict".

    Raises:
        CheckpointError: The file is damaged, holds something else than tensors, or would need code to be run.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as exc:
        # torch's own words are left out: they recommend to load the file with its code.
        raise CheckpointError(
            f"{path} cannot be read as PyTorch weights; it may be damaged, so fetch it again, "
            "or it holds more than tensors, which is never loaded"
        ) from exc
    for key in ("model", "state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not content or not all(isinstance(value, Tensor) for value in content.values()):
        raise CheckpointError(
            f"{path} holds no state dict; expected are named tensors, plain or under 'model' or 'state_dict'"
        )
    return {str(key).removeprefix("module."): value for key, value in content.items()}


def split_frontend(state_dict: StateDict, config: LogMelConfig, *, name: str) -> StateDict:
    """The state dict without the filters of its front end, which must be those of `config` where they are present.

    Args:
        state_dict: Published tensors; a Fourier transform as convolutions and a mel matrix may be among them.
        config: The front end of the model they are loaded into.
        name: Name of that model, for messages.

    Raises:
        CheckpointError: The filters belong to another front end, so that the scores would be nonsense.
    """
    angle = 2 * np.pi * np.outer(np.arange(config.n_fft // 2 + 1), np.arange(config.n_fft)) / config.n_fft
    expected: dict[str, npt.NDArray[np.floating]] = {
        "spectrogram_extractor.stft.conv_real.weight": (np.cos(angle) * fft_window(config))[:, None],
        "spectrogram_extractor.stft.conv_imag.weight": (-np.sin(angle) * fft_window(config))[:, None],
        "logmel_extractor.melW": mel_filters(config),
    }
    for key in expected.keys() & state_dict.keys():
        given, wanted = state_dict[key].detach().float().numpy(), expected[key]
        if given.shape != wanted.shape or not np.allclose(given, wanted, atol=1e-5):
            raise CheckpointError(
                f"{key} of this file, {given.shape}, is not that of {name} ({config.sample_rate} Hz, {config.n_fft} "
                f"samples, {config.n_mels} bands, {config.f_min_hz:g} to {config.f_max_hz:g} Hz); "
                "load it under the name it was trained for"
            )
    return {key: tensor for key, tensor in state_dict.items() if key not in expected}
