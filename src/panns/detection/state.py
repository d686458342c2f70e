"""State of a stream, and its bytes: a zip file of numpy arrays, which cannot hold a program.

Saved bytes may come from anywhere, so reading them checks every size and type before it uses memory. What the members
must be is in the tables below; whether they fit a stream is checked by its detector.
"""

from __future__ import annotations

import io
import math
import struct
import tokenize
import zipfile
import zlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from panns.audio.limits import MAX_PEAK
from panns.audio.resampling.polyphase import PolyphaseState
from panns.detection.frames import ScorerState
from panns.detection.stream_settings import StreamSettings
from panns.events import EventState

_MAX_BYTES = 1 << 28  # a window of 600 s at 96 kHz
_MAX_TEXT = 200  # characters of a setting
_MAX_COUNT = 1 << 53  # 71 years at 4 MHz; larger counts have no exact time in seconds
# Type and number of dimensions of every array in the file.
_COUNT, _WAVEFORM, _TEXT = ("<i8", 0), ("<f4", 1), ("|u1", 1)
_MEMBERS = {
    **{f"settings.{field.name}": _TEXT for field in fields(StreamSettings)},
    "resampler.n_in": _COUNT,
    "resampler.tail": _WAVEFORM,
    "scorer.samples": _WAVEFORM,
    "scorer.n_passed": _COUNT,
    "scorer.n_frames": _COUNT,
    "scorer.network": _WAVEFORM,
    "events.recent": ("<f4", 2),
    "events.recent_onsets_s": ("<f8", 1),
    "events.n_filtered": _COUNT,
    "events.is_on": ("|b1", 1),
    "events.rises_s": ("<f8", 1),
    "events.onsets_s": ("<f8", 1),
    "events.offsets_s": ("<f8", 1),
    "events.peaks": ("<f4", 1),
}
# Lowest and highest value of every type, and of some arrays; infinity is never allowed.
_MAX_FLOAT = float(np.finfo(np.float32).max)
_USUAL_BOUNDS = {
    "<i8": (0, _MAX_COUNT),
    "|u1": (0, 255),
    "|b1": (0, 1),
    "<f4": (-_MAX_FLOAT, _MAX_FLOAT),
    "<f8": (0, _MAX_COUNT),  # times
}
_BOUNDS = {
    "resampler.tail": (-MAX_PEAK, MAX_PEAK),
    "scorer.samples": (
        -8 * MAX_PEAK,
        8 * MAX_PEAK,
    ),  # the resampler overshoots, by less than the sum of its coefficients
    # Samples and activations of the network. Larger ones overflow in the log-mel.
    "scorer.network": (-1e9, 1e9),
    "scorer.n_passed": (-_MAX_COUNT, _MAX_COUNT),  # negative if the first window reaches back before the sound
    "events.recent": (0, 1),
    "events.peaks": (0, 1),
}
_MAY_BE_NAN = {"events.rises_s", "events.onsets_s", "events.offsets_s"}
# A header of an array that a state holds takes 118 bytes.
_MAX_HEADER = 200
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)
# numpy raises these for damaged headers.
_HEADER_ERRORS = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, tokenize.TokenError)


