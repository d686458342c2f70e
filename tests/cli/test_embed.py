import json
import os
import shutil
import sys
from unittest import mock

import numpy as np
import pytest

import panns
from tests.commands import run_panns, succeed


@pytest.fixture
def embed(tiny_checkpoint):
    """`panns embed` with the tiny model."""
    return lambda *arguments, **keywords: run_panns("embed", *arguments, "--model", tiny_checkpoint, **keywords)


@pytest.fixture(scope="module")
def expected(tiny_checkpoint, sound_folder):
    recognizer = panns.load(tiny_checkpoint)
    return [recognizer.embed(sound_folder / name) for name in ("a.wav", "c.flac")]


def test_npz(embed, expected, sound_folder, tmp_path):
    result = embed("a.wav", "c.flac", "-o", tmp_path / "out.npz", cwd=sound_folder)
    assert (succeed(result), result.stderr) == ("", "")
    with np.load(tmp_path / "out.npz") as content:
        assert set(content.files) == {"path", "duration_s", "embedding", "model"}
        assert content["path"].tolist() == ["a.wav", "c.flac"]
        assert content["duration_s"].tolist() == [2.0, 1.0]
        assert content["embedding"].dtype == np.float32
        np.testing.assert_array_equal(content["embedding"], [one.vector for one in expected])
        assert str(content["model"]) == "cnn6"
    assert [path.name for path in tmp_path.iterdir()] == ["out.npz"]


def test_parquet(embed, expected, sound_folder, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    succeed(embed("a.wav", "c.flac", "-o", tmp_path / "out.parquet", cwd=sound_folder))
    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["path", "duration_s", "embedding"]
    assert table["path"].to_pylist() == ["a.wav", "c.flac"]
    assert table["duration_s"].to_pylist() == [2.0, 1.0]
    kind = table.schema.field("embedding").type
    assert (str(kind.value_type), kind.list_size) == ("float", 16)
    np.testing.assert_array_equal(table["embedding"].to_pylist(), [one.vector for one in expected])
    assert table.schema.metadata[b"panns.model"] == b"cnn6"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such file names")
@pytest.mark.parametrize("suffix", ["npz", "parquet"])
def test_a_file_name_that_is_not_text(embed, sound, tmp_path, suffix):
    shutil.copy(sound, tmp_path / os.fsdecode(b"\xff\xc3\xa9.wav"))
    output = tmp_path / f"out.{suffix}"
    succeed(embed(".", "-o", output, cwd=tmp_path))
    if suffix == "npz":
        with np.load(output) as content:
            paths = content["path"].tolist()
    else:
        paths = pytest.importorskip("pyarrow.parquet").read_table(output)["path"].to_pylist()
    assert paths == ["./\\xff\xe9.wav"]


def test_json(embed, expected, sound_folder):
    lines = succeed(embed("a.wav", "c.flac", "--json", cwd=sound_folder)).splitlines()
    answers = [json.loads(line) for line in lines]
    assert [list(answer) for answer in answers] == [["file", "duration_s", "model", "embedding"]] * 2
    assert [answer["embedding"] for answer in answers] == [one.to_dict()["embedding"] for one in expected]


def test_good_files_are_written_although_one_failed(embed, sound_folder, tmp_path):
    result = embed(".", "-o", tmp_path / "out.npz", cwd=sound_folder)
    assert result.returncode == 1
    assert result.stderr.startswith("panns: ./b.wav: ")
    with np.load(tmp_path / "out.npz") as content:
        assert content["path"].tolist() == ["./a.wav", "./c.flac", "./sub/d.WAV"]


def test_no_file_without_an_embedding(embed, sound_folder, tmp_path):
    result = embed("b.wav", "-o", tmp_path / "out.npz", cwd=sound_folder)
    assert result.returncode == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give one of -o FILE and --json"),
        (("-o", "out.npz", "--json"), "give one of -o FILE and --json"),
        (("-o", "out.csv"), "-o out.csv ends in .csv; use one of .npz, .parquet"),
        (("-o", "out"), "-o out ends in nothing; use one of"),
        (("-o", "nosuch/out.npz"), "create it first"),
        (("-o", "folder.npz"), "-o folder.npz is a folder"),
    ],
)
def test_refused_outputs(embed, sound, tmp_path, arguments, words):
    (tmp_path / "folder.npz").mkdir()
    result = embed(sound, *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr


def test_a_folder_without_permission(embed, sound, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", mock.Mock(side_effect=OSError(13, "Permission denied")))
    result = embed(sound, "-o", tmp_path / "out.npz")
    assert (result.returncode, result.stdout) == (2, "")
    words = f"-o {tmp_path / 'out.npz'}: nothing can be written to the folder {tmp_path} (Permission denied)"
    assert words in " ".join(result.stderr.split())


def test_a_model_without_embedding_is_wrong_usage(tiny_frames_checkpoint, sound):
    result = run_panns("embed", sound, "--json", "--model", tiny_frames_checkpoint)
    assert (result.returncode, result.stdout) == (2, "")
    assert "has no embedding" in " ".join(result.stderr.split())
