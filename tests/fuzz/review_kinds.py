"""Kinds of input around the work of people: annotations, reviewed clips, and clocks of recorders.

As those of `kinds`: `make(rng, folder)` writes a damaged input and names it, `use(folder)` reads it.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from panns.audio import open_sound
from panns.audio.limits import DecodeLimits
from panns.clock import Clock
from panns.data.annotations import AnnotatedSound, Annotation, read_annotations
from panns.data.annotations.elan import elan_document
from panns.data.annotations.kaleidoscope import kaleidoscope_columns, kaleidoscope_rows
from panns.data.annotations.label_studio import label_studio_task
from panns.data.annotations.rttm import rttm_text
from panns.data.clip_lists import read_clip_list, write_clip_list
from panns.data.event_clips import read_event_clips
from panns.data.review.clip_folder import ClipFolder
from panns.data.review.detected_clips import ClipSettings
from panns.data.review.reviewed_clips import review_clips
from panns.results import Detection, Event
from tests.fuzz.damage import damage, replace_json_value
from tests.sounds import noise, write_wav

_RATE = 8_000


def _csv(rows, delimiter=","):
    return "".join(delimiter.join(map(str, row)) + "\n" for row in rows)


class Annotations:
    """Files of every annotation program."""

    _HOSTILE = (
        '"',
        "\0",
        "\t",
        "\n",
        "nan",
        "-1",
        "1e999",
        "9" * 400,
        "9" * 5000,
        "x" * 200_000,
        "&#55296;",
        "&lol;",
        "<a>" * 5000,
        '<!DOCTYPE a [<!ENTITY lol "lol">]>',
        '<?xml version="1.0" encoding="hex"?>',
        '<?xml version="1.0" encoding="utf-7"?>',
        "http://[",
        "file:///dev/zero",
        "../" * 2000,
        "%00",
        "%ff",
    )

    def __init__(self):
        events = (Annotation("Dog", 0.5, 1.25, 0.9), Annotation("Cat | Rain", 0.1, 0.2, review="yes"))
        sound = AnnotatedSound("a.wav", events, 2.0, "builtin")
        columns = ("file", "onset_s", "offset_s", "label", "score", "review")
        rows = [("a.wav", one.onset_s, one.offset_s, one.label, one.score or "", one.review) for one in events]
        record = {
            "file": "a.wav",
            "duration_s": 2.0,
            "events": [{"label": one.label, "onset_s": one.onset_s, "offset_s": one.offset_s} for one in events],
        }
        birdnet = ("Start (s)", "End (s)", "Scientific name", "Common name", "Confidence", "File")
        raven = ("Selection", "Begin Time (s)", "End Time (s)", "Begin File", "Species", "Review")
        self._texts = {
            "a.txt": "".join(f"{one.onset_s}\t{one.offset_s}\t{one.label}\n" for one in events),
            "raven.txt": _csv(
                [raven, *((i, one.onset_s, one.offset_s, "a.wav", one.label, "no") for i, one in enumerate(events))],
                "\t",
            ),
            "kaleidoscope.csv": _csv([kaleidoscope_columns(), *kaleidoscope_rows(sound)]),
            "birdnet.csv": _csv(
                [birdnet, *((one.onset_s, one.offset_s, "", one.label, 0.9, "a.wav") for one in events)]
            ),
            "detected.csv": _csv([columns, *rows]),
            "detected.jsonl": json.dumps(record) + "\n",
            "tasks.json": json.dumps([label_studio_task(sound)]),
            "a.eaf": elan_document(sound),
            "a.rttm": rttm_text(sound, "a"),
        }

    def make(self, rng, folder):
        write_wav(folder / "a.wav", noise(0.2, sample_rate=_RATE), _RATE)
        name = sorted(self._texts)[rng.integers(len(self._texts))]
        text, way = self._texts[name], rng.integers(3)
        self._file = folder / name
        if way == 0:
            self._file.write_bytes(damage(text.encode(), rng))
        elif way == 1 and name.endswith(("json", "jsonl")):
            self._file.write_text(json.dumps(replace_json_value(json.loads(text), rng)) + "\n")
        else:
            at = int(rng.integers(len(text) + 1)) * int(rng.integers(5) > 0)
            self._file.write_text(
                text[:at] + self._HOSTILE[rng.integers(len(self._HOSTILE))] + text[at + rng.integers(9) :]
            )
        return name

    def use(self, folder):
        sounds = read_annotations(self._file)
        for sound in sounds:
            assert isinstance(sound.file, str)
            for one in sound.annotations:
                assert one.label.strip()
                one.label.encode()
                assert 0 <= one.onset_s < one.offset_s < np.inf
        clips = read_event_clips(self._file)
        write_clip_list(folder / "clips.csv", clips.clips)


class Reviews:
    """Folders of clips that a person or a program has changed."""

    _HOSTILE = ('"', "\0", "\n", ",", "=1+1", "confirmed", "Dog|", "|", "../../x", "x" * 200_000, "x" * 300, "\x1b[2J")

    def make(self, rng, folder):
        recording = str(folder / "recording.wav")
        write_wav(Path(recording), noise(2.0, sample_rate=_RATE), _RATE)
        events = (Event("Dog", "狗", 0, 0.5, 1.0, 0.9), Event("Cat / Rain", "猫", 1, 1.2, 1.5, 0.8))
        self._detection = Detection(recording, 2.0, "builtin", events)
        self._recording, self._clips = recording, folder / "clips"
        with self._open(resume=False) as clips:
            clips.write_clips(recording, self._detection)
            clips.add_rows(recording, self._detection)
        names = ("clips.jsonl", "clips.csv")
        name = names[rng.integers(len(names))]
        path, way = self._clips / name, rng.integers(3)
        text = path.read_text()
        if way == 0:
            path.write_bytes(damage(text.encode(), rng))
        elif way == 1 and name == "clips.jsonl":
            first, rest = text.split("\n", 1)
            path.write_text(json.dumps(replace_json_value(json.loads(first), rng)) + "\n" + rest)
        else:
            at = int(rng.integers(len(text)))
            path.write_text(text[:at] + self._HOSTILE[rng.integers(len(self._HOSTILE))] + text[at + rng.integers(9) :])
        return name

    def _open(self, *, resume):
        limits = DecodeLimits()
        return ClipFolder(self._clips, [self._recording], ClipSettings(), resume=resume, limits=limits)

    def use(self, folder):
        before = {path for path in folder.rglob("*") if path.is_file()}
        review = review_clips(self._clips, [], folder, is_complete=True)
        write_clip_list(folder / "reviewed.csv", review.clips)
        assert len(read_clip_list(folder / "reviewed.csv").clips) == len(review.clips)
        with self._open(resume=True) as clips:
            clips.write_clips(self._recording, self._detection)
        made = {path for path in folder.rglob("*") if path.is_file()} - before - {folder / "reviewed.csv"}
        assert all(path.parent == self._clips for path in made), made


class Clocks:
    """Recordings with damaged names and chunks that say when they were made."""

    _NAMES = (
        "20240501_183000.WAV",
        "SITE_20240501_183000+0200_x.wav",
        "00010101_000000-1400.wav",
        "99991231_235959+1400.wav",
        "5CC8A2D0.WAV",
        "7FFFFFFF.wav",
        "2024-02-30 25-61-61.wav",
        "１２３４0501_183000.wav",
        "1.240501183000.wav",
        "a.wav",
        "20240501_183000." + "9" * 200 + ".wav",
    )
    _TIMES = (
        "",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "2024-05-01 18:30:00",
        "1904-01-01 00:00:00",
    )
    _ZONES = (None, "Europe/Berlin", "+14:00", "-12:00", "UTC", "Pacific/Kiritimati")

    def make(self, rng, folder):
        name = self._NAMES[rng.integers(len(self._NAMES))]
        self._file = folder / name
        self._zone, self._shown = (self._ZONES[rng.integers(len(self._ZONES))] for _ in range(2))
        date = self._TIMES[rng.integers(len(self._TIMES))]
        guano = f"GUANO|Version: 1.0\nTimestamp: {date}\nTE: {rng.integers(1000)}\n".encode()
        wamd = struct.pack("<HI", 5, len(date)) + date.encode() + struct.pack("<HI", 15, 2) + b"\x0a\0"
        comment = f"Recorded at 18:30:00 01/05/{rng.integers(10_000):04} (UTC{rng.integers(-99, 99):+}) by AudioMoth"
        info = b"INFOICMT" + struct.pack("<I", len(comment)) + comment.encode() + b"\0" * (len(comment) % 2)
        chunks = ((b"bext", bytes(320) + date.encode()[:18].ljust(282, b"\0")), (b"guan", guano), (b"wamd", wamd))
        body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, _RATE, 2 * _RATE, 2, 16)
        for kind, content in (*chunks, (b"LIST", info)):
            if rng.integers(2):
                content = damage(content, rng) if rng.integers(2) else content
                body += kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        body += b"data" + struct.pack("<I", _RATE) + bytes(rng.integers(0, 256, _RATE, np.uint8))
        self._file.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
        return name

    def use(self, folder):  # noqa: ARG002 - the name is part of the input
        with open_sound(self._file, sample_rate=_RATE) as sound:
            stated = sound.stated_times
        clock = Clock.of(stated, 0.5, recorder_timezone=self._zone, timezone=self._shown)
        assert (clock.recorded_at is None) == (clock.source is None)
        for time_s in (0.0, 0.5, 48 * 3600.0):
            time = clock.at(time_s)
            assert time is None or time.isoformat()
        assert all(warning and "\n" not in warning for warning in clock.warnings)