@dataclass(frozen=True, eq=False)
class StreamState:
    """State of a stream: an immutable value of bounded size from which the stream can continue.

    Attributes:
        settings: Settings of the stream; only a stream with equal settings can continue from this state.
        resampler: State of the conversion to the model's rate.
        scorer: State of the frame scorer.
        events: State of the event tracker.
    """

    settings: StreamSettings
    resampler: PolyphaseState
    scorer: ScorerState
    events: EventState

    def to_bytes(self) -> bytes:
        """The state as bytes, to save it."""
        values = {f"{part}.{name}": value for part, of in vars(self).items() for name, value in vars(of).items()}
        values["scorer.samples"] = np.concatenate([np.zeros(0, np.float32), *self.scorer.samples])
        for name, text in vars(self.settings).items():
            values[f"settings.{name}"] = np.frombuffer(text.encode(), np.uint8)
        file = io.BytesIO()
        arrays: dict[str, Any] = {name: np.asarray(values[name], kind) for name, (kind, _) in _MEMBERS.items()}
        np.savez(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> StreamState:
        """Read the bytes of `to_bytes`. The stream that continues from the state checks that it fits.

        Raises:
            ValueError: The bytes are not a valid state.
        """
        try:
            values = {name: _read_array(name, member) for name, member in _read_members(data).items()}
            texts = {field.name: _to_text(values[f"settings.{field.name}"]) for field in fields(StreamSettings)}
        except ValueError as exc:
            raise ValueError(
                f"not a valid stream state ({exc}); pass the bytes returned by `state.to_bytes()`"
            ) from exc
        n_in, n_passed, n_frames, n_filtered = (
            int(values[name]) for name in ("resampler.n_in", "scorer.n_passed", "scorer.n_frames", "events.n_filtered")
        )
        return cls(
            StreamSettings(**texts),
            PolyphaseState(n_in, values["resampler.tail"]),
            ScorerState((values["scorer.samples"],), n_passed, n_frames, values["scorer.network"]),
            EventState(
                values["events.recent"],
                values["events.recent_onsets_s"],
                n_filtered,
                *(values[f"events.{name}"] for name in ("is_on", "rises_s", "onsets_s", "offsets_s", "peaks")),
            ),
        )


def _read_members(data: bytes) -> dict[str, bytes]:
    """The files in a zip file, by name without `.npy`.

    Raises:
        ValueError: The file is damaged, compressed, too large, or holds other files than a state.
    """
    if len(data) > _MAX_BYTES:
        raise ValueError(f"{len(data):,} bytes are more than the {_MAX_BYTES:,} of the largest state")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return _read_stored(file, len(data))
    except _ZIP_ERRORS as exc:
        # Their message may hold all of the bytes.
        raise ValueError("not a zip file, or a damaged one") from exc


def _read_stored(file: zipfile.ZipFile, n_bytes: int) -> dict[str, bytes]:
    members = file.infolist()
    if sorted(one.filename for one in members) != sorted(f"{name}.npy" for name in _MEMBERS):
        raise ValueError("the files in it are not those of a state of this version")
    if any(one.compress_type != zipfile.ZIP_STORED for one in members):
        raise ValueError("compressed files in it")
    # Overlapping files would take more memory than the bytes themselves.
    if sum(one.file_size for one in members) > n_bytes:
        raise ValueError("wrong sizes of the files in it")
    return {one.filename.removesuffix(".npy"): file.read(one) for one in members}


def _to_text(characters: Any) -> str:  # noqa: ANN401 - as `_read_array` returns them
    text: str = characters.tobytes().decode(errors="replace")
    if len(text) > _MAX_TEXT or not text.isprintable():
        raise ValueError("unreadable settings")
    return text


def _read_array(name: str, member: bytes) -> Any:  # noqa: ANN401 - of the types in `_MEMBERS`
    """The array of one file.

    `np.load` allocates what a header claims before it reads, so this reads the header alone and compares its claim with
    the size of the file.

    Raises:
        ValueError: The array has another type, shape or range than the tables above allow.
    """
    kind, n_dims = _MEMBERS[name]
    file = io.BytesIO(member)
    try:
        version = np.lib.format.read_magic(file)
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=_MAX_HEADER)
    except _HEADER_ERRORS as exc:
        raise ValueError(f"{name} is not an array") from exc
    n_values, rest = divmod(len(member) - file.tell(), np.dtype(kind).itemsize)
    if version != (1, 0) or is_fortran or dtype != np.dtype(kind):
        raise ValueError(f"{name} is not an array of {np.dtype(kind)}")
    if len(shape) != n_dims or math.prod(shape) != n_values or rest:
        raise ValueError(f"{name} has the shape {shape} and {n_values} values")
    # A truth value takes a byte, and only 0 and 1 are valid.
    values = np.frombuffer(member, "|u1" if kind == "|b1" else kind, offset=file.tell())
    low, high = _BOUNDS.get(name, _USUAL_BOUNDS[kind])
    is_allowed = (values >= low) & (values <= high)
    if name in _MAY_BE_NAN:
        is_allowed |= np.isnan(values)
    if not is_allowed.all():
        raise ValueError(f"{name} holds {values[~is_allowed][0]}, which is out of range")
    return values.reshape(shape).astype(kind)
