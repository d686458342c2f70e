import csv
import io
import json
import os
import shutil
import subprocess
import sys

import pytest

import panns
from tests.commands import needs_posix, own_environment, run_panns, run_python, succeed
from tests.sounds import tone, write_wav


@pytest.fixture
def tag(tiny_checkpoint):
    """`panns tag` with the tiny model."""
    return lambda *arguments, **keywords: run_panns("tag", *arguments, "--model", tiny_checkpoint, **keywords)


@pytest.fixture(scope="module")
def recognizer(tiny_checkpoint):
    return panns.load(tiny_checkpoint)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_table(tag, sound, recognizer):
    result = tag(sound)
    title, *rows = succeed(result).splitlines()
    assert title == f"{sound}  2.0 s"
    assert rows == [f"  {one.score:6.3f}  {one.label}" for one in recognizer.tag(sound)]
    assert len(rows) == 5
    assert result.stderr == ""  # no progress bar without a terminal


def test_json_is_the_result_of_python(tag, sound, recognizer):
    (answer,) = json_lines(succeed(tag(sound, "--json", "--top", "527")))
    assert list(answer) == ["file", "duration_s", "model", "tags"]
    assert {tuple(one) for one in answer["tags"]} == {("label", "label_zh", "index", "score")}
    assert answer == recognizer.tag(sound, top=None).to_dict()  # so scores are not rounded


def test_csv(tag, sound, recognizer):
    header, *rows = csv.reader(io.StringIO(succeed(tag(sound, "--csv", "--top", "2"))))
    assert header == ["file", "span", "onset_s", "offset_s", "index", "label", "label_zh", "score"]
    expected = recognizer.tag(sound, top=2)
    assert rows == [
        [str(sound), "sound", "0.0", "2.0", str(one.index), one.label, one.label_zh, str(one.score)] for one in expected
    ]


def test_a_bad_file_does_not_stop_the_others(tag, sound_folder):
    result = tag("a.wav", "b.wav", "nosuch.wav", "c.flac", "--json", "--top", "1", cwd=sound_folder)
    assert result.returncode == 1
    answers = json_lines(result.stdout)
    assert [answer["file"] for answer in answers] == ["a.wav", "b.wav", "nosuch.wav", "c.flac"]
    assert ["error" in answer for answer in answers] == [False, True, True, False]
    assert list(answers[1]) == ["file", "error"]
    assert answers[2]["error"] == "nosuch.wav: no such file; check the path"
    assert result.stderr.splitlines() == [f"panns: {answer['error']}" for answer in answers[1:3]]


@pytest.mark.parametrize("output", [(), ("--csv",)])
def test_a_bad_file_is_reported_on_stderr_only(tag, sound_folder, output):
    result = tag("b.wav", "c.flac", *output, cwd=sound_folder)
    assert result.returncode == 1
    assert "b.wav" not in result.stdout
    assert "c.flac" in result.stdout
    assert result.stderr.startswith("panns: b.wav: ")


def test_a_folder_stands_for_the_sounds_below_it(tag, sound_folder):
    result = tag(".", "--json", cwd=sound_folder)
    assert result.returncode == 1
    assert [answer["file"] for answer in json_lines(result.stdout)] == ["./a.wav", "./b.wav", "./c.flac", "./sub/d.WAV"]


