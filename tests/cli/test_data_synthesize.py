from __future__ import annotations

import json

import numpy as np
import pytest

from panns.data.clip_lists import Clip, write_clip_list
from panns.data.clip_lists.event_table import read_event_table
from tests.commands import run_panns, succeed
from tests.sounds import noise, tone, write_wav


@pytest.fixture
def clips(tmp_path):
    """Two folds of two classes, and a silent clip in a fold of its own."""
    for name, sound in (("dog", tone(1.0)), ("rain", noise(4.0)), ("silence", np.zeros(3_000, np.float32))):
        write_wav(tmp_path / f"{name}.wav", sound)
    listed = [
        Clip("dog.wav", ("Dog",), "1"),
        Clip("rain.wav", ("Rain",), "2"),
        Clip("silence.wav", ("Cat",), "3"),
    ]
    write_clip_list(tmp_path / "clips.csv", listed)
    return listed


def synthesize(folder, *arguments, n="3"):
    return run_panns("data", "synthesize", "clips.csv", "-o", "out", "--rate=8000", "--n", n, *arguments, cwd=folder)


@pytest.mark.usefixtures("clips")
def test_the_result_is_printed(tmp_path):
    result = synthesize(tmp_path, "--duration", "2.5", "--events", "1", "--max-overlap", "1")
    listed = read_event_table(tmp_path / "out")
    events = [event for clip in listed.clips for event in clip.events]
    n_classes = len({event.label for event in events})
    assert succeed(result) == (
        f"out/audio: 3 soundscapes of 2.5 s, from {n_classes} of 3 clips\n"
        f"out/events.tsv: 3 events of {n_classes} classes\n"
    )
    assert result.stderr == "panns: silent clips skipped: 1\n"
    assert all(0 <= event.onset_s < event.offset_s <= 2.5 for event in events)


@pytest.mark.usefixtures("clips")
def test_folds_are_selected(tmp_path):
    succeed(synthesize(tmp_path, "--fold", "1", "--fold", "3", "--events", "1-2"))
    listed = read_event_table(tmp_path / "out")
    assert {event.label for clip in listed.clips for event in clip.events} == {"Dog"}


@pytest.mark.usefixtures("clips")
def test_level_above_a_recorded_background(tmp_path):
    (tmp_path / "back").mkdir()
    write_wav(tmp_path / "back" / "street.wav", noise(1.0, seed=3))
    succeed(synthesize(tmp_path, "--fold=1", "--events=1", "--snr=-5--5", "--background=back", n="8"))
    parts = [json.loads(line) for line in (tmp_path / "out" / "soundscapes.jsonl").read_text().splitlines()]
    recorded = [part for part in parts if part["background"]]
    assert recorded
    for part in recorded:
        assert part["background"]["path"] == "street.wav"
        # The tone is at -13.5 dB.
        (piece,) = part["clips"]
        assert piece["gain_db"] - 13.5 == pytest.approx(part["background"]["level_db"] - 5, abs=0.2)


@pytest.mark.usefixtures("clips")
def test_the_seed_decides_the_soundscapes(tmp_path):
    first = {}
    for seed in ("0", "0", "1"):
        succeed(synthesize(tmp_path, "--seed", seed))
        first.setdefault(seed, []).append((tmp_path / "out" / "audio" / "000001.wav").read_bytes())
    assert first["0"][0] == first["0"][1] != first["1"][0]


@pytest.mark.parametrize(
    ("arguments", "words", "status"),
    [
        (("--events", "4-1"), "--events 4-1 is reversed; give the lower number first: 1-4", 2),
        (("--events", "1.5"), "--events 1.5 must be whole numbers", 2),
        (("--events", "some"), "--events some is not a range", 2),
        (("--snr", "30-3"), "--snr 30-3 is reversed", 2),
        (("--duration", "0"), "duration_s=0.0", 2),
        (("--duration", "1e-9"), "duration_s=1e-09", 1),
        (("--max-overlap", "0"), "max_overlap=0", 2),
        (("--rate", "7"), "--rate 7 is out of range; use 100 to 655350 Hz", 2),
        (("--fold", "9"), "--fold 9: clips.csv has no clip of that fold; it has 1, 2, 3", 2),
        (("--fold", "3"), "silent", 1),
        (("--background", "nowhere"), "panns: nowhere: no such file or folder; check the path", 1),
        (("-o", "clips.csv"), "panns: clips.csv cannot be written", 1),
    ],
)
@pytest.mark.usefixtures("clips")
def test_refused_options(tmp_path, arguments, words, status):
    result = synthesize(tmp_path, *arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert words in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_damaged_clips_are_skipped_on_demand(clips, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    write_clip_list(tmp_path / "clips.csv", [*clips, Clip("bad.wav", ("Dog",))])
    assert "bad.wav: is text" in synthesize(tmp_path).stderr
    result = synthesize(tmp_path, "--skip-damaged", n="1")
    assert "skipped 1 of 4 clips, which cannot be read: bad.wav\npanns: " in result.stderr
    assert "silent clips skipped: 1" in result.stderr
    succeed(result)
