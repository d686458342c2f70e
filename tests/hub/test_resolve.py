import json
import logging
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from panns.checkpoints.checkpoint import GRAPH_FILE, MANIFEST_FILE, ONNX_FILE, TORCH_FILE
from panns.errors import CheckpointError, UnknownModel, WeightsMissing
from panns.frontend import LogMelConfig, fft_window, mel_filters
from panns.hub.cache import checkpoints_dir
from panns.hub.download import fetch
from panns.hub.resolve import availability, fetch_published, resolve, verify_or_rebuild
from panns.models import registry
from panns.models.registry import find_model
from panns.networks.saving import load_network
from tests.commands import WITHOUT_TORCH, needs_posix, own_environment, run_panns, run_python, succeed
from tests.sounds import tone, write_wav
from tests.tiny_checkpoints import healthy_network


def published_name(name):
    """Name in the original code of an entry of our CNN6."""
    if block := re.fullmatch(r"blocks\.(\d)\.([01])\.(\w+)", name):
        return f"conv_block{int(block[1]) + 1}.{'bn1' if block[2] == '1' else 'conv1'}.{block[3]}"
    ours, _, kind = name.rpartition(".")
    return f"{ {'input_norm': 'bn0', 'head.projection': 'fc1', 'head.classifier': 'fc_audioset'}[ours] }.{kind}"


def published_frontend(config):
    """Fourier transform as convolutions and mel matrix, as in published files."""
    basis = np.exp(-2j * np.pi * np.outer(np.arange(config.n_fft // 2 + 1), np.arange(config.n_fft)) / config.n_fft)
    basis = (basis * fft_window(config))[:, None]
    return {
        "spectrogram_extractor.stft.conv_real.weight": torch.from_numpy(basis.real.astype(np.float32)),
        "spectrogram_extractor.stft.conv_imag.weight": torch.from_numpy(basis.imag.astype(np.float32)),
        "logmel_extractor.melW": torch.from_numpy(mel_filters(config).copy()),
    }


@pytest.fixture(scope="module")
def network():
    return healthy_network("cnn6", find_model("cnn6").config)


@pytest.fixture(scope="module")
def published_tensors(network):
    return {published_name(name): value for name, value in network.state_dict().items()}


@pytest.fixture(scope="module")
def published_file(published_tensors, tmp_path_factory):
    """As published: under "model", with the filters of the front end."""
    path = tmp_path_factory.mktemp("published") / "Cnn6.pth"
    torch.save({"model": published_tensors | published_frontend(find_model("cnn6").config.frontend)}, path)
    return path


def stamps(folder):
    return {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}


def test_published_file_becomes_a_checkpoint(published_file, network):
    checkpoint = resolve("cnn6", weights=published_file, needs_onnx=False)
    ours = load_network(checkpoint)
    for name, value in network.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name
    manifest = checkpoint.manifest
    assert (manifest.architecture, manifest.config) == ("cnn6", find_model("cnn6").config)
    assert (manifest.source, manifest.licence, manifest.metrics) == ("own file Cnn6.pth", "unknown", ())


def test_published_file_is_converted_once(published_file, caplog):
    caplog.set_level(logging.INFO, "panns.hub")
    first = resolve("cnn6", weights=published_file, needs_onnx=False)
    before = stamps(first.path)
    assert "converting" in caplog.text
    caplog.clear()
    assert resolve("cnn6", weights=published_file, needs_onnx=False) == first
    assert stamps(first.path) == before
    assert caplog.text == ""


def test_no_onnx_file_without_need(published_file):
    checkpoint = resolve("cnn6", weights=published_file, needs_onnx=False)
    assert {file.name for file in checkpoint.path.iterdir()} == {MANIFEST_FILE, TORCH_FILE}


def test_other_weights_get_their_own_folder(published_file, published_tensors, tmp_path):
    other = tmp_path / "Cnn6.pth"
    torch.save(published_tensors | {"fc_audioset.bias": torch.ones(527)}, other)  # plain, without the front end
    paths = {resolve("cnn6", weights=path, needs_onnx=False).path for path in (published_file, other)}
    assert len(paths) == 2


@needs_posix
def test_cache_can_be_shared_between_users(published_file):
    """Another user may read a checkpoint that one user, or the build of an image, wrote."""
    folder = resolve("cnn6", weights=published_file, needs_onnx=False).path
    umask = os.umask(0o022)
    os.umask(umask)
    assert folder.stat().st_mode & 0o777 == 0o777 & ~umask
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o666 & ~umask}


@pytest.mark.parametrize("needs_onnx", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_two_processes_convert_one_file(published_file, needs_onnx):
    code = "import sys; from pathlib import Path; from panns.hub.resolve import resolve\n"
    code += f"print(resolve('cnn6', weights=Path(sys.argv[1]), needs_onnx={needs_onnx}).path)"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(published_file)],
            env=own_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=600) for process in running]
    assert [process.returncode for process in running] == [0, 0], answers
    folder = resolve("cnn6", weights=published_file, needs_onnx=needs_onnx).path
    assert {out.strip() for out, _ in answers} == {str(folder)}
    assert [path.name for path in checkpoints_dir().iterdir() if path.is_dir()] == [folder.name]
    assert {file.name for file in folder.iterdir()} == {MANIFEST_FILE, TORCH_FILE}


