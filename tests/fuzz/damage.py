"""Decode damaged sound files, one seed each, and print the outcomes.

A process of its own, since a crash inside a decoder would take the tests down.
Usage: python -m tests.audio.decoding.fuzz_child FIRST_SEED LAST_SEED
"""

from __future__ import annotations

import faulthandler
import json
import logging
import sys
import time
import warnings

import numpy as np

from panns.audio import open_sound
from panns.errors import AudioDecodeError
from tests.audio.decoding.encoded_sounds import FORMATS, native_rate, sound_file

_SECONDS = 1.0
_OUT_RATE = 8_000
# A mutated header may turn 16-bit stereo into 8-bit mono, and two halves of two files may be one: 8 times the frames.
# Frames, not seconds: where the header's sample rate itself is damaged, nothing can know better.
_MOST_FRAMES_RATIO = 16


def mutate(rng):
    """A damaged file, and the most native frames it may decode to."""
    name = FORMATS[rng.integers(len(FORMATS))]
    data = bytearray(sound_file(name, _SECONDS))
    n_frames = native_rate(name) * _SECONDS
    for _ in range(rng.integers(1, 4)):
        data, n_more = _MUTATIONS[rng.integers(len(_MUTATIONS))](data, rng)
        n_frames += n_more
    return name, bytes(data), n_frames * _MOST_FRAMES_RATIO


def flip_bits(data, rng):
    for _ in range(rng.integers(1, 100)):
        if data:
            data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    return data, 0


def flip_header_bits(data, rng):
    for _ in range(rng.integers(1, 8)):
        if data:
            data[rng.integers(min(len(data), 200))] ^= 1 << int(rng.integers(8))
    return data, 0


def overwrite_field(data, rng):
    """A size, count or rate with an extreme value."""
    width = int(rng.choice([2, 4, 8]))
    highest = 2 ** (8 * width)
    value = (0, 1, 0x7F, 0x80, highest // 2 - 1, highest // 2, highest - 1)[rng.integers(7)]
    at = int(rng.integers(max(min(len(data), 300), 1)))
    data[at : at + width] = value.to_bytes(width, "little" if rng.integers(2) else "big")
    return data, 0


def truncate(data, rng):
    return data[: rng.integers(len(data) + 1)], 0


def cut_front(data, rng):
    return data[rng.integers(len(data) + 1) :], 0


def remove_piece(data, rng):
    start = int(rng.integers(len(data) + 1))
    del data[start : start + int(rng.integers(1, 5000))]
    return data, 0


def insert_noise(data, rng):
    at = int(rng.integers(len(data) + 1))
    data[at:at] = rng.bytes(int(rng.integers(1, 5000)))
    return data, 0


def zero_piece(data, rng):
    start = int(rng.integers(len(data) + 1))
    n_bytes = min(int(rng.integers(1, 5000)), len(data) - start)
    data[start : start + n_bytes] = bytes(n_bytes)
    return data, 0


def repeat_piece(data, rng):
    start = int(rng.integers(len(data) + 1))
    data[start:start] = data[start : start + int(rng.integers(1, 20_000))]
    return data, 0


def join_halves(data, rng):
    """The first half of this file, the second half of another."""
    name = FORMATS[rng.integers(len(FORMATS))]
    other = sound_file(name, _SECONDS)
    return data[: len(data) // 2] + other[len(other) // 2 :], native_rate(name)


def append_file(data, rng):
    name = FORMATS[rng.integers(len(FORMATS))]
    return data + sound_file(name, _SECONDS), native_rate(name)


def replace_by_noise(data, rng):
    """Garbage, with or without the first bytes that name the format."""
    n_kept = int(rng.choice([0, 4, 16, 64]))
    return data[:n_kept] + rng.bytes(int(rng.integers(1, 50_000))), 0


_MUTATIONS = (
    flip_bits,
    flip_header_bits,
    overwrite_field,
    truncate,
    cut_front,
    remove_piece,
    insert_noise,
    zero_piece,
    repeat_piece,
    join_halves,
    append_file,
    replace_by_noise,
)


def outcome(seed):
    """Decode the file of a seed; `fault` is None if the outcome is valid."""
    name, data, most_frames = mutate(np.random.default_rng(seed))
    started = time.monotonic()
    fault = None
    try:
        n_samples = 0
        with open_sound(data, sample_rate=_OUT_RATE) as stream:
            for block in stream:
                # Damaged time stamps may ask for silence: what counts is the sound.
                n_samples += np.count_nonzero(block)
                if block.dtype != np.float32 or not np.isfinite(block).all():
                    fault = f"a block of {block.dtype} that is not finite"
        ended = "sound"
        if n_samples * stream.native_sample_rate / _OUT_RATE > most_frames:
            fault = f"{n_samples / _OUT_RATE:.1f} s at {stream.native_sample_rate} Hz"
    except AudioDecodeError as exc:
        ended = "refused"
        if len(str(exc)) < 20 or "\n" in str(exc):
            fault = f"no sentence: {exc}"
    except Exception as exc:  # every other exception is what is looked for
        ended = "fault"
        fault = f"{type(exc).__name__}: {exc}"
    return {"seed": seed, "name": name, "ended": ended, "fault": fault, "seconds": time.monotonic() - started}


def main():
    faulthandler.enable()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("error")
    for seed in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
        # Named before it is tried, so that a crash leaves its seed as the last line.
        print(json.dumps({"seed": seed}), flush=True)  # noqa: T201 - read by the parent
        print(json.dumps(outcome(seed)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
