"""A folder of soundscapes: their sound, a table of what is heard in them when, and what each was mixed from.

audio/000001.wav ...   mono, 16 bits
events.tsv             a row an event, as `panns.data.clip_lists.event_table` reads it
soundscapes.jsonl      a line a soundscape: clips and background with their licences, times and gains
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.data.clip_lists import ClipList
from panns.data.clip_lists.event_table import write_event_table
from panns.data.clips.audio import ClipAudio, FileAudio, load_clip
from panns.data.clips.clip import Clip
from panns.data.clips.stretches import StretchReader
from panns.data.soundscapes.activity import Stretch
from panns.data.soundscapes.backgrounds import Background, Backgrounds
from panns.data.soundscapes.labelling import clip_stretches, labelled_events
from panns.data.soundscapes.levels import set_levels
from panns.data.soundscapes.plan import Soundscape, SoundscapeConfig, draw_soundscape
from panns.data.soundscapes.render import Mixture, render
from panns.errors import DataError
from panns.system.cores import n_cores
from panns.system.files import replacing
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

Array = npt.NDArray[np.float32]
# What is being done, how many of it are done, and how many there are.

EVENTS_FILE = "events.tsv"
PARTS_FILE = "soundscapes.jsonl"
AUDIO_FOLDER = "audio"
_FULL_SCALE = 32_768
# Clips that one thread hears one after the other, so that those of one file cost one pass over it.
_CHUNK = 32
_MAX_RECENT_BYTES = 256 << 20


@dataclass(frozen=True)
class SoundscapeSummary:
    """What was written.

    Attributes:
        n_soundscapes: How many there are.
        n_events: In all of them.
        n_clips: That were placed at least once.
        n_classes: That are heard at least once.
        n_silent_clips: In which nothing sounds, so that they cannot be placed.
        n_softer: Soundscapes that were made softer as a whole to stay within full scale.
    """

    n_soundscapes: int
    n_events: int
    n_clips: int
    n_classes: int
    n_silent_clips: int
    n_softer: int


def write_soundscapes(
    manifest: ClipList,
    folder: Path,
    config: SoundscapeConfig,
    backgrounds: Backgrounds,
    *,
    n_soundscapes: int,
    sample_rate: int,
    seed: int,
    on_progress: OnProgress = ignore_progress,
) -> SoundscapeSummary:
    """Mix soundscapes from clips and write them; asked again, exactly the same ones.

    A soundscape depends on the clips, the settings, the seed and its own number alone: a hundred are the first hundred
    of two hundred. Every clip is heard once beforehand; then no more of them are held than fit into 256 MB.

    Args:
        manifest: The clips, each with at least one label or event: of a sound that is heard the table has to say what
            it is.
        folder: Where to; made if need be. Soundscapes that are there are written anew.
        config: How they are drawn.
        backgrounds: What sounds behind.
        n_soundscapes: How many, at least 1.
        sample_rate: Of what is written.
        seed: Of everything random, at least 0.
        on_progress: Called in turn while clips are heard, and while soundscapes are mixed.

    Raises:
        DataError: A clip has no label, none sounds, a soundscape would have no samples, or the folder holds other files
            of these names.
        AudioDecodeError: A clip cannot be read; the message names its file.
    """
    names = [f"{AUDIO_FOLDER}/{number:06d}.wav" for number in range(1, n_soundscapes + 1)]
    if round(config.duration_s * sample_rate) < 1:
        raise DataError(f"duration_s={config.duration_s} holds no sound at {sample_rate} Hz; make it longer")
    _check_labels(manifest)
    _check_folder(folder, names)
    clips, stretches = _sounding(manifest, sample_rate, on_progress)
    audio = _RecentClips(FileAudio(ClipList(manifest.root, clips), sample_rate))
    _clear(folder)
    listed: list[Clip] = []
    placed: set[int] = set()
    n_softer = 0
    parts = folder / PARTS_FILE
    with replacing(parts) as partial, partial.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for i, name in enumerate(names):
            rng = np.random.default_rng([seed, i])
            soundscape = draw_soundscape(stretches, config, rng)
            background = _background(soundscape, backgrounds, sample_rate, rng)
            sounds = {piece.clip: audio.waveform(piece.clip) for piece in soundscape.placed}
            soundscape = set_levels(soundscape, stretches, sounds, sample_rate)
            mixture = render(soundscape, sounds, background and background.waveform, sample_rate)
            _write_wav(folder / name, mixture.waveform, sample_rate)
            file.write(json.dumps(_parts(name, soundscape, clips, background, mixture), ensure_ascii=False) + "\n")
            listed.append(Clip(name, events=labelled_events(soundscape, clips)))
            placed.update(sounds)
            n_softer += mixture.gain_db < 0
            on_progress(Progress(i + 1, n_soundscapes, "soundscapes", "mixing"))
    write_event_table(folder / EVENTS_FILE, listed)
    return SoundscapeSummary(
        n_soundscapes=n_soundscapes,
        n_events=sum(len(one.events) for one in listed),
        n_clips=len(placed),
        n_classes=len({event.label for one in listed for event in one.events}),
        n_silent_clips=len(manifest.clips) - len(clips),
        n_softer=n_softer,
    )


def _check_labels(manifest: ClipList) -> None:
    for clip in manifest.clips:
        if not clip.labels and not clip.events:
            raise DataError(
                f"{clip.path} has no label, so nobody could say what is heard where it is placed; label it, leave it "
                "out, or use it as a background"
            )


def _check_folder(folder: Path, names: Sequence[str]) -> None:
    """Refuse a folder in which something would be lost, or would lie beside what is listed."""
    known = {folder / name for name in names}
    audio = folder / AUDIO_FOLDER
    if audio.is_dir():
        others = {path for path in audio.iterdir() if not path.name.startswith(".")} - known
        if others:
            raise DataError(
                f"{min(others)} is none of the {len(names)} soundscapes that are asked for; use another folder, or "
                f"remove {audio}"
            )
    if (folder / EVENTS_FILE).exists() and not (folder / PARTS_FILE).exists():
        raise DataError(f"{folder / EVENTS_FILE} was not written by this program; use another folder")


def _clear(folder: Path) -> None:
    """Make the folder, without the tables of what is about to be replaced."""
    (folder / AUDIO_FOLDER).mkdir(parents=True, exist_ok=True)
    for name in (EVENTS_FILE, PARTS_FILE):  # in this order, for the one without the other would be foreign
        (folder / name).unlink(missing_ok=True)


def _sounding(
    manifest: ClipList, sample_rate: int, on_progress: OnProgress
) -> tuple[tuple[Clip, ...], list[list[Stretch]]]:
    """The clips in which something sounds, and where it does."""
    n_clips = len(manifest.clips)

    def hear(chunk: int) -> list[list[Stretch]]:
        with StretchReader() as reader:
            return [
                clip_stretches(clip, load_clip(manifest.file(clip), clip, sample_rate, reader), sample_rate)
                for clip in manifest.clips[chunk * _CHUNK : (chunk + 1) * _CHUNK]
            ]

    heard: list[list[Stretch]] = []
    for stretches in ordered_map(hear, range(-(-n_clips // _CHUNK)), n_threads=n_cores()):
        heard += stretches
        on_progress(Progress(len(heard), n_clips, "clips", "reading clips"))
    numbers = [i for i, stretches in enumerate(heard) if stretches]
    if not numbers:
        raise DataError(f"of {n_clips} clips none sounds anywhere; give clips that are not silent")
    return tuple(manifest.clips[i] for i in numbers), [heard[i] for i in numbers]


class _RecentClips:
    """The sound of clips, of which those that were last asked for are kept while they fit."""

    def __init__(self, audio: ClipAudio) -> None:
        self._audio = audio
        self._recent: OrderedDict[int, Array] = OrderedDict()
        self._n_bytes = 0

    def waveform(self, i: int) -> Array:
        """The whole of a clip, which is not to be written to."""
        if i not in self._recent:
            self._recent[i] = self._audio.waveform(i)
            self._n_bytes += self._recent[i].nbytes
        self._recent.move_to_end(i)
        while self._n_bytes > _MAX_RECENT_BYTES and len(self._recent) > 1:
            _, oldest = self._recent.popitem(last=False)
            self._n_bytes -= oldest.nbytes
        return self._recent[i]


def _background(
    soundscape: Soundscape, backgrounds: Backgrounds, sample_rate: int, rng: np.random.Generator
) -> Background | None:
    if soundscape.background_db is None:
        return None
    n_samples = round(soundscape.duration_s * sample_rate)
    return backgrounds.draw(n_samples, soundscape.noise_exponent, sample_rate, rng)


def _write_wav(path: Path, waveform: Array, sample_rate: int) -> None:
    import soundfile

    # It would be scaled by another factor if it were written as floats.
    stored = np.rint(waveform * _FULL_SCALE).astype(np.int16)
    with replacing(path) as partial:
        soundfile.write(partial, stored, sample_rate, subtype="PCM_16")


def _parts(
    name: str, soundscape: Soundscape, clips: Sequence[Clip], background: Background | None, mixture: Mixture
) -> Mapping[str, object]:
    """What a soundscape was mixed from."""
    return {
        "filename": name,
        "duration_s": soundscape.duration_s,
        "gain_db": round(mixture.gain_db, 3),
        "background": _background_part(soundscape, background),
        "clips": [
            {
                **_origin(clips[piece.clip]),
                "labels": list(clips[piece.clip].labels),
                "cut_s": [round(time_s, 3) for time_s in piece.cut_s],
                "onset_s": round(piece.onset_s, 3),
                "gain_db": round(piece.gain_db, 3),
            }
            for piece in soundscape.placed
        ],
    }


def _background_part(soundscape: Soundscape, background: Background | None) -> Mapping[str, object] | None:
    if background is None or soundscape.background_db is None:
        return None
    level = {"level_db": round(soundscape.background_db, 3)}
    if background.recording is None:
        return {**level, "noise_exponent": round(soundscape.noise_exponent, 3)}
    return {**level, **_origin(background.recording), "begins_s": round(background.onset_s, 3)}


def _origin(clip: Clip) -> dict[str, object]:
    """Which clip it is, and whose; without what is not known of it."""
    what = {
        "path": clip.path,
        "clip_onset_s": clip.onset_s,
        "clip_offset_s": clip.offset_s,
        "source": clip.source,
        "licence": clip.licence,
        "attribution": clip.attribution,
    }
    return {key: value for key, value in what.items() if value not in (None, "")}
