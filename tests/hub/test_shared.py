"""Models of an address, from servers on this machine."""

import hashlib
import json
import pickle
import shutil
import socket

import numpy as np
import pytest

import panns
from panns.checkpoints.checkpoint import open_checkpoint
from panns.errors import CheckpointError, DownloadError
from panns.hub import shared
from panns.hub.addresses import read_address
from panns.hub.packed import SHARED_FILES, pack
from panns.hub.shared import fetch_shared, list_shared, shared_checkpoint, shared_dir
from panns.models.registry import find_model, shipped_checkpoint
from tests.audio.live.certificate import server_tls
from tests.audio.live.servers import files, http_server
from tests.sounds import tone

FOLDER = shipped_checkpoint(find_model("stream").shipped)
CONTENT = {
    file.name: file.read_bytes() for file in FOLDER.iterdir() if file.suffix in {".json", ".safetensors", ".onnx"}
}
FILES = tuple(open_checkpoint(FOLDER).manifest.files)
WEIGHTS = CONTENT["model.safetensors"]


@pytest.fixture
def address(server):
    """A checkpoint folder at an address."""
    server.files = {f"/m/{name}": data for name, data in CONTENT.items()}
    return f"http://127.0.0.1:{server.server_port}/m"


@pytest.fixture(scope="module")
def packed_data(tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / "model.panns"
    pack(open_checkpoint(FOLDER), path)
    return path.read_bytes()


def fetch(address, **options):
    return fetch_shared(read_address(address), **options)


def left_over():
    """What failed downloads leave: locks and unfinished downloads, but no checkpoint."""
    return [one.name for one in shared_dir().iterdir() if not one.name.startswith(".")]


def stop_after(n_bytes):
    """A progress callback that ends a download."""

    def on_progress(progress):
        if progress.done >= n_bytes:
            raise KeyboardInterrupt

    return on_progress


def test_a_folder_is_loaded_and_scores_alike(address, server):
    recognizer = panns.load(address, n_threads=1)
    ours, theirs = recognizer.run(tone(1.0)), panns.load("stream", n_threads=1).run(tone(1.0))
    np.testing.assert_array_equal(ours.clip_probs, theirs.clip_probs)
    assert sorted(server.paths) == sorted(f"/m/{name}" for name in ("model.json", *FILES))


def test_it_is_downloaded_once_and_then_needs_no_network(address, server):
    first = shared_checkpoint(address)
    server.files = {}
    n_requests = len(server.paths)
    assert shared_checkpoint(address) == shared_checkpoint(f"{address}/") == shared_checkpoint(f"{address}/model.json")
    assert len(server.paths) == n_requests
    assert list_shared() == [(address, first)]


def test_a_copy_in_another_process_is_loaded_from_the_cache(address, server, tmp_path, monkeypatch):
    recognizer = panns.load(address, n_threads=1)
    server.files = {}
    monkeypatch.chdir(tmp_path)
    copy = pickle.loads(pickle.dumps(recognizer))  # noqa: S301 - our own
    assert copy.fingerprint == recognizer.fingerprint


@pytest.mark.parametrize("suffix", [".panns", pytest.param(".onnx", marks=pytest.mark.slow)])
def test_one_file(server, packed_data, suffix, request):
    data = packed_data if suffix == ".panns" else request.getfixturevalue("exported_file").read_bytes()
    server.files = {f"/model{suffix}": data, f"/model{suffix}?download=1": data}
    address = f"http://127.0.0.1:{server.server_port}/model{suffix}"
    digest = hashlib.sha256(data).hexdigest()
    checkpoint = shared_checkpoint(f"{address}?download=1#sha256={digest}")
    assert checkpoint.is_exported_file == (suffix == ".onnx")
    server.files = {}
    assert shared_checkpoint(f"{address}?download=1") == checkpoint
    assert np.isfinite(panns.load(f"{address}?download=1").run(tone(1.0)).clip_probs).all()


def test_a_repository_of_hugging_face(server, monkeypatch):
    server.files = {f"/me/birds/resolve/v1/{name}": data for name, data in CONTENT.items()}
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    assert shared_checkpoint("hf:me/birds@v1").manifest.architecture == "stream"
    with pytest.raises(DownloadError, match=r"/me/birds/resolve/main/model\.json: the server replied 404"):
        shared_checkpoint("hf:me/birds")


def test_tls_and_redirects(server, tmp_path, monkeypatch):
    """As Hugging Face does: the weights are on another server."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    tls, certificate = server_tls(tmp_path, "localhost")
    shutil.copytree(FOLDER, tmp_path / "site" / "m")
    with http_server(files(tmp_path / "site"), tls) as site:
        address = f"{site}/m"
        with pytest.raises(DownloadError, match="untrusted server certificate"):
            fetch(address, retries=0)
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        assert fetch(address).manifest.architecture == "stream"
        server.plan = [(302, f"{site}/m/{name}") for name in ("model.json", *sorted(FILES, key=SHARED_FILES.index))]
        server.files = {f"/m/{name}": b"" for name in CONTENT}
        assert fetch(f"http://127.0.0.1:{server.server_port}/m").manifest.architecture == "stream"
        server.plan = [(302, "http://example.org/m/model.json")]
        with pytest.raises(DownloadError, match=r"302 redirect to http://example\.org/m/model\.json, not https"):
            fetch(f"http://127.0.0.1:{server.server_port}/m")


def test_an_interrupted_download_resumes(address, server):
    with pytest.raises(KeyboardInterrupt):
        fetch(address, on_progress=stop_after(600_000))
    assert left_over() == []
    server.ranges.clear()
    assert fetch(address).manifest.architecture == "stream"
    n_kept = int(server.ranges[1].removeprefix("bytes=").removesuffix("-"))
    assert 600_000 <= n_kept < len(WEIGHTS)
    assert [one for one in shared_dir().iterdir() if one.name.endswith(".part")] == []


def test_progress_covers_all_files(address):
    calls = []
    fetch(address, on_progress=calls.append)
    total = sum(len(CONTENT[name]) for name in FILES)
    assert {call.total for call in calls} == {total}
    assert calls[-1].done == total
    assert [call.done for call in calls] == sorted(call.done for call in calls)


def test_a_new_version_is_fetched_on_demand(address, server):
    first = shared_checkpoint(address)
    plain = json.loads(CONTENT["model.json"]) | {"source": "version two"}
    del plain["sha256"]
    server.files["/m/model.json"] = json.dumps(plain).encode()
    assert shared_checkpoint(address) == first
    assert fetch(address).manifest.source == "version two"
    assert shared_checkpoint(address).manifest.source == "version two"
    server.paths.clear()
    fetch(address)
    assert server.paths == ["/m/model.json"]


def test_a_failed_update_keeps_the_old_version(address, server):
    first = shared_checkpoint(address)
    plain = json.loads(CONTENT["model.json"])
    plain["files"]["model.safetensors"]["sha256"] = "0" * 64
    del plain["sha256"]
    server.files["/m/model.json"] = json.dumps(plain).encode()
    with pytest.raises(DownloadError, match=f"model.safetensors is not the published file: expected sha256 {'0' * 64}"):
        fetch(address)
    server.files = {}
    assert shared_checkpoint(address) == first
    first.verify()


def test_a_damaged_copy_is_named_and_mended(address):
    checkpoint = shared_checkpoint(address)
    (checkpoint.path / "model.json").write_text("{")
    with pytest.raises(CheckpointError, match=f"run `panns models fetch {address}` to download it again"):
        shared_checkpoint(address)
    assert list_shared() == []
    fetch(address)
    (checkpoint.path / "model.safetensors").write_bytes(WEIGHTS[:-1])
    with pytest.raises(CheckpointError, match=r"model\.safetensors differs.*panns models fetch. and the name or addr"):
        shared_checkpoint(address).verify()
    fetch(address)
    shared_checkpoint(address).verify()


DIGEST = hashlib.sha256(CONTENT["model.json"]).hexdigest()


def test_a_digest_in_the_address_is_compared(address, server):
    assert shared_checkpoint(f"{address}#sha256={DIGEST}").manifest.architecture == "stream"
    wrong = "0" * 64
    with pytest.raises(DownloadError, match=f"model.json is not the published file: expected sha256 {wrong}, got"):
        shared_checkpoint(f"{address}#sha256={wrong}")
    assert shared_checkpoint(address).manifest.architecture == "stream"
    server.files = {}
    assert shared_checkpoint(f"{address}#sha256={DIGEST}").manifest.architecture == "stream"


def with_files(**changes):
    """The manifest with other entries of its files."""
    plain = json.loads(CONTENT["model.json"])
    del plain["sha256"]
    plain["files"] = {**plain["files"], **changes}
    return json.dumps(plain).encode()


@pytest.mark.parametrize(
    ("name", "data", "error", "words"),
    [
        ("model.json", None, DownloadError, "the server replied 404"),
        ("model.json", b"", DownloadError, "the file is empty"),
        ("model.json", b"<html>", CheckpointError, "model.json is not a valid manifest"),
        ("model.json", b"\xff\xfe", CheckpointError, "is not a manifest"),
        ("model.json", CONTENT["model.json"][:-1], CheckpointError, "is not a valid manifest"),
        ("model.json", CONTENT["model.json"].replace(b"stream", b"strean"), CheckpointError, "own digest"),
        ("model.safetensors", None, DownloadError, "/m/model.safetensors: the server replied 404"),
        (
            "model.safetensors",
            WEIGHTS[:-1],
            DownloadError,
            "offers 1,419,325 bytes, but the published file has 1,419,326",
        ),
        ("model.safetensors", WEIGHTS + b"x", DownloadError, "offers 1,419,327 bytes"),
        (
            "model.safetensors",
            WEIGHTS[:-1] + b"x",
            DownloadError,
            "model.safetensors is not the published file: expected",
        ),
        ("model.json", with_files(**{"../evil": {"n_bytes": 1, "sha256": "0" * 64}}), CheckpointError, "separators"),
        (
            "model.json",
            with_files(**{"evil.py": {"n_bytes": 1, "sha256": "0" * 64}}),
            CheckpointError,
            "lists 'evil.py'",
        ),
        (
            "model.json",
            with_files(**{"model.safetensors": {"n_bytes": 10**15, "sha256": "0" * 64}}),
            CheckpointError,
            "lists 1,000,000,000,000,000 bytes",
        ),
    ],
)
def test_what_is_not_a_checkpoint_is_refused(address, server, tmp_path, name, data, error, words):
    server.files = {path: content for path, content in server.files.items() if path != f"/m/{name}"}
    if data is not None:
        server.files[f"/m/{name}"] = data
    with pytest.raises(error) as caught:
        fetch(address, retries=0)
    assert words in str(caught.value)
    assert f"{address}/{name}" in str(caught.value)
    assert left_over() == []
    assert not list(tmp_path.parent.rglob("evil*"))


@pytest.mark.parametrize("step", [("drop", 100), (503,), "wrong part", "html", ("endless",)])
def test_a_server_that_fails_is_given_up(address, server, monkeypatch, step):
    monkeypatch.setattr(shared, "MAX_MANIFEST_BYTES", 1_000_000)
    server.plan = [step] * 3
    if step == "wrong part":
        server.plan = [("drop", 100), step]
    with pytest.raises(DownloadError, match=f"^{address}/model.json: .*download the model in a browser and give its"):
        fetch(address, retries=1 if step == "wrong part" else 0)
    assert left_over() == []
    assert server.sent < 20_000_000
    server.plan = []
    assert fetch(address).manifest.architecture == "stream"


def test_without_a_network_the_message_names_the_address():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/m"
        with pytest.raises(DownloadError, match=f"{address}/model.json: no reply"):
            fetch(address, retries=0)
    assert all(one.suffix == ".lock" for one in shared_dir().iterdir())


@pytest.mark.parametrize(
    ("cut", "error"), [(slice(0, -30), "not a packed checkpoint"), (slice(0, 0), "the file is empty")]
)
def test_a_file_that_is_not_packed_is_refused(server, packed_data, cut, error):
    server.files = {"/model.panns": packed_data[cut]}
    with pytest.raises((CheckpointError, DownloadError), match=error):
        fetch(f"http://127.0.0.1:{server.server_port}/model.panns", retries=0)
    assert left_over() == []


def test_a_full_disk_is_reported(address, monkeypatch):
    monkeypatch.setattr("panns.hub.receiving.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(DownloadError, match=r"10 free.*PANNS_CACHE"):
        fetch(address)


def test_weights_of_ones_own_do_not_go_with_an_address(address, tmp_path):
    with pytest.raises(CheckpointError, match="is a checkpoint with its own weights"):
        panns.load(address, weights=tmp_path / "a.pth")
