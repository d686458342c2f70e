"""The state of a stream, and how it is kept: as bytes that are no program, a zip file of arrays."""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from panns.audio.limits import MAX_PEAK
from panns.audio.resampling.polyphase import PolyphaseState
from panns.detection import ScorerState
from panns.detection.settings import StreamSettings
from panns.events import EventState

_MAX_BYTES = 1 << 28  # a window of 600 s at 96 kHz
_MAX_TEXT = 200  # characters of a setting
_MAX_COUNT = 1 << 53  # 71 years at 4 MHz; what is above is no exact time
# Type and dimensions of what is in the file, as numpy writes them.
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
# Lowest and highest value; none is infinite.
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
    "scorer.samples": (-8 * MAX_PEAK, 8 * MAX_PEAK),  # the filter overshoots, by less than the sum of its sizes
    "scorer.n_passed": (-_MAX_COUNT, _MAX_COUNT),  # from before the start, where there are zeros
    "events.recent": (0, 1),
    "events.peaks": (0, 1),
}
_MAY_BE_NAN = {"events.rises_s", "events.onsets_s", "events.offsets_s"}
_NPY = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([^']{1,8})', 'fortran_order': False, 'shape': \(([\d, ]{0,40})\), \} *\n",
    re.DOTALL,
)
_OF_DAMAGED_ZIPS = (
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


@dataclass(frozen=True, eq=False)
class StreamState:
    """Everything that a stream's past has to say about its future; a value, never changed, of a bounded size.

    Attributes:
        settings: Of the stream; only one of the same settings can go on from here.
        resampler: Of the conversion to the model's rate.
        scorer: Of the model.
        events: Of what makes events of scores.
    """

    settings: StreamSettings
    resampler: PolyphaseState
    scorer: ScorerState
    events: EventState

    def to_bytes(self) -> bytes:
        """The state as bytes, to be saved."""
        held = {f"{part}.{name}": value for part, of in vars(self).items() for name, value in vars(of).items()}
        held["scorer.samples"] = np.concatenate([np.zeros(0, np.float32), *self.scorer.samples])
        for name, value in vars(self.settings).items():
            held[f"settings.{name}"] = np.frombuffer(value.encode(), np.uint8)
        file = io.BytesIO()
        arrays: dict[str, Any] = {name: np.asarray(held[name], kind) for name, (kind, _) in _MEMBERS.items()}
        np.savez(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> StreamState:
        """The state that was saved. Whether it fits a stream is told by the stream that is to go on from it.

        Raises:
            ValueError: The bytes are no state.
        """
        try:
            held = {name: _array(name, member) for name, member in _members(data).items()}
            words = {field.name: _text(held[f"settings.{field.name}"]) for field in fields(StreamSettings)}
        except ValueError as exc:
            raise ValueError(
                f"these bytes are no state of a stream ({exc}); give what `state.to_bytes()` gave"
            ) from exc
        n_in, n_passed, n_frames, n_filtered = (
            int(held[name]) for name in ("resampler.n_in", "scorer.n_passed", "scorer.n_frames", "events.n_filtered")
        )
        return cls(
            StreamSettings(**words),
            PolyphaseState(n_in, held["resampler.tail"]),
            ScorerState((held["scorer.samples"],), n_passed, n_frames, held["scorer.network"]),
            EventState(
                held["events.recent"],
                held["events.recent_onsets_s"],
                n_filtered,
                *(held[f"events.{name}"] for name in ("is_on", "rises_s", "onsets_s", "offsets_s", "peaks")),
            ),
        )


def _members(data: bytes) -> dict[str, bytes]:
    """The files in a zip file, which must be those that a state has, each as it is: nothing is decompressed.

    Raises:
        ValueError: They are others.
    """
    if len(data) > _MAX_BYTES:
        raise ValueError(f"it has {len(data):,} bytes, more than any state")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return _stored(file, len(data))
    except _OF_DAMAGED_ZIPS as exc:
        # What it says may hold all of the bytes.
        raise ValueError("it is no zip file, or a damaged one") from exc


def _stored(file: zipfile.ZipFile, n_bytes: int) -> dict[str, bytes]:
    listed = file.infolist()
    if sorted(one.filename for one in listed) != sorted(f"{name}.npy" for name in _MEMBERS):
        raise ValueError("it does not hold what a state does, or that of another version")
    if any(one.compress_type != zipfile.ZIP_STORED for one in listed):
        raise ValueError("it is compressed")
    # Files that overlap are more than there are bytes.
    if sum(one.file_size for one in listed) > n_bytes:
        raise ValueError("its sizes are wrong")
    return {one.filename.removesuffix(".npy"): file.read(one) for one in listed}


def _text(characters: Any) -> str:  # noqa: ANN401 - as `_array` gives them
    text: str = characters.tobytes().decode(errors="replace")
    if len(text) > _MAX_TEXT or not text.isprintable():
        raise ValueError("its settings are no words")
    return text


def _array(name: str, member: bytes) -> Any:  # noqa: ANN401 - of the types in `_MEMBERS`
    """The array in a file, which must be what that one holds.

    Raises:
        ValueError: It is something else.
    """
    kind, n_dims = _MEMBERS[name]
    if (header := _NPY.match(member)) is None or header[1] != kind.encode():
        raise ValueError(f"{name} is no array of {np.dtype(kind)}")
    shape = tuple(int(size) for size in header[2].replace(b",", b" ").split())
    # Truth is stored in whole bytes, of which only two are any.
    values = np.frombuffer(member, "|u1" if kind == "|b1" else kind, offset=header.end())
    if len(shape) != n_dims or math.prod(shape) != len(values):
        raise ValueError(f"{name} has the shape {shape} and {len(values)} values")
    low, high = _BOUNDS.get(name, _USUAL_BOUNDS[kind])
    is_allowed = (values >= low) & (values <= high)
    if name in _MAY_BE_NAN:
        is_allowed |= np.isnan(values)
    if not is_allowed.all():
        raise ValueError(f"{name} holds {values[~is_allowed][0]}, which it cannot")
    return values.reshape(shape).astype(kind)