def test_failed_conversion_leaves_no_folder(published_tensors, tmp_path):
    path = tmp_path / "short.pth"
    torch.save({key: value for key, value in published_tensors.items() if key != "fc1.bias"}, path)
    with pytest.raises(CheckpointError, match=r"cnn6.*1 missing.*head\.projection\.bias"):
        resolve("cnn6", weights=path)
    assert not [found for found in checkpoints_dir().iterdir() if found.is_dir()]


def test_front_end_of_another_model_is_refused(published_tensors, tmp_path):
    path = tmp_path / "other.pth"
    torch.save(published_tensors | published_frontend(LogMelConfig(f_max_hz=16_000.0)), path)
    with pytest.raises(CheckpointError, match=r"logmel_extractor\.melW.*cnn6 \(32000 Hz"):
        resolve("cnn6", weights=path)


class RunsCode:
    def __reduce__(self):
        return print, ("this file was run",)


@pytest.mark.parametrize("content", [b"", b"no weights at all", RunsCode(), {"model": RunsCode()}, [1, 2], {"a": 1}])
def test_other_files_are_refused_and_never_run(content, tmp_path, capsys):
    path = tmp_path / "bad.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(CheckpointError, match=r"bad\.pth") as info:
        resolve("cnn6", weights=path)
    assert re.search("PyTorch weights|state dict", str(info.value))
    assert "weights_only" not in str(info.value)  # advice of torch to run the code in the file
    assert capsys.readouterr().out == ""


def test_missing_weights_name_the_fetch_command():
    with pytest.raises(
        WeightsMissing, match=r"`panns models fetch cnn14` \(327 MB, licence CC BY 4\.0\).* --from FILE"
    ):
        resolve("cnn14")


def test_unpublished_weights_are_reported():
    with pytest.raises(WeightsMissing, match=r"'cnn14_no_specaug'.*published.*--weights FILE"):
        resolve("cnn14_no_specaug")


def test_missing_weights_file_is_reported(tmp_path):
    with pytest.raises(WeightsMissing, match=r"nosuch\.pth; `--weights` takes a published file of 'cnn6'"):
        resolve("cnn6", weights=tmp_path / "nosuch.pth")


def test_unknown_name_suggests_a_similar_one():
    with pytest.raises(UnknownModel, match=r"no model 'cn14'; did you mean 'cnn14'\? `panns models list` shows all"):
        resolve("cn14")
    with pytest.raises(UnknownModel, match=r"no model 'cn14'; did you mean 'cnn14'\?"):
        resolve("cn14", weights="any.pth")


@pytest.mark.parametrize("name", ["nosuch.onnx", "no/such", "./nosuch"])
def test_missing_path_is_reported(name):
    with pytest.raises(UnknownModel, match=rf"no file or folder {re.escape(name)}"):
        resolve(name)


