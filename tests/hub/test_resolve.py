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

from panns.checkpoints.checkpoint import MANIFEST_FILE, ONNX_FILE, TORCH_FILE
from panns.errors import CheckpointError, UnknownModel, WeightsMissing
from panns.frontend import LogMelConfig, fft_window, mel_filters
from panns.hub import resolve as resolve_module
from panns.hub.cache import checkpoints_dir
from panns.hub.download import fetch
from panns.hub.resolve import renew, resolve, state_of
from panns.models import registry
from panns.models.registry import find_model
from panns.networks.saving import load_network
from tests.commands import WITHOUT_TORCH, own_environment, run_panns, run_python, succeed
from tests.sounds import tone, write_wav
from tests.tiny_checkpoints import healthy_network


def published_name(name):
    """What the original code calls an entry of our CNN6."""
    if block := re.fullmatch(r"blocks\.(\d)\.([01])\.(\w+)", name):
        return f"conv_block{int(block[1]) + 1}.{'bn1' if block[2] == '1' else 'conv1'}.{block[3]}"
    ours, _, kind = name.rpartition(".")
    return f"{ {'input_norm': 'bn0', 'head.projection': 'fc1', 'head.classifier': 'fc_audioset'}[ours] }.{kind}"


def published_frontend(config):
    """The Fourier transform as convolutions and the mel matrix that published files carry along."""
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


def test_a_published_file_becomes_a_checkpoint(published_file, network):
    checkpoint = resolve("cnn6", weights=published_file, needs_onnx=False)
    ours = load_network(checkpoint)
    for name, value in network.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name
    manifest = checkpoint.manifest
    assert (manifest.architecture, manifest.config) == ("cnn6", find_model("cnn6").config)
    assert (manifest.source, manifest.licence, manifest.metrics) == ("own file Cnn6.pth", "unknown", ())


def test_it_is_converted_once(published_file, caplog):
    caplog.set_level(logging.INFO, "panns.export")
    first = resolve("cnn6", weights=published_file, needs_onnx=False)
    before = stamps(first.path)
    assert "converting" in caplog.text
    caplog.clear()
    assert resolve("cnn6", weights=published_file, needs_onnx=False) == first
    assert stamps(first.path) == before
    assert caplog.text == ""


def test_torch_needs_no_onnx_file(published_file):
    checkpoint = resolve("cnn6", weights=published_file, needs_onnx=False)
    assert {file.name for file in checkpoint.path.iterdir()} == {MANIFEST_FILE, TORCH_FILE}


def test_other_weights_get_a_folder_of_their_own(published_file, published_tensors, tmp_path):
    other = tmp_path / "Cnn6.pth"
    torch.save(published_tensors | {"fc_audioset.bias": torch.ones(527)}, other)  # plain, without the front end
    paths = {resolve("cnn6", weights=path, needs_onnx=False).path for path in (published_file, other)}
    assert len(paths) == 2


def test_the_cache_may_be_shared(published_file):
    """What one user, or an image's build, puts there another may read."""
    folder = resolve("cnn6", weights=published_file, needs_onnx=False).path
    umask = os.umask(0o022)
    os.umask(umask)
    assert folder.stat().st_mode & 0o777 == 0o777 & ~umask
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o666 & ~umask}


@pytest.mark.parametrize("needs_onnx", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_two_processes_at_once_end_well(published_file, needs_onnx):
    code = "import sys; from pathlib import Path; from panns.hub.resolve import prepare\n"
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
    answers = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], answers
    folder = resolve("cnn6", weights=published_file, needs_onnx=needs_onnx).path
    assert {out.strip() for out, _ in answers} == {str(folder)}
    assert [path.name for path in checkpoints_dir().iterdir() if path.is_dir()] == [folder.name]
    assert {file.name for file in folder.iterdir()} == {MANIFEST_FILE, TORCH_FILE} | (
        {ONNX_FILE} if needs_onnx else set()
    )


