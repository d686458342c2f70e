"""One clip as the two files that it becomes in a shard: its sound, and what is known of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from panns.audio import open_sound
from panns.data.clips.audio import load_clip
from panns.data.clips.clip import Clip
from panns.data.clips.stretches import StretchReader
from panns.data.shards.pcm16 import encode
from panns.data.shards.settings import ShardSettings
from panns.errors import AudioDecodeError

# Readers of shards tell by the suffix what a file is, and everything behind the first dot of a name is its suffix.
_PLAIN_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_OTHER_SUFFIX = "sound"


class PackedClip(NamedTuple):
    """A clip, packed.

    Attributes:
        suffix: Of the file with its sound.
        sound: That file.
        description: The JSON file with what is known of it.
        duration_s: How long it lasts; of a file that was copied and not decoded, by its header.
        gain: What the decoded sound has to be multiplied with.
    """

    suffix: str
    sound: bytes
    description: bytes
    duration_s: float
    gain: float


def pack(file: Path, clip: Clip, settings: ShardSettings, stretches: StretchReader) -> PackedClip:
    """Pack a clip.

    Args:
        file: Where it lies.
        clip: What it is.
        settings: How.
        stretches: Reads what is less than a file, and what is not resampled.

    Raises:
        AudioDecodeError: It cannot be read; the message names the file.
    """
    gain = 1.0
    if settings.coding == "keep" and clip.is_whole_file:
        suffix = _suffix(file)
        sound, duration_s = _copy(file, is_decoded=settings.skip_bad)
    else:
        suffix = coding = "flac" if settings.coding == "keep" else settings.coding
        if settings.sample_rate is None:
            waveform, rate = stretches.read(file, clip)
        else:
            waveform, rate = load_clip(file, clip, settings.sample_rate, stretches), settings.sample_rate
        try:
            sound, gain = encode(waveform, rate, coding)
        except AudioDecodeError as exc:
            raise AudioDecodeError(f"{file}: {exc}") from exc
        duration_s = len(waveform) / rate
    return PackedClip(suffix, sound, _describe(clip, duration_s, gain), duration_s, gain)


def _copy(file: Path, *, is_decoded: bool) -> tuple[bytes, float]:
    """The bytes of a file, and how long it lasts: by its header, or by decoding it, which finds damage inside it."""
    with open_sound(file, sample_rate=None) as stream:
        duration_s = stream.declared_duration_s
        if is_decoded or duration_s is None:
            for _ in stream:
                pass
            duration_s = stream.duration_s
    try:
        return file.read_bytes(), duration_s
    except OSError as exc:
        raise AudioDecodeError(f"{file}: reading it failed ({exc.strerror}); copy it to this machine") from exc


def _suffix(file: Path) -> str:
    suffix = file.suffix.lower()
    is_plain = _PLAIN_SUFFIX.fullmatch(suffix) and suffix != ".json"  # which the description has
    return suffix[1:] if is_plain else _OTHER_SUFFIX


def _describe(clip: Clip, duration_s: float, gain: float) -> bytes:
    """What is known of a clip, without what is not; `gain` only where it is not 1."""
    known: dict[str, Any] = {
        "path": clip.path,
        "labels": clip.labels,
        "fold": clip.fold,
        "source": clip.source,
        "onset_s": clip.onset_s,
        "offset_s": clip.offset_s,
        "events": [{"label": one.label, "onset_s": one.onset_s, "offset_s": one.offset_s} for one in clip.events],
        "licence": clip.licence,
        "attribution": clip.attribution,
        "duration_s": duration_s,
        "gain": None if gain == 1 else gain,
    }
    return json.dumps({name: value for name, value in known.items() if value not in (None, "", [])}).encode()
