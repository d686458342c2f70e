"""Files of clips as sound. The only place where the data part opens them."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from panns.audio import Sound, load_sound, open_sound
from panns.audio.sound_files import PIPE_OR_DEVICE, is_pipe_or_device
from panns.errors import AudioDecodeError


def open_clip_file(file: Path | BinaryIO, *, sample_rate: int | None) -> Sound:
    """Open the file of a clip, as `open_sound` does.

    A clip list may name a pipe, which would wait for a writer without end, or a device.

    Raises:
        AudioDecodeError: The file is unreadable, or not a regular file.
    """
    _refuse_pipes(file)
    return open_sound(file, sample_rate=sample_rate)


def load_clip_file(file: Path | BinaryIO, *, sample_rate: int) -> npt.NDArray[np.float32]:
    """Waveform of the file of a clip, `(samples,)`.

    Raises:
        AudioDecodeError: The file is unreadable, or not a regular file.
    """
    _refuse_pipes(file)
    return load_sound(file, sample_rate=sample_rate)


def _refuse_pipes(file: Path | BinaryIO) -> None:
    if isinstance(file, Path) and is_pipe_or_device(str(file)):
        raise AudioDecodeError(f"{file} is {PIPE_OR_DEVICE}; remove it from the clips")