def test_other_paths_are_refused(tmp_path, published_file):
    with pytest.raises(CheckpointError, match=r"has no model\.json"):
        resolve(tmp_path)
    with pytest.raises(CheckpointError, match=r"\.pth is not a checkpoint; .*`--weights FILE`"):
        resolve(published_file)


def test_published_file_is_converted_and_run_without_torch(published_file, tmp_path):
    sound = write_wav(tmp_path / "a.wav", tone())
    code = WITHOUT_TORCH + "from panns.cli.main import main; main()"
    answer = succeed(run_python(code, "tag", sound, "--model", "cnn6", "--weights", published_file, "--json"))
    by_onnx = json.loads(answer)["tags"][0]
    options = ("--model", "cnn6", "--weights", published_file, "--backend", "torch", "--json")
    by_torch = json.loads(run_panns("tag", sound, *options).stdout)["tags"][0]
    assert by_onnx["label"] == by_torch["label"]
    assert by_onnx["score"] == pytest.approx(by_torch["score"], abs=1e-4)


def test_ready_checkpoint_runs_without_torch(tiny_checkpoint, exported_file, tmp_path):
    sound = write_wav(tmp_path / "a.wav", tone())
    code = WITHOUT_TORCH + "from panns.cli.main import main; main()"
    for model in (tiny_checkpoint, exported_file):
        answer = succeed(run_python(code, "tag", sound, "--model", model, "--json"))
        assert answer == run_panns("tag", sound, "--model", model, "--json").stdout


@pytest.fixture
def unchecked_cnn6(monkeypatch):
    """CNN6 without a published digest of its weights."""
    entry = find_model("cnn6")
    assert entry.weights is not None
    entry = replace(entry, weights=replace(entry.weights, md5=None, sha256=None, n_bytes=None))
    monkeypatch.setitem(registry._entries, "cnn6", entry)
    return entry


@pytest.fixture
def other_file(published_tensors, tmp_path):
    path = tmp_path / "other.pth"
    torch.save(published_tensors | {"fc_audioset.bias": torch.ones(527)}, path)
    return path


def head_bias(checkpoint):
    return load_network(checkpoint).state_dict()["head.classifier.bias"]


def test_newly_fetched_file_replaces_the_checkpoint(unchecked_cnn6, published_file, other_file):
    fetch(unchecked_cnn6.weights, from_file=published_file)
    assert not torch.equal(head_bias(resolve("cnn6", needs_onnx=False)), torch.ones(527))
    fetch(unchecked_cnn6.weights, from_file=other_file)
    checkpoint = resolve("cnn6", needs_onnx=False)
    assert torch.equal(head_bias(checkpoint), torch.ones(527))
    # Without a digest, this may be another file than the one whose metric was published.
    assert checkpoint.manifest.metrics == ()
    assert "not checked, as no digest is published" in checkpoint.manifest.source


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


