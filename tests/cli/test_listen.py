"""`panns listen`: a file played as if it were live, and a microphone that is a stand-in."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import panns
from panns.cli.terminal.live_view import view_lines
from tests.commands import SOURCE, own_environment, run_panns, succeed
from tests.sounds import changing_sound, write_wav
from tests.terminal import Terminal

SETTINGS = ("--threshold", "0.5", "--median", "0.1", "--min-gap", "0.05", "--min-duration", "0.05")
CONFIG = panns.EventConfig(median_s=0.1, min_gap_s=0.05, min_duration_s=0.05)
LATENCIES = ("latency_s", "event_latency_s")
FIELDS = ("label", "label_zh", "index", "onset_s", "offset_s")

# A microphone that hears noise whose level changes four times a second; it is gone after some blocks.
MICROPHONE = """
import os, threading, time
import numpy as np

class PortAudioError(Exception):
    pass

DEVICES = [{"name": "Built-in", "max_input_channels": 2, "default_samplerate": 16000.0}]

def query_devices(device=None, kind=None):
    if kind is None:
        return DEVICES
    if not DEVICES:
        raise PortAudioError("Error querying device -1")
    return DEVICES[0] | {"index": 0}

class InputStream:
    def __init__(self, *, device, channels, samplerate, blocksize, dtype, callback):
        self.shape, self.callback, self.active, self.latency = (blocksize, channels), callback, True, 0.01
    def start(self):
        threading.Thread(target=self.run, daemon=True).start()
    def run(self):
        rng = np.random.default_rng(0)
        for i in range(int(os.environ.get("BLOCKS", 10**9))):
            if not self.active:
                return
            block = rng.standard_normal(self.shape).astype(np.float32) * 10.0 ** -(1 + i // 25 % 4)
            self.callback(block, len(block), None, None)
            time.sleep(0.01)
        DEVICES.clear()
        self.active = False
    def close(self):
        self.active = False
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("live") / "live.wav", changing_sound(4.0))


@pytest.fixture
def with_microphone(tmp_path):
    """The environment of a machine with a microphone."""
    (tmp_path / "sounddevice.py").write_text(MICROPHONE)
    return {"PYTHONPATH": os.pathsep.join([str(SOURCE), str(tmp_path)])}


def listen(*arguments, **keywords):
    return run_panns("listen", *arguments, **keywords)


def records_of(text):
    return [json.loads(line) for line in text.splitlines()]


def check_pairs(records):
    """The records of events that ended; every start must have its end, and nothing else comes in between."""
    first, *between, last = records
    assert (first["type"], last["type"]) == ("begin", "stop")
    assert list(first) == ["type", "time_s", "began_at", "source", "sample_rate", "model", *LATENCIES]
    going_on, ended = {}, []
    for record in between:
        assert list(record)[:2] == ["type", "time_s"]
        if record["type"] == "start":
            assert record["index"] not in going_on
            assert "offset_s" not in record
            going_on[record["index"]] = record["onset_s"]
        else:
            assert record["type"] == "end"
            assert going_on.pop(record["index"]) == record["onset_s"]
            ended.append(record)
    assert going_on == {}
    assert last["n_events"] == len(ended)
    assert [record["time_s"] for record in records] == sorted(record["time_s"] for record in records)
    return ended


@pytest.mark.parametrize(
    ("name", "hearing"),
    [("tiny_stream_checkpoint", ()), ("tiny_frames_checkpoint", ("--window", "1.0"))],
    ids=["stream", "windows"],
)
def test_the_events_are_those_of_detect(name, hearing, sound, request):
    model = request.getfixturevalue(name)
    arguments = ("--model", model, *SETTINGS, *hearing, "--json")
    result = listen("--from", sound, "--pace", "0", *arguments)
    ended = sorted(check_pairs(records_of(succeed(result))), key=lambda one: (one["onset_s"], one["index"]))
    expected = json.loads(succeed(run_panns("detect", sound, *arguments)))["events"]
    assert len(expected) > 20
    assert [[one[key] for key in FIELDS] for one in ended] == [[one[key] for key in FIELDS] for one in expected]
    assert [one["score"] for one in ended] == pytest.approx([one["score"] for one in expected], abs=1e-6)
    assert "Traceback" not in result.stderr


