"""Named arrays of a published file: read, renamed, and with the filters of their front end checked and removed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from panns.errors import CheckpointError
from panns.frontend import Frontend, fft_window, mel_filters
from panns.published.torch_files import StoredTensor, UnreadableTorchFile, read_torch_file

Array: TypeAlias = npt.NDArray[Any]
StateDict: TypeAlias = dict[str, Array]
Renaming: TypeAlias = tuple[str, str | Callable[[re.Match[str]], str]]  # pattern and replacement of `re.sub`

# Layers of a block, as `panns.networks.blocks.conv_block` numbers them; apply after the renaming of the blocks.
CONV_NAMES: tuple[Renaming, ...] = (
    (r"^((?:stem|last|blocks\.\d+)\.)conv(\d)\.", lambda match: f"{match[1]}{3 * int(match[2]) - 3}."),
    (r"^((?:stem|last|blocks\.\d+)\.)bn(\d)\.", lambda match: f"{match[1]}{3 * int(match[2]) - 2}."),
)
# Input norm and head of every published PANNs network.
PANNS_NAMES: tuple[Renaming, ...] = (
    (r"^bn0\.", "input_norm."),
    (r"^fc1\.", "head.projection."),
    (r"^fc_audioset\.", "head.classifier."),
)


def read_state_dict(path: Path) -> StateDict:
    """Read the tensors of a `.pth` or `.pt` file: a plain state dict, or one under "model" or "state_dict".

    The arrays are views of the mapped file; those of bfloat16 are float32.

    Raises:
        CheckpointError: The file is damaged, or contains more than plain tensors.
    """
    try:
        content = read_torch_file(path)
    except UnreadableTorchFile as exc:
        raise CheckpointError(f"cannot read {path} as PyTorch weights: {exc}; download it again") from exc
    for key in ("model", "state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(isinstance(value, StoredTensor) for value in content.values()):
        content = None
    if not content:
        raise CheckpointError(
            f"{path} has no state dict; expected named tensors, plain or under 'model' or 'state_dict'"
        )
    # A file may name one large tensor a thousand times.
    n_bytes, n_stored = sum(tensor.n_bytes for tensor in content.values()), path.stat().st_size
    if n_bytes > 2 * n_stored:
        raise CheckpointError(f"cannot use {path}: its tensors take {n_bytes:,} bytes, and the file has {n_stored:,}")
    return {str(key).removeprefix("module."): tensor.array() for key, tensor in content.items()}


def rename(state_dict: StateDict, renamings: Sequence[Renaming]) -> StateDict:
    """Rename arrays: every renaming is applied to every key, in order.

    Examples:
        >>> list(rename({"fc1.bias": np.zeros(1)}, PANNS_NAMES))
        ['head.projection.bias']
    """
    renamed = {}
    for key, array in state_dict.items():
        for pattern, replacement in renamings:
            key = re.sub(pattern, replacement, key)
        renamed[key] = array
    return renamed


def split_frontend(state_dict: StateDict, frontend: Frontend, *, name: str) -> StateDict:
    """Check the filters of the front end in a published state dict, and remove them.

    Args:
        state_dict: Published arrays, with or without a Fourier transform as convolutions and a mel matrix.
        frontend: Front end of the model.
        name: Name of the model, for messages.

    Raises:
        CheckpointError: The filters belong to another front end, so the scores would be wrong.
    """
    config = frontend.log_mel
    if config is None:
        return state_dict
    angle = 2 * np.pi * np.outer(np.arange(config.n_fft // 2 + 1), np.arange(config.n_fft)) / config.n_fft
    expected: dict[str, npt.NDArray[np.floating]] = {
        "spectrogram_extractor.stft.conv_real.weight": (np.cos(angle) * fft_window(config))[:, None],
        "spectrogram_extractor.stft.conv_imag.weight": (-np.sin(angle) * fft_window(config))[:, None],
        "logmel_extractor.melW": mel_filters(config),
        "front_end.0.spectrogram.window": fft_window(config),
        "front_end.0.mel_scale.fb": mel_filters(config),
    }
    for key in expected.keys() & state_dict.keys():
        given, wanted = state_dict[key], expected[key]
        if given.shape != wanted.shape or not np.allclose(
            given.astype(np.float32), wanted, atol=2e-4 * np.abs(wanted).max()
        ):
            raise CheckpointError(
                f"{key} in this file, {tuple(given.shape)}, differs from that of {name} ({config.sample_rate} Hz, "
                f"{config.n_fft} samples, {config.n_mels} bands, {config.f_min_hz:g} to {config.f_max_hz:g} Hz); "
                "load it with the name of its model"
            )
    return {key: array for key, array in state_dict.items() if key not in expected}
