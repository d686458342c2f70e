"""Random scores of solo instruments, bands and drum kits: MIDI notes and labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recipes.builtin.synthetic.midi import DRUM_CHANNEL, Note, Program

MAJOR, MINOR, PENTATONIC, BLUES = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 6, 7, 10)
SCALES = (MAJOR, MINOR, PENTATONIC, BLUES)
KICK, SNARE, SIDE_STICK, CLOSED_HAT, OPEN_HAT, CRASH, RIDE, COWBELL = 36, 38, 37, 42, 46, 49, 51, 56
TOMS = (41, 45, 48, 50)
DRUM_KITS = (0, 8, 16, 24, 25, 32, 40, 48)
BASSES, CHORDS = (32, 33, 34, 35, 38, 43), (0, 4, 16, 24, 25, 27, 48, 50, 89)
PLUCKED_BASS, LEADS = (36, 37), (11, 22, 40, 56, 61, 65, 66, 71, 73, 80, 81, 52)

# Labels of General MIDI programs. A program without an entry is labelled Music alone.
PROGRAM_LABELS: dict[int, str] = {
    **dict.fromkeys(range(4), "Piano"), 4: "Electric piano", 5: "Electric piano", 6: "Harpsichord",
    9: "Glockenspiel", 11: "Vibraphone", 12: "Marimba, xylophone", 13: "Marimba, xylophone", 14: "Tubular bells",
    **dict.fromkeys((16, 17, 18), "Hammond organ"), 19: "Organ", 20: "Organ", 21: "Accordion", 22: "Harmonica",
    23: "Accordion", 24: "Acoustic guitar", 25: "Acoustic guitar", **dict.fromkeys(range(26, 32), "Electric guitar"),
    32: "Double bass", **dict.fromkeys(range(33, 38), "Bass guitar"), 40: "Violin, fiddle", 41: "Violin, fiddle",
    42: "Cello", 43: "Double bass", 44: "String section", 45: "Pizzicato", 46: "Harp", 47: "Timpani",
    **dict.fromkeys((48, 49), "String section"), **dict.fromkeys((50, 51), "Synthesizer"), 52: "Choir", 53: "Choir",
    56: "Trumpet", 57: "Trombone", 58: "Brass instrument", 59: "Trumpet", 60: "French horn", 61: "Brass instrument",
    **dict.fromkeys(range(64, 68), "Saxophone"), 71: "Clarinet", 72: "Flute", 73: "Flute", 74: "Flute", 75: "Flute",
    **dict.fromkeys(range(80, 104), "Synthesizer"), 104: "Sitar", 105: "Banjo", 109: "Bagpipes",
    110: "Violin, fiddle", 112: "Bell", 113: "Cowbell", 114: "Steelpan", 115: "Wood block", 116: "Drum", 117: "Drum",
    118: "Drum machine", 119: "Cymbal",
}  # fmt: skip
SOUND_EFFECTS = range(120, 128)  # breath, seashore, bird, telephone, helicopter, applause, gunshot


@dataclass(frozen=True)
class Score:
    """A piece of music that starts at 0 s.

    Attributes:
        programs: Instruments of the channels.
        notes: Notes of all channels.
        labels: AudioSet names.
    """

    programs: tuple[Program, ...]
    notes: tuple[Note, ...]
    labels: tuple[str, ...]


def solo(program: int, duration_s: float, rng: np.random.Generator) -> Score:
    """One instrument: a melody, chords or an arpeggio."""
    root, scale = int(rng.integers(36, 73)), SCALES[rng.integers(len(SCALES))]
    play = (_melody, _melody, _chords, _arpeggio)[rng.integers(4)]
    notes = play(0, root, scale, duration_s, rng)
    music = () if program in SOUND_EFFECTS else ("Music",)
    label = PROGRAM_LABELS.get(program)
    return Score((Program(0, program, 0.0),), tuple(notes), (*music, *([label] if label else [])))


def drums(duration_s: float, rng: np.random.Generator) -> Score:
    """A drum kit alone."""
    kit = int(rng.choice(DRUM_KITS))
    return Score((Program(DRUM_CHANNEL, kit, 0.0),), tuple(_beat(duration_s, rng)), ("Music", "Drum kit"))


def percussion(key: int, duration_s: float, rng: np.random.Generator) -> Score:
    """One instrument of the drum kit, repeated in a random rhythm."""
    step_s = float(rng.uniform(0.12, 0.6))
    onsets = [i * step_s for i in range(int(duration_s / step_s)) if rng.random() < 0.7]
    notes = tuple(Note(DRUM_CHANNEL, key, int(rng.integers(50, 127)), onset, step_s) for onset in onsets)
    return Score((Program(DRUM_CHANNEL, 0, 0.0),), notes, ("Percussion",))


def ensemble(duration_s: float, rng: np.random.Generator) -> Score:
    """A band: bass, chords and a lead in one key, in most cases with drums."""
    root, scale = int(rng.integers(45, 60)), SCALES[rng.integers(2)]
    parts = (
        (int(rng.choice(BASSES)), _melody, root - 12),
        (int(rng.choice(CHORDS)), _chords, root),
        (int(rng.choice(LEADS)), _melody, root + 12),
    )
    chosen = [part for part in parts if rng.random() < 0.8] or list(parts)
    programs = [Program(channel, number, 0.0) for channel, (number, _, _) in enumerate(chosen)]
    notes = [
        note
        for channel, (_, play, lowest) in enumerate(chosen)
        for note in play(channel, lowest, scale, duration_s, rng)
    ]
    labels = ["Music"]
    if rng.random() < 0.6:
        programs.append(Program(DRUM_CHANNEL, int(rng.choice(DRUM_KITS)), 0.0))
        notes += _beat(duration_s, rng)
        labels.append("Drum kit")
    return Score(tuple(programs), tuple(notes), tuple(labels))


def _melody(channel: int, root: int, scale: tuple[int, ...], duration_s: float, rng: np.random.Generator) -> list[Note]:
    """A random walk on a scale."""
    beat_s, step, now = float(rng.uniform(0.25, 0.8)), 0, 0.0
    loudness = int(rng.integers(50, 110))
    notes = []
    while now < duration_s - 0.1:
        length_s = beat_s * float(rng.choice([0.25, 0.5, 0.5, 1.0, 1.0, 2.0]))
        step = int(np.clip(step + rng.integers(-3, 4), -7, 10))
        if rng.random() < 0.9:
            velocity = int(np.clip(loudness + rng.integers(-15, 16), 20, 127))
            sounding_s = min(length_s * float(rng.uniform(0.6, 1.1)), duration_s - now)
            notes.append(Note(channel, _key(root, scale, step), velocity, now, sounding_s))
        now += length_s
    return notes


def _chords(channel: int, root: int, scale: tuple[int, ...], duration_s: float, rng: np.random.Generator) -> list[Note]:
    """Triads on steps of a scale, struck or repeated."""
    bar_s, loudness = float(rng.uniform(0.6, 2.5)), int(rng.integers(45, 105))
    n_strokes = int(rng.choice([1, 1, 2, 4]))
    notes = []
    for bar in range(int(duration_s / bar_s)):
        degree = int(rng.choice([0, 3, 4, 5]))
        for stroke in range(n_strokes):
            onset_s = bar * bar_s + stroke * bar_s / n_strokes
            for step in (degree, degree + 2, degree + 4):
                notes.append(Note(channel, _key(root, scale, step), loudness, onset_s, 0.95 * bar_s / n_strokes))
    return notes


def _arpeggio(
    channel: int, root: int, scale: tuple[int, ...], duration_s: float, rng: np.random.Generator
) -> list[Note]:
    """Broken chords in even steps."""
    step_s, loudness = float(rng.uniform(0.1, 0.35)), int(rng.integers(45, 105))
    pattern = rng.permutation([0, 2, 4, 7])
    return [
        Note(channel, _key(root, scale, int(pattern[i % 4]) + 3 * (i // 16 % 3)), loudness, i * step_s, 1.5 * step_s)
        for i in range(int(duration_s / step_s))
    ]


def _beat(duration_s: float, rng: np.random.Generator) -> list[Note]:
    """A random bar of sixteenths, repeated with fills."""
    step_s = float(rng.uniform(0.08, 0.19))
    hat = CLOSED_HAT if rng.random() < 0.7 else RIDE
    chances = {KICK: 0.2, SNARE: 0.1, SIDE_STICK: 0.03, hat: 0.6, OPEN_HAT: 0.05, COWBELL: 0.02}
    bar = [(key, i) for key, chance in chances.items() for i in range(16) if rng.random() < chance]
    bar += [(KICK, 0), (SNARE, 4), (SNARE, 12)]
    notes = []
    for i in range(int(duration_s / step_s / 16) + 1):
        hits = [(int(rng.choice(TOMS)), k) for k in range(10, 16)] if i % 4 == 3 else []
        hits += [(CRASH, 0)] if i % 4 == 0 and rng.random() < 0.5 else []
        for key, place in (*bar, *hits):
            onset_s = (16 * i + place) * step_s
            if onset_s < duration_s:
                notes.append(Note(DRUM_CHANNEL, key, int(rng.integers(60, 120)), onset_s, step_s))
    return notes


def _key(root: int, scale: tuple[int, ...], step: int) -> int:
    """MIDI key of a step of a scale.

    Examples:
        >>> [_key(60, MAJOR, step) for step in (-1, 0, 2, 7)]
        [59, 60, 64, 72]
    """
    octave, degree = divmod(step, len(scale))
    return int(np.clip(root + 12 * octave + scale[degree], 0, 127))
