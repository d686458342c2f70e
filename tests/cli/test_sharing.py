"""`panns models`: pack, fetch from addresses, fetch several models, and list what runs without a network."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from panns.checkpoints.checkpoint import open_checkpoint
from panns.hub import without_network
from panns.models import registry
from panns.models.registry import find_model, shipped_checkpoint
from tests.commands import INTERRUPTIBLE, WITHOUT_TORCH, needs_posix, own_environment, run_panns, run_python, succeed
from tests.hub.conftest import _no_proxy, server  # noqa: F401 - fixtures
from tests.terminal import Terminal

FOLDER = shipped_checkpoint(find_model("stream").shipped)
FILES = ("model.json", *open_checkpoint(FOLDER).manifest.files)


@pytest.fixture
def address(server):  # noqa: F811 - the fixture
    """A server with the same model in two folders."""
    server.files = {f"/{folder}/{name}": (FOLDER / name).read_bytes() for folder in "ab" for name in FILES}
    return f"http://127.0.0.1:{server.server_port}"


def listed(*arguments):
    return {
        row["name"]: row
        for row in map(json.loads, succeed(run_panns("models", "list", "--json", *arguments)).splitlines())
    }


def test_pack_and_use(sound, tmp_path):
    path = tmp_path / "model.panns"
    line = succeed(run_panns("models", "pack", "stream", "-o", path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert line == f"{path}  {path.stat().st_size / 1e6:.1f} MB  licence MIT  sha256={digest}\n"
    packed, named = (run_panns("tag", sound, "--model", model, "--json") for model in (path, "stream"))
    assert succeed(packed) == succeed(named)
    shown = json.loads(succeed(run_panns("models", "show", path, "--json")))
    assert (shown["name"], shown["licence"]) == (str(path), "MIT")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("stream", "-o", "model.zip"), 2, "ends in .zip; use .panns"),
        (("stream", "-o", "missing/model.panns"), 2, "does not exist; create it first"),
        (("strea", "-o", "model.panns"), 2, "no model 'strea'; did you mean 'stream'?"),
        (("cnn14", "-o", "model.panns"), 1, "the weights of 'cnn14' are not on this machine"),
        ((".", "-o", "model.panns"), 1, "has no model.json"),
    ],
)
def test_pack_refuses(tmp_path, arguments, status, words):
    result = run_panns("models", "pack", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (status, "")
    assert words in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_model_of_an_address_in_commands(address, server, sound):  # noqa: F811
    tagged = run_panns("tag", sound, "--model", f"{address}/a", "--json")
    assert succeed(tagged) == succeed(run_panns("tag", sound, "--model", "stream", "--json"))
    assert tagged.stderr == f"panns: downloading {address}/a\n"
    server.files = {}
    assert run_panns("tag", sound, "--model", f"{address}/a", "--json").stderr == ""
    assert json.loads(succeed(run_panns("models", "show", f"{address}/a", "--json")))["name"] == f"{address}/a"
    row = listed("--offline")[f"{address}/a"]
    assert (row["weights"], row["licence"], row["sample_rate"]) == ("ready", "MIT", 16_000)


@pytest.mark.parametrize("address", ["http://example.org/m", "hf:birds"])
def test_a_wrong_address_is_wrong_usage(address, sound):
    result = run_panns("tag", sound, "--model", address)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"panns: {address} is not")


def test_fetch_several(address, server):  # noqa: F811
    result = run_panns("models", "fetch", f"{address}/a", "builtin", f"{address}/b", f"{address}/a")
    ready, *lines = succeed(result).splitlines()
    assert ready == "builtin is ready: it is part of this package"
    assert [line.partition(" is ready: ")[0] for line in lines] == [f"{address}/a", f"{address}/b"]
    assert sorted(server.paths) == sorted(server.files)


def test_one_failure_leaves_the_others(address, server):  # noqa: F811
    del server.files["/a/model.safetensors"]
    result = run_panns("models", "fetch", f"{address}/a", f"{address}/b")
    assert result.returncode == 1
    assert result.stdout.startswith(f"{address}/b is ready: ")
    assert f"panns: {address}/a/model.safetensors: the server replied 404" in result.stderr
    assert list(listed("--offline")) == ["builtin", "stream", f"{address}/b"]


def test_names_are_checked_before_anything_is_fetched(address, server):  # noqa: F811
    for names, status, words in (
        ((f"{address}/a", "cn14"), 2, "no model 'cn14'; did you mean 'cnn14'?"),
        ((f"{address}/a", "cnn14_no_specaug"), 1, "has no published weights"),
        ((f"{address}/a", "mn04_as", "--from", "a.pt"), 2, "--from FILE is the file of one model"),
        ((f"{address}/a", "--from", "a.pt"), 2, "load the file by its path"),
        ((), 2, "Missing argument"),
    ):
        result = run_panns("models", "fetch", *names)
        assert (result.returncode, result.stdout) == (status, "")
        assert words in result.stderr
    assert server.paths == []


def test_published_models_are_fetched_and_converted(shared, server, monkeypatch):  # noqa: F811
    """Two names at once: one from a server that drops the connection, one whose file is missing."""
    data = (shared / "weights" / "mn04_as_mAP_432.pt").read_bytes()
    server.files = {"/mn04_as.pt": data}
    for name in ("mn04_as", "mn05_as"):
        entry = find_model(name)
        assert entry.weights is not None
        weights = replace(entry.weights, url=f"http://127.0.0.1:{server.server_port}/{name}.pt")
        monkeypatch.setitem(registry._entries, name, replace(entry, weights=weights))
    server.etag = None
    result = run_panns("models", "fetch", "mn05_as", "mn04_as")
    assert result.returncode == 1
    assert result.stdout.startswith("mn04_as is ready: ")
    assert "panns: mn04_as: licence of the weights: MIT; sha256 known\n" in result.stderr
    assert "/mn05_as.pt: the server replied 404" in result.stderr
    assert "panns models fetch mn05_as --from FILE" in result.stderr
    assert list(listed("--offline")) == ["builtin", "stream", "mn04_as"]


def test_list_offline_without_a_cache():
    rows = succeed(run_panns("models", "list", "--offline")).splitlines()
    assert [row.split()[0] for row in rows] == ["model", "builtin", "stream"]
    assert succeed(run_panns("models", "--offline")).splitlines() == rows


def test_list_offline_checks_the_files(address):
    succeed(run_panns("models", "fetch", f"{address}/a", f"{address}/b"))
    (path,) = (checkpoint.path for name, checkpoint in offline_checkpoints() if name == f"{address}/a")
    weights = path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert list(listed("--offline")) == ["builtin", "stream", f"{address}/b"]
    assert f"{address}/a" in listed()
    (path / "model.json").write_text("{")
    result = run_panns("models", "list", "--offline")
    assert f"run `panns models fetch {address}/a` to download it again" in result.stderr


def offline_checkpoints():
    from panns.hub.shared import list_shared

    return list_shared()


@pytest.mark.parametrize("has_torch", [True, False])
def test_a_model_without_a_graph_needs_torch(tiny_checkpoint, monkeypatch, has_torch):
    """A changed config, whose graph was not made yet."""
    checkpoint = open_checkpoint(tiny_checkpoint)
    monkeypatch.setattr(without_network, "_has_torch", lambda: has_torch)
    without = replace(checkpoint.manifest, files={"model.safetensors": checkpoint.manifest.files["model.safetensors"]})
    assert without_network.runs(replace(checkpoint, manifest=without)) is has_torch
    assert without_network.runs(checkpoint)


def test_everything_works_without_torch(address, sound, tmp_path):
    code = (
        WITHOUT_TORCH
        + """
