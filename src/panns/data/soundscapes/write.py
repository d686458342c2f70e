"""Write a folder of soundscapes: sounds, an event table, and the clips that each was mixed from.

audio/000001.wav ...   16-bit mono
events.tsv             one row per event, as `panns.data.clip_lists.event_table` reads it
soundscapes.jsonl      one line per soundscape: clips and background with their licences, times and gains
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from panns.data.clip_lists import ClipList
from panns.data.clip_lists.event_table import write_event_table
from panns.data.clips.audio import ClipAudio, FileAudio, load_clip
from panns.data.clips.clip import Clip
from panns.data.clips.skipped import SkippedClip, select_remaining
from panns.data.clips.stretches import StretchReader
from panns.data.soundscapes.activity import Stretch
from panns.data.soundscapes.backgrounds import Background, Backgrounds
from panns.data.soundscapes.labelling import find_clip_stretches, list_events
from panns.data.soundscapes.levels import set_levels
from panns.data.soundscapes.plan import Soundscape, SoundscapeConfig, draw_soundscape
from panns.data.soundscapes.render import Mixture, render
from panns.errors import AudioDecodeError, DataError
from panns.system.arrays import Array
from panns.system.cores import n_cores
from panns.system.files import replacing
from panns.system.json_files import to_json
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

EVENTS_FILE = "events.tsv"
PARTS_FILE = "soundscapes.jsonl"
AUDIO_FOLDER = "audio"
_FULL_SCALE = 32_768
_CHUNK = 32  # clips that one thread reads in sequence, so that clips of one file cost one pass
_MAX_RECENT_BYTES = 256 << 20


@dataclass(frozen=True)
class SoundscapeSummary:
    """Contents of a folder of soundscapes.

    Attributes:
        n_soundscapes: Number of soundscapes.
        n_events: Number of events in all soundscapes.
        n_clips: Number of clips that occur at least once.
        n_classes: Number of classes that occur at least once.
        n_silent_clips: Number of silent clips, which were left out.
        skipped: The unreadable clips, which were left out.
        n_attenuated: Number of soundscapes that were attenuated to stay within full scale.
    """

    n_soundscapes: int
    n_events: int
    n_clips: int
    n_classes: int
    n_silent_clips: int
    skipped: tuple[SkippedClip, ...]
    n_attenuated: int


def write_soundscapes(
    clip_list: ClipList,
    folder: Path,
    config: SoundscapeConfig,
    backgrounds: Backgrounds,
    *,
    n_soundscapes: int,
    sample_rate: int,
    seed: int,
    skip_damaged: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> SoundscapeSummary:
    """Mix soundscapes from clips and write them; the same arguments give the same files.

    A soundscape depends only on the clips, the settings, the seed and its own number: a hundred soundscapes are the
    first hundred of two hundred. Every clip is read once to find its active stretches; afterwards up to 256 MB of
    waveforms stay in memory.

    Args:
        clip_list: The clips, each with at least one label or event.
        folder: Folder for the soundscapes; created if missing. Earlier soundscapes in it are replaced.
        config: Settings of the soundscapes.
        backgrounds: Supply of backgrounds.
        n_soundscapes: Number of soundscapes, at least 1.
        sample_rate: Sample rate of the soundscapes, in Hz.
        seed: Random seed, at least 0.
        skip_damaged: True to leave out unreadable clips, False to stop at the first.
        on_progress: Called with the number of clips read (stage "reading clips"), then with the number of soundscapes
            written (stage "mixing").

    Raises:
        DataError: A clip has no label, all clips are silent, all of a class are unreadable, a soundscape would be
            shorter than a sample, or the folder holds other files of these names.
        AudioDecodeError: A clip is unreadable, and `skip_damaged` is False; the message names its file.
    """
    names = [f"{AUDIO_FOLDER}/{number:06d}.wav" for number in range(1, n_soundscapes + 1)]
    if round(config.duration_s * sample_rate) < 1:
        raise DataError(f"duration_s={config.duration_s} is less than a sample at {sample_rate} Hz; make it longer")
    _check_labels(clip_list)
    _check_folder(folder, names)
    clips, stretches, skipped = _find_active_clips(clip_list, sample_rate, on_progress, skip_damaged=skip_damaged)
    audio = _RecentClips(FileAudio(ClipList(clip_list.root, clips), sample_rate))
    _clear(folder)
    listed: list[Clip] = []
    placed: set[int] = set()
    n_attenuated = 0
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
            file.write(to_json(_parts(name, soundscape, clips, background, mixture), ascii_only=False) + "\n")
            listed.append(Clip(name, events=list_events(soundscape, clips)))
            placed.update(sounds)
            n_attenuated += mixture.gain_db < 0
            on_progress(Progress(i + 1, n_soundscapes, "soundscapes", "mixing"))
    write_event_table(folder / EVENTS_FILE, listed)
    return SoundscapeSummary(
        n_soundscapes=n_soundscapes,
        n_events=sum(len(one.events) for one in listed),
        n_clips=len(placed),
        n_classes=len({event.label for one in listed for event in one.events}),
        n_silent_clips=len(clip_list.clips) - len(clips) - len(skipped),
        skipped=skipped,
        n_attenuated=n_attenuated,
    )


def _check_labels(clip_list: ClipList) -> None:
    for clip in clip_list.clips:
        if not clip.labels and not clip.events:
            raise DataError(
                f"{clip.path} has no label to write into the event table; label it, leave it out, or use it as a "
                "background"
            )


def _check_folder(folder: Path, names: Sequence[str]) -> None:
    """Refuse a folder in which foreign files would be overwritten or mixed with soundscapes."""
    known = {folder / name for name in names}
    audio = folder / AUDIO_FOLDER
    if audio.is_dir():
        others = {path for path in audio.iterdir() if not path.name.startswith(".")} - known
        if others:
            raise DataError(
                f"{min(others)} is not one of the {len(names)} soundscapes to write; use another folder, or remove "
                f"{audio}"
            )
    if (folder / EVENTS_FILE).exists() and not (folder / PARTS_FILE).exists():
        raise DataError(f"{folder / EVENTS_FILE} was not written by panns; use another folder")


def _clear(folder: Path) -> None:
    """Create the folder, and remove the tables of earlier soundscapes."""
    (folder / AUDIO_FOLDER).mkdir(parents=True, exist_ok=True)
    for name in (EVENTS_FILE, PARTS_FILE):  # in this order, because an event table without parts counts as foreign
        (folder / name).unlink(missing_ok=True)


def _find_active_clips(
    clip_list: ClipList, sample_rate: int, on_progress: OnProgress, *, skip_damaged: bool
) -> tuple[tuple[Clip, ...], list[list[Stretch]], tuple[SkippedClip, ...]]:
    """Find the clips that are not silent, the active stretches of each, and the unreadable clips."""
    n_clips = len(clip_list.clips)

    def find(clip: Clip, reader: StretchReader) -> list[Stretch] | AudioDecodeError:
        try:
            return find_clip_stretches(clip, load_clip(clip_list.file(clip), clip, sample_rate, reader), sample_rate)
        except AudioDecodeError as exc:
            if not skip_damaged:
                raise
            return exc

    def read(chunk: int) -> list[list[Stretch] | AudioDecodeError]:
        with StretchReader() as reader:
            return [find(clip, reader) for clip in clip_list.clips[chunk * _CHUNK : (chunk + 1) * _CHUNK]]

    found: list[list[Stretch] | AudioDecodeError] = []
    for stretches in ordered_map(read, range(-(-n_clips // _CHUNK)), n_threads=n_cores()):
        found += stretches
        on_progress(Progress(len(found), n_clips, "clips", "reading clips"))
    skipped = tuple(
        SkippedClip(i, clip_list.clips[i].path, str(one))
        for i, one in enumerate(found)
        if isinstance(one, AudioDecodeError)
    )
    remaining = select_remaining(clip_list.clips, [one.index for one in skipped], where=str(clip_list.root))
    active = {int(i): one for i in remaining if (one := found[i]) and not isinstance(one, AudioDecodeError)}
    if not active:
        raise DataError(f"all {len(remaining)} clips are silent; give clips with sound")
    return tuple(clip_list.clips[i] for i in active), list(active.values()), skipped


class _RecentClips:
    """Cache of the most recently used waveforms, limited in size."""

    def __init__(self, audio: ClipAudio) -> None:
        self._audio = audio
        self._recent: OrderedDict[int, Array] = OrderedDict()
        self._n_bytes = 0

    def waveform(self, i: int) -> Array:
        """Waveform of a clip; callers must not write to it."""
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

    # soundfile would scale floats by another factor.
    stored = np.rint(waveform * _FULL_SCALE).astype(np.int16)
    # libsndfile does not say that a disk is full, and takes no names that are not text.
    content = io.BytesIO()
    soundfile.write(content, stored, sample_rate, subtype="PCM_16", format="WAV")
    with replacing(path) as partial:
        partial.write_bytes(content.getbuffer())


def _parts(
    name: str, soundscape: Soundscape, clips: Sequence[Clip], background: Background | None, mixture: Mixture
) -> Mapping[str, object]:
    """The line of a soundscape in the file of parts: its clips and background."""
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
    """Path, source, licence and attribution of a clip, without empty fields."""
    what = {
        "path": clip.path,
        "clip_onset_s": clip.onset_s,
        "clip_offset_s": clip.offset_s,
        "source": clip.source,
        "licence": clip.licence,
        "attribution": clip.attribution,
    }
    return {key: value for key, value in what.items() if value not in (None, "")}