def test_lines_for_people(tiny_stream_checkpoint, sound):
    result = listen(
        "--from", "-", "--pace", "0", "--model", tiny_stream_checkpoint, *SETTINGS, stdin=sound.read_bytes()
    )
    events = panns.load(tiny_stream_checkpoint, n_threads=1).detect(sound, threshold=0.5, config=CONFIG)
    lines = [line.split(maxsplit=3) for line in succeed(result).splitlines()]
    ended = [[onset, offset, label] for onset, offset, _, label in lines if offset != "starts"]
    assert sorted(ended) == sorted([f"{one.onset_s:.2f}", f"{one.offset_s:.2f}", one.label] for one in events)
    assert {tuple(line[:1]) for line in lines if line[1] == "starts"} <= {(onset,) for onset, _, _ in ended}
    assert any(line[1] == "starts" for line in lines)
    head, foot = result.stderr.splitlines()
    assert head.startswith("listening to <stdin>, 32000 Hz; stream on cpu by onnx knows scores after 0.0")
    assert re.search(r"the start of an event after 0\.1\d s; Ctrl-C ends$", head)
    assert foot == f"heard 4.0 s: {len(events)} events"


def test_it_is_said_how_late_answers_are():
    result = listen("--from", "examples/knock.ogg", "--pace", "0", "--duration", "0.5", "--model", "builtin")
    assert succeed(result) == ""
    head, foot = result.stderr.splitlines()
    assert "knows scores after 10 s, the start of an event after 10 s; sooner with --model stream or a" in head
    assert foot == "heard 0.5 s: 0 events"


