"""The state of a stream, and how it is kept: as bytes that are no program, a zip file of arrays."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from panns.audio.polyphase import PolyphaseState
from panns.events import EventState
from panns.runtime.hearing import HearingState

_MAX_BYTES = 1 << 28  # a window of 600 s at 96 kHz


@dataclass(frozen=True, eq=False)
class StreamState:
    """Everything that a stream's past has to say about its future; a value of a bounded size.

    Attributes:
        resampler: Of the conversion to the model's rate.
        hearing: Of the model.
        events: Of what makes events of scores.
    """

    resampler: PolyphaseState
    hearing: HearingState
    events: EventState

    def to_bytes(self) -> bytes:
        """The state as bytes, to be saved."""
        file = io.BytesIO()
        np.savez(
            file, **{f"{part}.{name}": value for part, held in vars(self).items() for name, value in vars(held).items()}
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> StreamState:
        """The state that was saved.

        Raises:
            ValueError: The bytes are no state.
        """
        try:
            if len(data) > _MAX_BYTES:
                raise ValueError(f"it has {len(data):,} bytes, more than any state")
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return cls(
                    _read(PolyphaseState, "resampler", arrays),
                    _read(HearingState, "hearing", arrays),
                    _read(EventState, "events", arrays),
                )
        except (ValueError, KeyError, TypeError, EOFError, OSError, zipfile.BadZipFile) as exc:
            raise ValueError(
                f"these bytes are no state of a stream ({exc}); give what `state.to_bytes()` gave"
            ) from exc


def _read(kind: type[Any], part: str, arrays: Any) -> Any:  # noqa: ANN401 - any of the three dataclasses
    """One part; what was a whole number is one again."""
    assert is_dataclass(kind)
    values = {field.name: arrays[f"{part}.{field.name}"] for field in fields(kind)}
    return kind(**{name: int(value) if value.ndim == 0 else value for name, value in values.items()})
