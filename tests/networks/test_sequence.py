"""Networks over the frames of frame-wise MobileNets: parity with the original, published files, and single layers."""

import json
import re
from functools import cache, lru_cache

import numpy as np
import pytest
import torch
from torch import nn

from panns.errors import CheckpointError
from panns.models import find_model, list_models
from panns.models.frame_mobilenet import FrameMobileNetConfig, SequenceConfig
from panns.models.parameters import parameters_of
from panns.networks.build import construct_network, load_strictly
from panns.networks.recurrent import BidirectionalMinGRU
from panns.networks.sequence import rotary_angles, rotate, sequence_network
from panns.published.conversion import read_published
from panns.published.frame_mobilenet import from_published
from tests.commands import WITHOUT_TORCH, run_python, succeed
from tests.networks.test_frame_mobilenet import (
    MAX_LOGIT,
    MAX_LOGIT_OF_WAVEFORM,
    MAX_PROB,
    MAX_PROB_OF_WAVEFORM,
    REFERENCE,
    RUN,
    SHOWN_CLASSES,
    golden,
    published_parameters,
)
from tests.networks.test_golden import difference, golden_waveforms, original_module

KINDS = ("tf", "gru", "hybrid")
CONFIGS = {entry.name: entry.config for entry in list_models() if isinstance(entry.config, FrameMobileNetConfig)}
SEQUENCES = {name: config.sequence for name, config in CONFIGS.items() if config.sequence is not None}


def sequence_golden():
    return golden("frame_mn10_sequence_models")


@cache
def published_backbone():
    return {key: array for key, array in published_parameters("frame_mn10").items() if key.startswith("features.")}


def published_sequence(kind):
    """Parameters in the form of the original, without a prefix."""
    original = original_module(REFERENCE / "recipe_frame_mn.py")
    facts = json.loads((REFERENCE / "state_dicts.json").read_text())[f"frame_mn10+{kind}-256"]
    sequence = {key: original.fill(key, shape) for key, shape, _ in facts["state_dict"]}
    frequencies = sequence_golden()["tf-256:freqs"]
    return published_backbone() | {key: frequencies if array is None else array for key, array in sequence.items()}


@lru_cache(maxsize=1)
def original_sequence(kind):
    network = construct_network(f"frame_mn10_{kind}_256")
    arrays = from_published(published_sequence(kind))
    load_strictly(network, {key: torch.from_numpy(np.array(array)) for key, array in arrays.items()}, where=kind)
    return network.eval()