def test_a_failed_conversion_leaves_nothing(published_tensors, tmp_path):
    path = tmp_path / "short.pth"
    torch.save({key: value for key, value in published_tensors.items() if key != "fc1.bias"}, path)
    with pytest.raises(
        CheckpointError, match=r"loaded as cnn6 does not fit: 1 missing, such as head\.projection\.bias"
    ):
        resolve("cnn6", weights=path)
    assert not [found for found in checkpoints_dir().iterdir() if found.is_dir()]


def test_a_front_end_of_another_model_is_refused(published_tensors, tmp_path):
    path = tmp_path / "other.pth"
    torch.save(published_tensors | published_frontend(LogMelConfig(f_max_hz=16_000.0)), path)
    with pytest.raises(CheckpointError, match=r"logmel_extractor\.melW of this file.* is not that of cnn6 \(32000 Hz"):
        resolve("cnn6", weights=path)


class RunsCode:
    def __reduce__(self):
        return print, ("this file was run",)


@pytest.mark.parametrize("content", [b"", b"no weights at all", RunsCode(), {"model": RunsCode()}, [1, 2], {"a": 1}])
def test_a_file_that_is_no_weights_is_refused_and_never_run(content, tmp_path, capsys):
    path = tmp_path / "bad.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(
        CheckpointError, match=r"bad\.pth (cannot be read as PyTorch weights|holds no state dict)"
    ) as info:
        resolve("cnn6", weights=path)
    assert "weights_only" not in str(info.value)  # torch's advice to load it with its code
    assert capsys.readouterr().out == ""


def test_weights_that_are_not_here_are_fetched_by_a_command():
    with pytest.raises(WeightsMissing, match=r"the weights of 'cnn14' are not on this machine; fetch them once with "):
        resolve("cnn14")
    with pytest.raises(
        WeightsMissing, match=r"`panns models fetch cnn14` \(327 MB, licence CC BY 4\.0\).* --from FILE"
    ):
        resolve("cnn14")


def test_weights_that_were_never_published():
    with pytest.raises(WeightsMissing, match=r"no weights of 'cnn14_no_specaug' were ever published; .*--weights FILE"):
        resolve("cnn14_no_specaug")


def test_weights_file_that_is_not_there(tmp_path):
    with pytest.raises(
        WeightsMissing, match=r"no file .*nosuch\.pth; `--weights` takes a published \.pth or \.pt file"
    ):
        resolve("cnn6", weights=tmp_path / "nosuch.pth")


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(UnknownModel, match=r"no model 'cn14'; did you mean 'cnn14'\? `panns models list` shows all"):
        resolve("cn14")
    with pytest.raises(UnknownModel, match=r"no model 'cn14'; did you mean 'cnn14'\?"):
        resolve("cn14", weights="any.pth")


@pytest.mark.parametrize("name", ["nosuch.onnx", "no/such", "./nosuch"])
def test_a_path_that_is_not_there(name):
    with pytest.raises(UnknownModel, match=rf"no file or folder {re.escape(name)}; give a checkpoint, or a name from"):
        resolve(name)


def test_a_path_that_is_no_checkpoint(tmp_path, published_file):
    with pytest.raises(CheckpointError, match=r"holds no model\.json; a checkpoint is a folder with one"):
        resolve(tmp_path)
    with pytest.raises(
        CheckpointError, match=r"\.pth is not a checkpoint; .* by the model's name with `--weights FILE`"
    ):
        resolve(published_file)


def test_without_torch_conversion_is_one_sentence(published_file, tmp_path):
    sound = write_wav(tmp_path / "a.wav", tone())
    code = WITHOUT_TORCH + "from panns.cli.main import main; main()"
    result = run_python(code, "tag", sound, "--model", "cnn6", "--weights", published_file)
    assert result.returncode == 1
    assert result.stdout == ""
    sentence = (
        "converting Cnn6.pth, once, needs the package 'torch'; install it with: pip install 'panns-audio[export]'"
    )
    assert result.stderr == f"panns: {sentence}\n"


