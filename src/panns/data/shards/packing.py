"""Pack a clip into the two files that a shard holds of it: the sound, and a JSON description."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from panns.data.clips.audio import load_clip
from panns.data.clips.clip import Clip
from panns.data.clips.sound_file import open_clip_file
from panns.data.clips.stretches import StretchReader
from panns.data.shards.pcm16 import encode
from panns.data.shards.settings import ShardSettings
from panns.errors import AudioDecodeError
from panns.system.json_files import to_json

# WebDataset readers choose a decoder by the suffix, and treat everything after the first dot of a name as the suffix.
_PLAIN_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_OTHER_SUFFIX = "sound"


class PackedClip(NamedTuple):
    """A packed clip.

    Attributes:
        suffix: Suffix of the sound file.
        sound: Bytes of the sound file.
        description: Bytes of the JSON file with labels, fold, source and so on.
        duration_s: Duration in seconds; from the header if the file was copied without decoding.
        gain: Factor that restores the level of the decoded samples.
    """

    suffix: str
    sound: bytes
    description: bytes
    duration_s: float
    gain: float


def pack(file: Path, clip: Clip, settings: ShardSettings, stretches: StretchReader) -> PackedClip:
    """Pack a clip.

    Args:
        file: The file that holds the clip.
        clip: The clip.
        settings: Coding and sample rate.
        stretches: Reader for clips that are a part of their file or keep its rate.

    Raises:
        AudioDecodeError: The file is unreadable; the message names it.
    """
    gain = 1.0
    if settings.coding == "keep" and clip.is_whole_file:
        suffix = _suffix(file)
        sound, duration_s = _copy(file, is_decoded=settings.skip_damaged)
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
    """Bytes and duration of a file; the duration is that of the header, or of decoding, which also finds damage."""
    with open_clip_file(file, sample_rate=None) as sound:
        duration_s = sound.declared_duration_s
        if is_decoded or duration_s is None:
            for _ in sound:
                pass
            duration_s = sound.duration_s
    try:
        return file.read_bytes(), duration_s
    except OSError as exc:
        raise AudioDecodeError(f"{file} cannot be read ({exc.strerror}); copy it to this machine") from exc


def _suffix(file: Path) -> str:
    suffix = file.suffix.lower()
    is_plain = _PLAIN_SUFFIX.fullmatch(suffix) and suffix != ".json"  # the suffix of the description
    return suffix[1:] if is_plain else _OTHER_SUFFIX


def _describe(clip: Clip, duration_s: float, gain: float) -> bytes:
    """JSON description of a clip without empty fields; `gain` only if it differs from 1."""
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
    return to_json({name: value for name, value in known.items() if value not in (None, "", [])}).encode()