from panns.cli.main import run
address, sound = sys.argv[1:]
for line in (["models", "fetch", address], ["models", "pack", address, "-o", "m.panns"],
             ["models", "list", "--offline"], ["tag", sound, "-m", address], ["tag", sound, "-m", "m.panns"]):
    assert run(line) == 0, line
assert not {"torch", "onnx"} & sys.modules.keys()
"""
    )
    done = run_python(code, f"{address}/a", sound, cwd=tmp_path, NO_PROXY="127.0.0.1")
    assert done.returncode == 0, done.stderr


BARS = """
from panns.cli.terminal import bars
from panns.system.progress import Progress
bars.SHOW_AFTER_S = bars.SHOW_AGAIN_S = 0.0
with bars.DownloadBars() as both:
    first, second = both.of("mn04_as"), both.of("[red]hf:me/birds")
    first(Progress(1_000_000, 4_000_000, "bytes"))
    second(Progress(3_000_000, None, "bytes"))
    first(Progress(2_000_000, 4_000_000, "bytes"))
    both._line.refresh()
print("end")
"""


@needs_posix
def test_each_download_has_its_bar():
    terminal = Terminal("-c", BARS, streams=("stdout", "stderr"), columns=100)
    terminal.wait()
    shown = terminal.shown.decode()
    last = shown[shown.rindex("mn04_as") :]
    assert "2.0/4.0 MB" in last
    assert "[red]hf:me/birds" in last
    assert terminal.lines == ["end"]


@needs_posix
def test_an_interrupt_ends_all_downloads_and_the_next_resumes(address, server, tmp_path):  # noqa: F811
    half = len(server.files["/a/model.safetensors"]) // 2
    server.plan = ["ok", ("stall", half)]
    command = [sys.executable, "-m", "panns", "models", "fetch", f"{address}/a"]
    environment = own_environment(PANNS_CACHE=os.fspath(tmp_path), NO_PROXY="127.0.0.1")
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, **INTERRUPTIBLE) as process:
        assert server.half_sent.wait(600)
        while not any(part.stat().st_size for part in tmp_path.rglob("model.safetensors.part")):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=600)
    assert (process.returncode, errors) == (130, "panns: interrupted\n")
    server.ranges.clear()
    result = run_panns("models", "fetch", f"{address}/a", PANNS_CACHE=str(tmp_path))
    assert succeed(result).startswith(f"{address}/a is ready")
    assert server.ranges[1].startswith("bytes=")