DAMAGE = {
    "a cut file": lambda folder: cut(folder / TORCH_FILE),
    "a cut manifest": lambda folder: cut(folder / MANIFEST_FILE),
    "a missing file": lambda folder: (folder / TORCH_FILE).unlink(),
    "a missing manifest": lambda folder: (folder / MANIFEST_FILE).unlink(),
    "an empty folder": lambda folder: [file.unlink() for file in folder.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_checkpoint_is_rebuilt(unchecked_cnn6, published_file, damage):
    fetch(unchecked_cnn6.weights, from_file=published_file)
    whole = verify_or_rebuild(unchecked_cnn6)
    DAMAGE[damage](whole.path)
    rebuilt = verify_or_rebuild(unchecked_cnn6)
    rebuilt.verify()
    assert torch.equal(head_bias(rebuilt), load_network(whole).state_dict()["head.classifier.bias"])
    assert [found.name for found in checkpoints_dir().iterdir() if found.is_dir()] == ["cnn6"]


def test_damaged_checkpoint_names_the_fetch_command(unchecked_cnn6, published_file):
    fetch(unchecked_cnn6.weights, from_file=published_file)
    cut(resolve("cnn6", needs_onnx=False).path / MANIFEST_FILE)
    with pytest.raises(CheckpointError, match="`panns models fetch cnn6`"):
        resolve("cnn6")


def test_file_of_another_model_leaves_the_cache(unchecked_cnn6, tmp_path):
    path = tmp_path / "foreign.pth"
    torch.save({"a.weight": torch.ones(3)}, path)
    fetch(unchecked_cnn6.weights, from_file=path)
    assert availability(unchecked_cnn6) == "fetched"
    with pytest.raises(CheckpointError, match="does not fit"):
        verify_or_rebuild(unchecked_cnn6)
    assert availability(unchecked_cnn6) == "to fetch"


def test_a_local_file_of_another_model_leaves_the_cached_one(unchecked_cnn6, published_file, tmp_path):
    fetch_published(unchecked_cnn6, from_file=published_file)
    whole = verify_or_rebuild(unchecked_cnn6)
    foreign, damaged = tmp_path / "foreign.pth", tmp_path / "damaged.pth"
    torch.save({"a.weight": torch.ones(3)}, foreign)
    damaged.write_bytes(published_file.read_bytes()[:1000])
    for path in (foreign, damaged):
        with pytest.raises(CheckpointError, match=re.escape(str(path))):
            fetch_published(unchecked_cnn6, from_file=path)
    assert resolve("cnn6").manifest == whole.manifest


@pytest.mark.slow
def test_a_missing_graph_is_written_again(tiny_checkpoint, tmp_path):
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    (folder / ONNX_FILE).unlink()
    assert resolve(folder).has_file(GRAPH_FILE)


def test_weights_need_a_registered_name(tiny_checkpoint, published_file):
    with pytest.raises(CheckpointError, match="its own weights"):
        resolve(tiny_checkpoint, weights=published_file)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cnn14_gru", r"`panns models fetch cnn14` first"),
        ("resnet50", r"checkpoint folder or exported \.onnx file"),
        ("cnn14_mel32", r"your own file with `--weights FILE`"),
    ],
)
def test_unpublished_weights_come_with_a_remedy(name, words):
    with pytest.raises(WeightsMissing, match=f"'{name}'.*{words}"):
        resolve(name)


def test_file_for_an_unpublished_model_is_refused(published_file):
    with pytest.raises(CheckpointError, match=r"'resnet50' has no published weights"):
        resolve("resnet50", weights=published_file)


@pytest.mark.slow
def test_model_starts_from_the_weights_of_another(tmp_path, monkeypatch):
    """Full size; the record of CNN14 is replaced by that of this file."""
    from panns.models.weights import Weights

    network = healthy_network("cnn14", find_model("cnn14").config)
    names = {"input_norm": "bn0", "head.projection": "fc1", "head.classifier": "fc_audioset"}

    def published(name):
        if block := re.fullmatch(r"blocks\.(\d)\.(\d)\.(\w+)", name):
            layer = int(block[2])
            return f"conv_block{int(block[1]) + 1}.{'bn' if layer % 3 else 'conv'}{layer // 3 + 1}.{block[3]}"
        ours, _, kind = name.rpartition(".")
        return f"{names[ours]}.{kind}"

    path = tmp_path / "Cnn14.pth"
    torch.save({published(name): value for name, value in network.state_dict().items()}, path)
    weights = Weights("https://example.org/Cnn14.pth", "Cnn14.pth", "CC BY 4.0", "a test", metric="mAP", value=0.4)
    monkeypatch.setitem(registry._entries, "cnn14", replace(find_model("cnn14"), weights=weights))
    fetch(weights, from_file=path)
    checkpoint = resolve("cnn14_gru", needs_onnx=False)
    assert checkpoint.manifest.licence == "CC BY 4.0"
    assert checkpoint.manifest.source.startswith("cnn14 with an untrained branch: a test")
    waveform = torch.randn(1, 32_000, generator=torch.Generator().manual_seed(0)) * 0.1
    with torch.inference_mode():
        started = load_network(checkpoint)(waveform).clip_logits
        torch.testing.assert_close(started, network(waveform).clip_logits, rtol=1e-4, atol=1e-4)