def start(*arguments, **variables):
    return subprocess.Popen(
        [sys.executable, "-m", "panns", "listen", *map(str, arguments)],
        env=own_environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well(tiny_stream_checkpoint, sound, number):
    process = start("--from", sound, "--model", tiny_stream_checkpoint, *SETTINGS, "--json")
    lines = [process.stdout.readline() for _ in range(2)]  # each line comes at once: the second is an event
    since_s = time.monotonic()
    process.send_signal(number)
    rest, errors = process.stdout.read(), process.stderr.read()
    process.wait(timeout=30)
    assert time.monotonic() - since_s < 3
    assert process.returncode == 0, errors
    for stream in (process.stdout, process.stderr):
        stream.close()
    records = records_of("".join(lines) + rest)
    assert check_pairs(records)
    assert records[-1]["time_s"] < 4.0
    assert "interrupted" not in errors


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_what_a_terminal_shows(tiny_stream_checkpoint, sound):
    terminal = Terminal(
        *("-m", "panns", "listen", "--from", sound, "--pace", "2", "--model", tiny_stream_checkpoint, *SETTINGS),
        *("--threshold", "0.95"),
        streams=("stdout", "stderr"),
        columns=60,
    )
    terminal.wait()
    assert terminal.process.returncode == 0
    assert terminal.shown.count(b"dBFS") > 5
    assert b"  now: " in terminal.shown
    assert b"  0.9" in terminal.shown
    head, *events, foot = [line for line in terminal.lines if not line.isspace()]
    assert head.startswith("listening to ")
    assert foot.startswith("heard 4.0 s: ")
    assert all(len(line.split(maxsplit=3)) == 4 for line in events)  # nothing of the view is left
    assert not any("dBFS" in line or "now:" in line for line in terminal.lines)
    assert terminal.shown.rfind(b"\x1b[?25h") > terminal.shown.rfind(b"\x1b[?25l")  # the cursor is there again


def test_the_view():
    lines = view_lines(2.5, 0.1, [("Siren", 0.75)], ["Siren 1.2 s"], latency_s=0.05)
    assert lines == [
        "     2.5 s  [####################..........]  -20.0 dBFS",
        "  0.750 ###############.....  Siren",
        *[""] * 4,
        "  now: Siren 1.2 s",
    ]
    before = view_lines(0.1, 0.0, [], [], latency_s=10.0)
    assert len(before) == len(lines)
    assert "[..............................]  -60.0 dBFS" in before[0]
    assert before[1] == "  the first answer comes after 10 s"
    assert before[-1] == "  now: -"


class TestMicrophone:
    def test_it_is_heard(self, tiny_stream_checkpoint, with_microphone):
        arguments = ("--model", tiny_stream_checkpoint, *SETTINGS, "--duration", "1.5", "--json")
        result = listen(*arguments, "--mic", "built", "--device", "cpu", **with_microphone)
        records = records_of(succeed(result))
        assert check_pairs(records)
        assert (records[0]["source"], records[0]["sample_rate"]) == ("Built-in", 16_000)
        assert records[-1]["time_s"] == 1.5
        assert records[0]["event_latency_s"] > records[0]["latency_s"] + 0.05

    def test_from_python(self, tiny_stream_checkpoint, with_microphone, monkeypatch):
        monkeypatch.syspath_prepend(with_microphone["PYTHONPATH"].split(os.pathsep)[-1])
        monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
        try:
            heard = panns.load(tiny_stream_checkpoint, n_threads=1).listen("Built-in", threshold=0.5)
            frames = [next(heard) for _ in range(10)]
            heard.close()
        finally:
            sys.modules.pop("sounddevice", None)
        assert sum(len(one.frame_probs) for one in frames) > 4

    def test_devices_are_listed(self, with_microphone):
        assert succeed(listen("--list-devices", **with_microphone)) == "*   0  Built-in  16000 Hz, 2 channels\n"
        (record,) = records_of(succeed(listen("--list-devices", "--json", **with_microphone)))
        assert record == {"number": 0, "name": "Built-in", "n_channels": 2, "sample_rate": 16000, "is_default": True}

    def test_an_unknown_one(self, tiny_stream_checkpoint, with_microphone):
        result = listen("--mic", "nosuch", "--model", tiny_stream_checkpoint, **with_microphone)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith(
            "panns: no microphone 'nosuch' among 1; there is 'Built-in' (0); --list-devices"
        )

    def test_one_that_is_lost_for_good(self, tiny_stream_checkpoint, with_microphone):
        arguments = ("--model", tiny_stream_checkpoint, *SETTINGS, "--json", "--wait", "0.1")
        result = listen(*arguments, **with_microphone, BLOCKS="40")
        assert result.returncode == 1
        records = records_of(result.stdout)
        assert check_pairs(records)
        reason = "the microphone 'Built-in' has been gone for 0.1 s (there is no microphone on this machine"
        assert records[-1]["error"].startswith(reason)
        assert records[-1]["lost_s"] > 0.1
        told, _, failure = [line for line in result.stderr.splitlines()[1:] if line]
        assert told == "panns: the microphone 'Built-in' is gone; waiting up to 0.1 s for it"
        assert failure.startswith(f"panns: {reason}")

    def test_without_the_extra(self, tmp_path):
        (tmp_path / "sounddevice.py").write_text("raise ImportError('none')")
        result = listen("--list-devices", PYTHONPATH=os.pathsep.join([str(SOURCE), str(tmp_path)]))
        assert result.returncode == 1
        assert result.stderr == (
            "panns: listening to a microphone needs the package 'sounddevice'; "
            "install it with: pip install 'panns-audio[mic]'\n"
        )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mic", "1", "--from", "a.wav"], "give one of --mic and --from, not both"),
        (["--wait", "1", "--from", "a.wav"], "--wait is how long a microphone is waited for; leave it out with --from"),
        (["--list-devices", "--mic", "1"], "--list-devices hears nothing; leave out --mic, --wait, --from"),
        (["--pace", "2"], "--pace is how fast a file is played; give the file with --from"),
        (["--from", "a.wav", "--pace", "-1"], "--pace -1.0 must be times as fast as the file sounds"),
        (["--duration", "0"], "--duration 0.0 must be a number of seconds above 0"),
        (["--threshold", "2"], "invalid threshold '2'"),
        (["--median", "-1"], "--median -1.0 must be 0 to 3600 seconds"),
    ],
)
def test_wrong_usage(arguments, words):
    result = listen(*arguments)
    assert result.returncode == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())


def test_a_file_that_is_none(tiny_stream_checkpoint):
    result = listen("--from", "nosuch.wav", "--model", tiny_stream_checkpoint)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "panns: nosuch.wav: there is no such file; check the path\n"
