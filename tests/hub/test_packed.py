"""Packed checkpoints: what is packed is what is loaded, and hostile files are refused."""

import io
import json
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import panns
from panns.checkpoints.checkpoint import Checkpoint, open_checkpoint
from panns.checkpoints.manifest import FileDigest, ModelManifest
from panns.errors import CheckpointError
from panns.hub.packed import open_packed, pack
from panns.hub.resolve import resolve
from panns.models.registry import find_model, shipped_checkpoint
from panns.system.cache_folder import cache_dir
from tests.sounds import tone


@pytest.fixture(scope="module")
def folder():
    """A real model of 2 MB that needs no torch."""
    return shipped_checkpoint(find_model("stream").shipped)


@pytest.fixture(scope="module")
def packed_file(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / "model.panns"
    pack(open_checkpoint(folder), path)
    return path


def rewritten(packed_file, path, **changes):
    """A packed file with other members: by name their bytes, None to leave one out, or a function of the bytes."""
    with zipfile.ZipFile(packed_file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, change in changes.items():
        name = name.replace("__", "/").replace("_", ".")
        content = change(members.get(name)) if callable(change) else change
        members.pop(name, None) if content is None else members.update({name: content})
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def refused(path, words):
    with pytest.raises(CheckpointError) as caught:
        open_packed(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [one.name for one in cache_dir().glob("packed/*") if not one.name.endswith(".lock")] == []


def test_scores_are_those_of_the_folder(folder, packed_file):
    sound = tone(1.0)[None]
    ours, theirs = (panns.load(str(model), n_threads=1).run(sound) for model in (packed_file, folder))
    np.testing.assert_array_equal(ours.clip_probs, theirs.clip_probs)
    assert panns.load(packed_file).fingerprint == panns.load("stream").fingerprint


def test_it_is_unpacked_once(packed_file):
    first = resolve(packed_file)
    before = {file.name: file.stat().st_mtime_ns for file in first.path.iterdir()}
    assert resolve(packed_file).path == first.path
    assert {file.name: file.stat().st_mtime_ns for file in first.path.iterdir()} == before


def test_a_damaged_copy_is_unpacked_again(packed_file):
    copy = open_packed(packed_file)
    (copy.path / "model.safetensors").write_bytes(b"damaged")
    again = open_packed(packed_file)
    again.verify()
    assert again.path == copy.path


def test_equal_folders_give_equal_files(folder, packed_file, tmp_path):
    pack(open_checkpoint(folder), tmp_path / "again.panns")
    assert (tmp_path / "again.panns").read_bytes() == packed_file.read_bytes()
    with zipfile.ZipFile(packed_file) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"model.json", *open_checkpoint(folder).manifest.files}
        assert archive.read("model.safetensors") == (folder / "model.safetensors").read_bytes()


def test_an_exported_file_is_not_packed(folder, tmp_path):
    (tmp_path / "tiny.onnx").touch()
    with pytest.raises(CheckpointError, match=r"tiny\.onnx is one file already; send it as it is"):
        pack(Checkpoint(tmp_path / "tiny.onnx", open_checkpoint(folder).manifest), tmp_path / "a.panns")


def test_a_damaged_checkpoint_is_not_packed(folder, tmp_path):
    checkpoint = open_checkpoint(folder)
    broken = replace(checkpoint.manifest, files={"model.safetensors": FileDigest(5, "0" * 64)})
    with pytest.raises(CheckpointError, match="differs from the size or digest"):
        pack(Checkpoint(folder, broken), tmp_path / "a.panns")
    assert not (tmp_path / "a.panns").exists()


def with_files(**files):
    """A function that gives a manifest other files."""

    def change(text):
        plain = json.loads(text)
        del plain["sha256"]
        plain["files"] = {name.replace("__", "/").replace("_", "."): one for name, one in files.items()}
        return json.dumps(plain).encode()

    return change


ENTRY = {"n_bytes": 4, "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_json": None}, "it has no model.json"),
        ({"model_json": b"{"}, "is not a valid manifest"),
        ({"model_json": b"\xff"}, "not a packed checkpoint"),
        ({"model_safetensors": None}, "'model.safetensors' has nothing, and model.json lists 1,419,326"),
        ({"model_safetensors": lambda data: data[:-1]}, "and model.json lists"),
        ({"model_safetensors": lambda data: data[:-1] + b"x"}, "differs from the size or digest"),
        ({"more_txt": b"hello"}, "'more.txt' has 5 bytes, and model.json lists nothing"),
        ({"..__evil_onnx": b"x"}, "lists nothing"),
        ({"model_json": with_files(evil_bin=ENTRY)}, "lists 'evil.bin'"),
        ({"model_json": with_files()}, "lists no file"),
        ({"model_json": with_files(model_safetensors={"n_bytes": 1 << 60, "sha256": "0" * 64})}, "bytes; a shared"),
        ({"model_json": with_files(model_safetensors={"n_bytes": -1, "sha256": "0" * 64})}, "n_bytes=-1"),
        ({"model_json": with_files(model_safetensors={"n_bytes": 4, "sha256": "x"})}, "64 lower-case"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_other_members_are_refused(packed_file, tmp_path, changes, words):
    refused(rewritten(packed_file, tmp_path / "bad.panns", **changes), words)


@pytest.mark.parametrize("name", ["../evil.bin", "/etc/passwd", "..\\evil.bin", "a/b", ".hidden", "C:evil", ""])
def test_a_manifest_names_no_file_outside_its_folder(folder, name):
    plain = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    del plain["sha256"]
    plain["files"] = {name: ENTRY}
    with pytest.raises(CheckpointError, match="without separators"):
        ModelManifest.from_json(json.dumps(plain), where="here")


def test_a_path_out_of_the_folder_is_refused(packed_file, tmp_path):
    path = tmp_path / "bad.panns"
    path.write_bytes(packed_file.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil", b"x")
    refused(path, "'../../evil' has 1 bytes, and model.json lists nothing")
    assert not list(tmp_path.rglob("evil"))


def test_duplicate_members_are_refused(packed_file, tmp_path):
    path = tmp_path / "bad.panns"
    path.write_bytes(packed_file.read_bytes())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("model.json", b"{}")
    refused(path, "two parts named 'model.json'")


def test_compressed_members_are_refused(folder, tmp_path):
    """So a small file cannot unpack to a large one."""
    path = tmp_path / "bomb.panns"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "model.json", "model.json")
        archive.writestr("model.safetensors", bytes(10_000_000))
    assert path.stat().st_size < 200_000
    refused(path, "'model.json' is compressed or encrypted")


def test_overlapping_members_are_refused(packed_file, tmp_path):
    data = bytearray(packed_file.read_bytes())
    directory = int.from_bytes(data[-6:-2], "little")
    first_place = directory + 42
    second = data.index(b"PK\x01\x02", directory + 4)
    data[second + 42 : second + 46] = data[first_place : first_place + 4]  # the second member begins at the first
    (tmp_path / "bad.panns").write_bytes(data)
    refused(tmp_path / "bad.panns", "damaged")


def test_a_list_of_a_million_members_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "bad.panns"
    path.write_bytes(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65_535, 65_535, 1 << 20, 0, 0))
    monkeypatch.setattr(zipfile, "ZipFile", None)
    path.write_bytes(bytes(100) + path.read_bytes())
    refused(path, "it has 65535 parts")


def test_the_end_record_of_large_files_is_refused(packed_file, tmp_path):
    """It would replace the numbers that were checked."""
    data = packed_file.read_bytes()
    (tmp_path / "bad.panns").write_bytes(data[:-22] + b"PK\x06\x07" + bytes(16) + data[-22:])
    refused(tmp_path / "bad.panns", "its end is missing")


@pytest.mark.parametrize("n_kept", [0, 10, 22, 30_000, -1, -22])
def test_truncated_files_are_refused(packed_file, tmp_path, n_kept):
    (tmp_path / "cut.panns").write_bytes(packed_file.read_bytes()[:n_kept])
    refused(tmp_path / "cut.panns", "damaged, or not a packed checkpoint")


def test_a_comment_and_more_bytes_are_refused(packed_file, tmp_path):
    (tmp_path / "more.panns").write_bytes(packed_file.read_bytes() + b"more")
    refused(tmp_path / "more.panns", "its end is missing")


def test_changed_bytes_never_change_an_answer(packed_file, tmp_path):
    """Any change is refused, or is in a byte that nothing reads, such as a date."""
    data = packed_file.read_bytes()
    directory = int.from_bytes(data[-6:-2], "little")
    drawn = np.random.default_rng(0)
    places = [*drawn.integers(0, len(data), 10), *drawn.integers(directory, len(data), 20)]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    for i, place in enumerate(places):
        changed = bytearray(data)
        changed[place] ^= 1 << int(drawn.integers(8))
        path = tmp_path / f"{i}.panns"
        path.write_bytes(changed)
        try:
            checkpoint = open_packed(path)
        except CheckpointError as exc:
            assert str(path) in str(exc) or "packed" in str(exc)  # noqa: PT017
            continue
        assert {name: (checkpoint.path / name).read_bytes() for name in content} == content


def test_a_missing_file_and_a_folder_of_that_name(tmp_path):
    with pytest.raises(panns.UnknownModel, match=r"no file or folder .*none\.panns"):
        panns.load(tmp_path / "none.panns")
    (tmp_path / "folder.panns").mkdir()
    with pytest.raises(CheckpointError, match=r"folder\.panns has no model\.json"):
        panns.load(tmp_path / "folder.panns")