def test_glob_patterns_are_expanded(tag, sound_folder):
    """The shells of Windows do not expand them."""
    answers = json_lines(succeed(tag("**/*.[Wf]*", "a.*", "--json", cwd=sound_folder)))
    assert [answer["file"] for answer in answers] == ["c.flac", "sub/d.WAV", "a.wav"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no*.wav", "matches no file; check the pattern"),
        ("nosuch.wav", "no such file"),
        ("empty", "contains no sound file"),
        ("x" * 300 + ".wav", "cannot be opened (File name too long)"),
    ],
)
def test_a_path_without_a_sound_does_not_stop_the_others(tag, tmp_path, sound, path, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").touch()
    result = tag(path, sound, "--json", cwd=tmp_path)
    assert result.returncode == 1
    failed, good = json_lines(result.stdout)
    assert failed["file"] == path
    assert words in failed["error"]
    assert good["file"] == str(sound)
    assert words in result.stderr


def test_standard_input(tag, sound, recognizer):
    (answer,) = json_lines(succeed(tag("-", "--json", stdin=sound.read_bytes())))
    assert answer == recognizer.tag(sound).to_dict() | {"file": "-"}


def test_empty_standard_input(tag):
    result = tag("-", "--json")
    assert result.returncode == 1
    assert json_lines(result.stdout) == [{"file": "-", "error": "<stdin>: empty, 0 bytes; give a sound file"}]


def test_a_truncated_file_is_tagged_with_a_warning(tag, sound, tmp_path):
    cut = tmp_path / "cut.wav"
    cut.write_bytes(sound.read_bytes()[: sound.stat().st_size // 2])
    result = tag(cut, "--json")
    (answer,) = json_lines(succeed(result))
    assert len(answer["tags"]) == 5
    assert result.stderr == f"panns: warning: {cut}: {answer['warnings'][0]}\n"
    assert "are missing" in result.stderr


def test_timeline(tag, long_sound):
    (answer,) = json_lines(succeed(tag(long_sound, "--timeline", "--top", "1", "--json")))
    assert list(answer) == ["file", "duration_s", "model", "tags", "windows"]
    assert [list(window) for window in answer["windows"]] == [["onset_s", "offset_s", "tags"]] * 4
    spans = [(window["onset_s"], window["offset_s"]) for window in answer["windows"]]
    assert spans == [(0, 10), (10, 20), (20, 30), (30, 35)]
    table = succeed(tag(long_sound, "--timeline", "--top", "1")).splitlines()
    assert [line for line in table if " to " in line] == ["  0 to 10 s", "  10 to 20 s", "  20 to 30 s", "  30 to 35 s"]
    rows = succeed(tag(long_sound, "--timeline", "--top", "1", "--csv")).splitlines()[1:]
    assert [row.split(",")[1:4] for row in rows] == [
        ["sound", "0.0", "35.0"],
        *(["window", str(a), str(b)] for a, b in spans),
    ]


def test_chinese_labels(tag, sound, recognizer):
    rows = succeed(tag(sound, "--lang", "zh")).splitlines()[1:]
    assert rows == [f"  {one.score:6.3f}  {one.label_zh}" for one in recognizer.tag(sound)]


def test_top_and_threshold(tag, sound, recognizer):
    limit = recognizer.tag(sound)[2].score
    (answer,) = json_lines(succeed(tag(sound, "--json", "--top", "10", "--threshold", str(limit))))
    assert len(answer["tags"]) == 3
    assert "nothing above the threshold" in succeed(tag(sound, "--threshold", "1"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Missing argument"),
        (("-", "a.wav", "-"), "standard input (-) can be read only once"),
        (("a.wav", "--json", "--csv"), "give one of --json and --csv, not both"),
        (("a.wav", "--top", "0"), "--top"),
        (("a.wav", "--threshold", "1.5"), "--threshold"),
        (("a.wav", "--backend", "tensorrt"), "'onnx', 'torch', 'openvino'"),
        (("a.wav", "--lang", "fr"), "'en', 'zh'"),
        (("a.wav", "--nosuch"), "--nosuch"),
        (("a.wav", "--model", "cn14"), "no model 'cn14'; did you mean 'cnn14'?"),
    ],
)
def test_wrong_usage_is_exit_2(arguments, words):
    result = run_panns("tag", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--model", "mn04_as"), 1, "`panns models fetch mn04_as`"),
        (("--model", "cnn6", "--weights", "nosuch.pth"), 1, "no file nosuch.pth"),
        (("--model", "no/such"), 2, "no file or folder no/such"),
        (("--device", "mps"), 1, "device='mps' is not available on the backend 'onnx'"),
    ],
)
def test_models_that_cannot_run(tag, sound, arguments, status, words):
    result = run_panns("tag", sound, *arguments) if "--model" in arguments else tag(sound, *arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_other_backends(tag, sound, recognizer, backend):
    (answer,) = json_lines(succeed(tag(sound, "--json", "--backend", backend)))
    expected = recognizer.tag(sound)
    assert [one["index"] for one in answer["tags"]] == [one.index for one in expected]
    assert [one["score"] for one in answer["tags"]] == pytest.approx([one.score for one in expected], abs=1e-4)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_is_valid_in_every_encoding(tag, sound, recognizer, encoding, tmp_path):
    shutil.copy(sound, tmp_path / "\U0001f436 caf\xe9.wav")
    (answer,) = json_lines(succeed(tag(".", "--json", cwd=tmp_path, encoding=encoding)))
    assert answer["file"] == "./\U0001f436 caf\xe9.wav"
    assert [one["label_zh"] for one in answer["tags"]] == [one.label_zh for one in recognizer.tag(sound)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such file names")
def test_a_file_name_that_is_not_text(tag, sound, tmp_path):
    name = os.fsdecode(b"\xff.wav")
    shutil.copy(sound, tmp_path / name)
    (answer,) = json_lines(succeed(tag(".", "--json", cwd=tmp_path)))
    assert answer["file"] == f"./{name}"
    assert "2.0 s" in succeed(tag(".", cwd=tmp_path))


@needs_posix
def test_control_characters_in_names_are_escaped(tag, sound, tmp_path):
    name = "a\x1b[2J\nb.wav"
    shutil.copy(sound, tmp_path / name)
    (tmp_path / f"bad{name}").write_text("no sound")
    result = tag(".", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.splitlines()[0] == "./a\\x1b[2J\\nb.wav  2.0 s"
    assert "./bada\\x1b[2J\\nb.wav" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stdout + result.stderr
    good, bad = json_lines(tag(".", "--json", cwd=tmp_path).stdout)
    assert (good["file"], bad["file"]) == (f"./{name}", f"./bad{name}")


CLOSED = """
import os, sys
os.close(int(sys.argv[1]))
os.execv(sys.executable, [sys.executable, "-m", "panns", *sys.argv[2:]])
"""


@needs_posix
@pytest.mark.parametrize(("stream", "output"), [(0, "--top=1"), (1, "--csv"), (2, "--json")])
def test_closed_standard_streams(tiny_checkpoint, sound_folder, stream, output):
    result = run_python(
        CLOSED, str(stream), "tag", "a.wav", "b.wav", "-", output, "--model", tiny_checkpoint, cwd=sound_folder
    )
    assert result.returncode == 1
    assert ("a.wav" in result.stdout) is (stream != 1)
    assert ("b.wav" in result.stderr) is (stream != 2)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk here")  # noqa: PTH110 - a device
def test_a_full_disk(tiny_checkpoint, sound):
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        command = [sys.executable, "-m", "panns", "tag", sound, "--json", "--model", tiny_checkpoint]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=own_environment(), check=False)
    assert done.returncode == 1
    assert done.stderr == b"panns: [Errno 28] No space left on device\n"


def test_results_of_many_files_are_in_order(tag, tmp_path):
    names = [f"{i:03}.wav" for i in range(40)]
    for i, name in enumerate(names):
        write_wav(tmp_path / name, tone(2.0 if i % 7 == 0 else 0.05))
    answers = json_lines(succeed(tag(*names, "--json", cwd=tmp_path)))
    assert [answer["file"] for answer in answers] == names