def test_without_torch_a_ready_checkpoint_answers(tiny_checkpoint, exported_file, tmp_path):
    sound = write_wav(tmp_path / "a.wav", tone())
    code = WITHOUT_TORCH + "from panns.cli.main import main; main()"
    for model in (tiny_checkpoint, exported_file):
        answer = succeed(run_python(code, "tag", sound, "--model", model, "--json"))
        assert answer == run_panns("tag", sound, "--model", model, "--json").stdout


@pytest.fixture
def unchecked_cnn6(monkeypatch):
    """CNN6 as if nobody had ever published a digest of its weights."""
    entry = find_model("cnn6")
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


def test_a_newly_fetched_file_takes_the_place_of_the_old(unchecked_cnn6, published_file, other_file):
    fetch(unchecked_cnn6.weights, from_file=published_file)
    assert not torch.equal(head_bias(resolve("cnn6", needs_onnx=False)), torch.ones(527))
    fetch(unchecked_cnn6.weights, from_file=other_file)
    checkpoint = resolve("cnn6", needs_onnx=False)
    assert torch.equal(head_bias(checkpoint), torch.ones(527))
    # Nobody knows whether this is the file that reached the published metric.
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
def test_fetching_again_mends_a_damaged_checkpoint(unchecked_cnn6, published_file, monkeypatch, damage):
    monkeypatch.setattr(
        resolve_module, "_with_onnx", lambda checkpoint: checkpoint
    )  # exporting is slow and not the point
    fetch(unchecked_cnn6.weights, from_file=published_file)
    whole = renew(unchecked_cnn6)
    DAMAGE[damage](whole.path)
    mended = renew(unchecked_cnn6)
    mended.check()
    assert torch.equal(head_bias(mended), load_network(whole).state_dict()["head.classifier.bias"])
    assert [found.name for found in checkpoints_dir().iterdir() if found.is_dir()] == ["cnn6"]


def test_a_damaged_checkpoint_in_the_cache_says_how_to_mend_it(unchecked_cnn6, published_file):
    fetch(unchecked_cnn6.weights, from_file=published_file)
    cut(resolve("cnn6", needs_onnx=False).path / MANIFEST_FILE)
    with pytest.raises(CheckpointError, match="`panns models fetch cnn6` makes it again"):
        resolve("cnn6")


def test_a_file_of_another_model_does_not_stay_in_the_cache(unchecked_cnn6, tmp_path):
    path = tmp_path / "foreign.pth"
    torch.save({"a.weight": torch.ones(3)}, path)
    fetch(unchecked_cnn6.weights, from_file=path)
    assert state_of(unchecked_cnn6) == "fetched"
    with pytest.raises(CheckpointError, match="load it under the model it belongs to"):
        renew(unchecked_cnn6)
    assert state_of(unchecked_cnn6) == "to fetch"


def test_a_missing_onnx_file_is_made_again(tiny_checkpoint, tmp_path):
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    (folder / ONNX_FILE).unlink()
    resolve(folder).check()
    assert (folder / ONNX_FILE).is_file()


def test_weights_go_with_a_name(tiny_checkpoint, published_file):
    with pytest.raises(CheckpointError, match="has weights of its own; `--weights` goes with a name"):
        resolve(tiny_checkpoint, weights=published_file)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cnn14_gru", r"it starts from those of 'cnn14': `panns models fetch cnn14` first"),
        ("resnet50", r"weights trained here are loaded by their checkpoint's folder, or exported \.onnx file"),
        ("cnn14_mel32", r"give a file of your own with `--weights FILE`"),
    ],
)
def test_what_was_never_published_says_what_can_be_done(name, words):
    with pytest.raises(WeightsMissing, match=f"no weights of '{name}' were ever published; {words}"):
        resolve(name)


def test_a_file_for_a_model_that_nobody_published_is_refused(published_file):
    with pytest.raises(CheckpointError, match=r"no file of 'resnet50' was ever published, so .* cannot be one"):
        resolve("resnet50", weights=published_file)


@pytest.mark.slow
def test_a_model_starts_from_the_fetched_file_of_another(tmp_path, monkeypatch):
    """As large as CNN14 itself; its record is replaced by one of this file."""
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