def check_scores(output, kind, length, max_logit, max_prob):
    wanted = {key: array for key, array in sequence_golden().items() if key.startswith(f"{kind}-256:{length}:")}
    logits = output.frame_logits.transpose(1, 2)  # (batch, classes, frames)
    shown = wanted[f"{kind}-256:{length}:strong_classes"]
    assert difference(logits[:, SHOWN_CLASSES], shown) <= max_logit
    assert difference(logits[:, SHOWN_CLASSES].sigmoid(), 1 / (1 + np.exp(-shown))) <= max_prob
    (every,) = (one for one in wanted if "strong_every" in one)
    assert difference(logits[..., :: int(every.rpartition("every")[2])], wanted[every]) <= max_logit
    # The original's scores of a clip: its classifier of the mean of the frames, which is the embedding here.
    published = published_sequence(kind)
    of_clip = output.embedding.numpy() @ published["weak_head.weight"].T + published["weak_head.bias"]
    assert difference(of_clip, wanted[f"{kind}-256:{length}:weak"]) <= max_logit
    assert torch.equal(output.clip_logits, output.frame_logits.amax(dim=1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("shared")
def test_scores_of_the_same_log_mel_equal_the_original(kind):
    features = torch.from_numpy(golden("frame_mn04")["1s_16000:logmel"]).transpose(1, 2)
    with torch.inference_mode():
        output = original_sequence(kind).forward_features(features)
    check_scores(output, kind, "1s_16000", MAX_LOGIT, MAX_PROB)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("shared")
def test_scores_of_a_waveform_equal_the_original(kind):
    with torch.inference_mode():
        output = original_sequence(kind)(golden_waveforms("10s_16000"))
    check_scores(output, kind, "10s_16000", MAX_LOGIT_OF_WAVEFORM, MAX_PROB_OF_WAVEFORM)


@pytest.mark.usefixtures("shared")
def test_every_published_file_has_its_name_and_number_of_parameters():
    facts = json.loads((REFERENCE / "state_dicts.json").read_text())
    counts = facts["parameters_of_published_variants"] | {
        f"fmn10+{kind}-256": facts[f"frame_mn10+{kind}-256"]["parameters"] for kind in KINDS
    }
    files = {name: find_model(name).weights.file for name in SEQUENCES}
    # The original code refuses the other one.
    assert set(files.values()) == {
        *(f"{variant}_strong.pt" for variant in counts if variant != "fmn04+hybrid-104"),
        "fmn10+tf-256_advanced-kd-weak-strong.pt",
    }
    for name, file in files.items():
        stored, sequence = parameters_of(name), SEQUENCES[name]
        n_parameters = sum(
            int(np.prod(one.shape)) for key, one in stored.items() if not re.search(r"running_|num_batches", key)
        )
        dropped = 447 * (sequence.n_out + 1)  # the classifier of clips
        if sequence.kind == "transformer":
            dropped += 2 * (sequence.dim // sequence.n_heads // 2)  # frequencies
        wanted = counts[file.rpartition("_")[0].removesuffix("_advanced-kd-weak-strong")]
        assert n_parameters + dropped == wanted, name
        assert find_model(name).config.embedding_dim == sequence.n_out


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("backbone", "head"), [("net.model.", "net."), ("model.model.", "model."), ("model.fmn.", "")])
@pytest.mark.usefixtures("shared")
def test_published_names_with_every_prefix(kind, backbone, head):
    plain = published_sequence(kind)
    prefixed = {f"{backbone if key.startswith('features.') else head}{key}": array for key, array in plain.items()}
    found = from_published(prefixed)
    assert found.keys() == parameters_of(f"frame_mn10_{kind}_256").keys()
    assert found["classifier.weight"] is plain["strong_head.weight"]


def test_a_gru_under_its_other_name():
    layer = {"weight_hh_l1_reverse": np.zeros(1)}
    for name in ("gru", "rnn"):
        found = from_published({f"seq_model.0.{name}.{key}": array for key, array in layer.items()})
        assert list(found) == ["sequence.layers.1.weight_hh_l0_reverse"]


ATTENTION = "seq_model.1.layers.0.0."


@pytest.mark.parametrize(
    "frequencies",
    [np.ones(16, np.float32), np.zeros((16, 1)), np.zeros(0), np.full(16, np.nan), 1e4 ** -np.linspace(0, 1, 8)],
)
def test_other_rotary_positions_are_refused(frequencies, tmp_path):
    tensors = {
        f"{ATTENTION}pos_encoding.freqs": torch.from_numpy(np.array(frequencies)),
        f"{ATTENTION}to_gates.weight": torch.zeros(8, 256),
    }
    torch.save(tensors, tmp_path / "a.pt")
    with pytest.raises(
        CheckpointError, match=r"the rotary frequencies of sequence\.blocks\.0\.attention are not 16 from"
    ):
        read_published(find_model("frame_mn10_tf_256"), tmp_path / "a.pt")


@pytest.mark.parametrize("gates", [None, (), (8,), (0, 256), (300, 256), (8, 256, 1)])
def test_shapes_of_no_attention_are_refused(gates, tmp_path):
    tensors = {f"{ATTENTION}pos_encoding.freqs": torch.zeros(16)}
    if gates is not None:
        tensors[f"{ATTENTION}to_gates.weight"] = torch.zeros(gates)
    torch.save(tensors, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"a\.pt loaded as frame_mn10_tf_256 does not fit"):
        read_published(find_model("frame_mn10_tf_256"), tmp_path / "a.pt")


@pytest.mark.usefixtures("shared")
def test_a_file_of_another_sequence_model_is_refused(tmp_path):
    torch.save(
        {key: torch.from_numpy(np.array(array)) for key, array in published_sequence("gru").items()}, tmp_path / "a.pt"
    )
    for name, words in (
        ("frame_mn10", "16 unknown, such as sequence"),
        ("frame_mn10_tf_256", "missing, such as sequence"),
        ("frame_mn10_gru_128", r"classifier\.weight has shape \(447, 512\), expected \(447, 256\)"),
    ):
        with pytest.raises(CheckpointError, match=rf"a\.pt loaded as {name} does not fit: .*{words}"):
            read_published(find_model(name), tmp_path / "a.pt")


@torch.inference_mode()
def test_the_minimal_gru_follows_its_equations_in_both_directions():
    torch.manual_seed(0)
    layer, x = BidirectionalMinGRU(4), torch.randn(2, 7, 4)
    states = []
    for linear, order in ((layer.forwards, range(7)), (layer.backwards, range(6, -1, -1))):
        state, found = torch.zeros(2, 4), {}
        for t in order:
            candidate, gate = linear(x[:, t]).chunk(2, dim=1)
            candidate = torch.where(candidate >= 0, candidate + 0.5, candidate.sigmoid())
            state = (1 - gate.sigmoid()) * state + gate.sigmoid() * candidate
            found[t] = state
        states.append(torch.stack([found[t] for t in range(7)], dim=1))
    wanted = layer.projection(torch.cat(states, dim=2))
    torch.testing.assert_close(layer(x), wanted, atol=1e-6, rtol=0)


@torch.inference_mode()
def test_recurrent_layers_are_those_of_torch():
    torch.manual_seed(0)
    ours, torchs = sequence_network(SequenceConfig("gru", 5), 6), nn.GRU(6, 5, 2, batch_first=True, bidirectional=True)
    for i, layer in enumerate(ours.layers):
        for name, parameter in layer.named_parameters():
            parameter.copy_(getattr(torchs, name.replace("_l0", f"_l{i}")))
    x = torch.randn(2, 9, 6)
    torch.testing.assert_close(ours(x), torchs(x)[0], atol=1e-6, rtol=0)


def test_rotated_vectors_know_their_distance_alone():
    torch.manual_seed(0)
    query, key = torch.randn(2, 1, 1, 1, 8).expand(2, 1, 1, 30, 8)
    angles = rotary_angles(30, 4)
    products = rotate(query, angles)[0, 0] @ rotate(key, angles)[0, 0].T
    for distance in (0, 3, 17):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-4, rtol=0)
    assert products[0].std() > 0.1
    # A quarter turn of the first pair.
    turned = rotate(torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[torch.pi / 2]]))
    torch.testing.assert_close(turned, torch.tensor([[[[0.0, 1.0]]]]), atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", ["transformer", "gru", "hybrid"])
def test_silence_and_one_frame_give_numbers(kind):
    network = sequence_network(SequenceConfig(kind, 16, n_heads=2), 6).eval()
    for x in (torch.zeros(2, 5, 6), torch.randn(1, 1, 6)):
        assert torch.isfinite(network(x)).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dim": 0}, "dim=0 must be at least 1"),
        ({"depth": 0}, "depth=0 must be at least 1"),
        ({"n_heads": 0}, "n_heads=0 must be at least 1"),
        ({"dim": 24}, "dim=24 of 'transformer' with n_heads=8 must be a multiple of 16"),
        ({"kind": "hybrid", "dim": 12}, "dim=12 of 'hybrid' with n_heads=8 must be a multiple of 8"),
        ({"dropout": 1.0}, "dropout=1.0 must be at least 0 and below 1"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SequenceConfig(**{"kind": "transformer", "dim": 256} | settings)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("shared")
def test_a_published_file_runs_without_torch(kind, tmp_path):
    """From the file of torch to scores of frames."""
    tensors = {
        f"net.model.{key}" if key.startswith("features.") else f"net.{key}": torch.from_numpy(np.array(array))
        for key, array in published_sequence(kind).items()
    }
    torch.save(tensors, tmp_path / "file.pt")
    np.save(tmp_path / "sound.npy", golden_waveforms("10s_16000").numpy())
    run = RUN.replace("frame_mn04", f"frame_mn10_{kind}_256")
    code = f"{WITHOUT_TORCH}import sys, numpy as np, panns; np.save('probs.npy', {run}.frame_probs)"
    succeed(run_python(code, "file.pt", "sound.npy", cwd=tmp_path))
    wanted = 1 / (1 + np.exp(-sequence_golden()[f"{kind}-256:10s_16000:strong_classes"].astype(float)))
    found = np.load(tmp_path / "probs.npy").transpose(0, 2, 1)[:, SHOWN_CLASSES]
    assert difference(found, wanted) <= MAX_PROB_OF_WAVEFORM
