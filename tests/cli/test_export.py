import json
import re

import onnx
import pytest

from tests.commands import WITHOUT_TORCH, run_panns, run_python, succeed


@pytest.mark.slow
def test_export_then_tag(tiny_checkpoint, sound, tmp_path):
    path = tmp_path / "tiny.onnx"
    result = run_panns("export", tiny_checkpoint, "-o", path)
    line = (
        r"(.*)  \d+\.\d MB  input waveform \(batch, samples\) at 32000 Hz; "
        r"log-mel within \S+ dB, scores of one log-mel within \S+ of the network\n"
    )
    assert re.fullmatch(line, succeed(result))[1] == str(path)
    assert [file.name for file in tmp_path.iterdir()] == ["tiny.onnx"]
    by_file = json.loads(succeed(run_panns("tag", sound, "--json", "--model", path)))
    by_folder = json.loads(succeed(run_panns("tag", sound, "--json", "--model", tiny_checkpoint)))
    assert [tag.pop("score") for tag in by_file["tags"]] == pytest.approx(
        [tag.pop("score") for tag in by_folder["tags"]], abs=1e-4
    )
    assert by_file == by_folder


@pytest.mark.slow
def test_log_mel_input(tiny_checkpoint, tmp_path):
    path = tmp_path / "tiny.onnx"
    result = run_panns("export", tiny_checkpoint, "-o", path, "--frontend", "outside")
    assert "input log-mel (batch, frames, mels)" in succeed(result)
    assert [one.name for one in onnx.load(path).graph.input] == ["features"]


@pytest.mark.slow
def test_published_weights(real_cache, sound, tmp_path):
    path = tmp_path / "mn04.onnx"
    cache = {"PANNS_CACHE": str(real_cache)}
    succeed(run_panns("export", "mn04_as", "-o", path, **cache))
    by_file = succeed(run_panns("tag", sound, "--model", path, PANNS_CACHE=str(tmp_path)))
    assert by_file == succeed(run_panns("tag", sound, "--model", "mn04_as", **cache))


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("a.tflite", "ends in .tflite; use .onnx"),
        ("nosuch/a.onnx", "create it first"),
        ("folder.onnx", "is a folder"),
    ],
)
def test_refused_outputs(tiny_checkpoint, tmp_path, output, words):
    (tmp_path / "folder.onnx").mkdir()
    result = run_panns("export", tiny_checkpoint, "-o", output, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr


def test_without_torch(tiny_checkpoint, tmp_path):
    code = WITHOUT_TORCH + "from panns.cli.main import main; main()"
    result = run_python(code, "export", tiny_checkpoint, "-o", tmp_path / "a.onnx")
    message = "exporting needs the package 'torch'; install it with: pip install 'panns-audio[export]'"
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"panns: {message}\n")


def test_missing_weights(tmp_path):
    result = run_panns("export", "mn04_as", "-o", tmp_path / "a.onnx")
    assert result.returncode == 1
    assert "`panns models fetch mn04_as`" in result.stderr
    assert list(tmp_path.iterdir()) == []
