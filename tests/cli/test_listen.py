"""`panns listen`: a file played as if it were live, and a stand-in for a microphone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import panns
from panns.cli.terminal.live_view import view_lines
from tests.audio.live.servers import files, http_server, radio
from tests.audio.live.test_piped_sound import encoded
from tests.commands import INTERRUPTIBLE, needs_posix, own_environment, run_panns, succeed
from tests.sounds import changing_sound, tone, write_wav
from tests.terminal import Terminal

SETTINGS = ("--threshold", "0.5", "--median", "0.1", "--min-gap", "0.05", "--min-duration", "0.05")
CONFIG = panns.EventConfig(median_s=0.1, min_gap_s=0.05, min_duration_s=0.05)
LATENCIES = ("latency_s", "event_latency_s")
FIELDS = ("label", "label_zh", "index", "onset_s", "offset_s")

# A stand-in for the package sounddevice: a microphone whose noise changes its level four times a second, and which is
# unplugged after some blocks.
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
def _microphone(tmp_path, monkeypatch):
    """A machine with a microphone."""
    (tmp_path / "sounddevice.py").write_text(MICROPHONE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    yield
    sys.modules.pop("sounddevice", None)


def listen(*arguments, **keywords):
    return run_panns("listen", *arguments, **keywords)


def records_of(text):
    return [json.loads(line) for line in text.splitlines()]


def check_pairs(records):
    """Records of the events that ended; every start must have its end."""
    first, *between, last = records
    assert (first["type"], last["type"]) == ("begin", "stop")
    assert list(first) == ["type", "time_s", "began_at", "source", "sample_rate", "model", *LATENCIES]
    active, ended = {}, []
    for record in between:
        assert list(record)[:2] == ["type", "time_s"]
        if record["type"] == "start":
            assert record["index"] not in active
            assert "offset_s" not in record
            active[record["index"]] = record["onset_s"]
        else:
            assert record["type"] == "end"
            assert active.pop(record["index"]) == record["onset_s"]
            ended.append(record)
    assert active == {}
    assert last["n_events"] == len(ended)
    assert [record["time_s"] for record in records] == sorted(record["time_s"] for record in records)
    return ended


@pytest.mark.parametrize(
    ("name", "windows"),
    [("tiny_stream_checkpoint", ()), ("tiny_frames_checkpoint", ("--window", "1.0"))],
    ids=["stream", "windows"],
)
def test_the_events_are_those_of_detect(name, windows, sound, request):
    model = request.getfixturevalue(name)
    arguments = ("--model", model, *SETTINGS, *windows, "--json")
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
    assert head.startswith("listening to <stdin>, 32000 Hz, with stream on cpu by onnx; scores after 0.0")
    assert re.search(r"start of an event after 0\.1\d s; Ctrl-C stops$", head)
    assert foot == f"4.0 s of sound: {len(events)} events"


def test_a_long_latency_is_shown_with_a_hint():
    result = listen("--from", "examples/knock.ogg", "--pace", "0", "--duration", "0.5", "--model", "builtin")
    assert succeed(result) == ""
    head, foot = result.stderr.splitlines()
    assert "scores after 10 s, start of an event after 10 s; for a lower latency use --model stream or a" in head
    assert foot == "0.5 s of sound: 0 events"


def start(*arguments, stdin=None, **variables):
    return subprocess.Popen(
        [sys.executable, "-m", "panns", "listen", *map(str, arguments)],
        env=own_environment(**variables),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **INTERRUPTIBLE,
    )


@needs_posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_gracefully(tiny_stream_checkpoint, sound, number):
    # Played at a hundredth of its speed, the sound would take minutes to end.
    process = start("--from", sound, "--pace", "0.01", "--model", tiny_stream_checkpoint, "--json")
    lines = [process.stdout.readline()]  # each line comes at once
    process.send_signal(number)
    rest, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    records = records_of("".join(lines) + rest)
    check_pairs(records)
    assert records[-1]["time_s"] < 4.0
    assert "interrupted" not in errors


@needs_posix
def test_the_live_view_on_a_terminal(tiny_stream_checkpoint, sound):
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
    assert foot.startswith("4.0 s of sound: ")
    assert all(len(line.split(maxsplit=3)) == 4 for line in events)  # no line of the view remains
    assert not any("dBFS" in line or "now:" in line for line in terminal.lines)
    assert terminal.shown.rfind(b"\x1b[?25h") > terminal.shown.rfind(b"\x1b[?25l")  # the cursor is visible again


def test_lines_of_the_live_view():
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
    assert before[1] == "  first scores after 10 s"
    assert before[-1] == "  now: -"


@pytest.mark.usefixtures("_microphone")
class TestMicrophone:
    def test_events(self, tiny_stream_checkpoint):
        arguments = ("--model", tiny_stream_checkpoint, *SETTINGS, "--duration", "1.5", "--json")
        records = records_of(succeed(listen(*arguments, "--mic", "built", "--device", "cpu")))
        assert check_pairs(records)
        assert (records[0]["source"], records[0]["sample_rate"]) == ("Built-in", 16_000)
        assert records[-1]["time_s"] == 1.5
        assert records[0]["event_latency_s"] > records[0]["latency_s"] + 0.05

    def test_from_python(self, tiny_stream_checkpoint):
        scores = panns.load(tiny_stream_checkpoint, n_threads=1).listen("Built-in", threshold=0.5)
        blocks = [next(scores) for _ in range(10)]
        scores.close()
        assert sum(len(one.frame_probs) for one in blocks) > 4

    def test_devices_are_listed(self):
        assert succeed(listen("--list-devices")) == "*   0  Built-in  16000 Hz, 2 channels\n"
        (record,) = records_of(succeed(listen("--list-devices", "--json")))
        assert record == {"number": 0, "name": "Built-in", "n_channels": 2, "sample_rate": 16000, "is_default": True}

    def test_an_unknown_microphone(self, tiny_stream_checkpoint):
        result = listen("--mic", "nosuch", "--model", tiny_stream_checkpoint)
        assert (result.returncode, result.stdout) == (1, "")
        for part in ("'nosuch'", "'Built-in' (0)", "--list-devices"):
            assert part in result.stderr

    def test_an_unplugged_microphone(self, tiny_stream_checkpoint):
        arguments = ("--model", tiny_stream_checkpoint, *SETTINGS, "--json", "--wait", "0.1")
        result = listen(*arguments, BLOCKS="40")
        assert result.returncode == 1
        records = records_of(result.stdout)
        assert check_pairs(records)
        reason = records[-1]["error"]
        assert "'Built-in'" in reason
        assert "0.1 s" in reason
        assert records[-1]["lost_s"] > 0.1
        waiting, _, failure = [line for line in result.stderr.splitlines()[1:] if line]
        assert waiting.startswith("panns: ")
        assert "0.1 s" in waiting
        assert failure == f"panns: {reason}"


def test_without_the_extra(tmp_path, monkeypatch):
    (tmp_path / "sounddevice.py").write_text("raise ImportError('none')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    result = listen("--list-devices")
    assert result.returncode == 1
    assert "install it with: pip install 'panns-audio[mic]'" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mic", "1", "--from", "a.wav"], "give one of --mic and --from, not both"),
        (["--wait", "1", "--from", "a.wav"], "--wait applies to a microphone or an address; leave it out with a file"),
        (["--list-devices", "--mic", "1"], "--list-devices only lists microphones; leave out --mic"),
        (["--pace", "2"], "--pace applies to a file or a pipe; give it with --from"),
        (["--pace", "2", "--from", "http://a/b"], "--pace applies to a file or a pipe"),
        (["--from", "ftp://a/b"], "is not an address of http, https, rtsp, rtsps"),
        (["--from", "a.wav", "--pace", "-1"], "--pace -1.0 is out of range"),
        (["--duration", "0"], "--duration 0.0 is out of range"),
        (["--threshold", "2"], "'--threshold': invalid threshold '2'"),
        (["--median", "-1"], "'--median': -1.0"),
    ],
)
def test_wrong_usage(arguments, words):
    result = listen(*arguments)
    assert result.returncode == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())


def test_a_missing_file(tiny_stream_checkpoint):
    result = listen("--from", "nosuch.wav", "--model", tiny_stream_checkpoint)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "panns: nosuch.wav: no such file; check the path\n"


def test_a_pipe_answers_before_it_ends(tiny_stream_checkpoint, sound):
    reading, writing = os.pipe()
    has_answered = threading.Event()

    def send():
        with os.fdopen(writing, "wb", buffering=0) as sender:
            sender.write(sound.read_bytes()[: 3 * 4 * 32_000])
            has_answered.wait()

    threading.Thread(target=send, daemon=True).start()
    with os.fdopen(reading, "rb") as pipe:
        process = start(
            "--from", "-", "--pace", "0", "--json", "--model", tiny_stream_checkpoint, *SETTINGS, stdin=pipe
        )
    while json.loads(process.stdout.readline())["type"] != "end":
        pass
    has_answered.set()
    rest, errors = process.communicate(timeout=600)
    assert process.returncode == 0
    assert records_of(rest)[-1]["time_s"] == pytest.approx(3, abs=0.01)
    assert "before the end that its header declares" in errors


def test_an_address_is_heard(tiny_stream_checkpoint, sound):
    pytest.importorskip("av")
    with http_server(files(sound.parent)) as address:
        result = listen("--from", f"{address}/{sound.name}", "--json", "--model", tiny_stream_checkpoint, *SETTINGS)
    first, *_, last = records_of(succeed(result))
    assert first["source"] == f"{address}/{sound.name}"
    assert last["time_s"] == pytest.approx(4, abs=0.01)


def test_a_lost_connection_is_reported_and_heard_again(tiny_stream_checkpoint):
    pytest.importorskip("av")
    tones = tone(1.0, sample_rate=16_000)
    data, connections = encoded("adts", np.stack([tones, -tones], axis=1), "aac", 16_000), []
    with http_server(radio(data, connections, n_endless=1)) as address:
        result = listen("--from", f"{address}/live", "--json", "--model", tiny_stream_checkpoint, *SETTINGS)
    assert len(connections) == 2
    assert records_of(succeed(result))[-1]["time_s"] > 1.8
    _, gone, back, _, warning = result.stderr.splitlines()
    assert gone == f"panns: {address}/live: the stream broke off (Input/output error); waiting up to 60 s for it"
    assert re.fullmatch(rf"panns: {address}/live is back after \d+\.\d s, replaced by silence", back)
    assert warning.startswith(f"panns: warning: {address}/live: the channels cancel each other for ")


def test_warnings_come_also_before_an_error(tiny_stream_checkpoint):
    pytest.importorskip("av")
    tones = tone(1.0, sample_rate=16_000)
    data = encoded("adts", np.stack([tones, -tones], axis=1), "aac", 16_000)
    with http_server(radio(data, [], n_served=1)) as address:
        result = listen("--from", f"{address}/live", "--wait", "0", "--model", tiny_stream_checkpoint, *SETTINGS)
    assert result.returncode == 1
    *_, warning, failure = result.stderr.splitlines()
    assert "the channels cancel each other for " in warning
    assert "/live has been gone for 0 s (" in failure
