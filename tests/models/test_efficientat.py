import hashlib
import json
from dataclasses import replace

import pytest
import torch

from panns.frontend import mel_filters
from panns.models.efficientat import KALDI_LOGMEL, MobileNetConfig, round_channels
from panns.models.registry import find_model, list_models
from panns.networks.build import construct_network
from panns.networks.complexity import multiply_adds
from panns.published.efficientat import from_published
from tests.small_models import registered_config

MOBILE_NETS = [entry for entry in list_models() if entry.family == "efficientat"]
# As published: in the repository's table, and for four of them in the names of the files alone.
MEAN_AP = {
    "mn01_as": 0.298,
    "mn02_as": 0.378,
    "mn04_as": 0.432,
    "mn05_as": 0.443,
    "mn10_as": 0.471,
    "mn20_as": 0.478,
    "mn30_as": 0.482,
    "mn40_as": 0.484,
    "mn40_as_ext": 0.487,
    "mn40_as_no_im_pre": 0.483,
    "mn10_as_hop_5": 0.475,
    "mn10_as_hop_15": 0.463,
    "mn10_as_hop_20": 0.456,
    "mn10_as_hop_25": 0.447,
    "mn10_as_mels_40": 0.453,
    "mn10_as_mels_64": 0.461,
    "mn10_as_mels_256": 0.474,
}


def test_every_published_mobile_net_is_registered():
    assert [entry.name for entry in MOBILE_NETS] == list(MEAN_AP)


@pytest.mark.parametrize("entry", MOBILE_NETS, ids=lambda entry: entry.name)
def test_records_are_release_files_of_the_repository(entry):
    weights = entry.weights
    assert weights.file == f"{entry.name}_mAP_{1000 * MEAN_AP[entry.name]:.0f}.pt"
    assert weights.url == f"https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/{weights.file}"
    assert (weights.metric, weights.value, weights.licence) == ("mAP", MEAN_AP[entry.name], "MIT")


def test_digest_of_the_published_file(shared):
    weights = find_model("mn04_as").weights
    content = (shared / "weights" / weights.file).read_bytes()
    assert weights.mismatch(n_bytes=len(content), digests={"sha256": hashlib.sha256(content).hexdigest()}) is None


def test_widths_equal_the_published_models(shared):
    published = json.loads((shared / "reference/efficientat/state_dicts.json").read_text())
    for name in ("mn04", "mn05", "mn10", "mn20", "mn30", "mn40"):
        facts, config = published[name], registered_config(f"{name}_as")
        shapes = {key: shape for key, shape, _ in facts["state_dict"]}
        assert config.width == facts["width_mult"]
        assert config.embedding_dim == shapes["features.16.0.weight"][0]
        assert config.n_classes == shapes["classifier.5.weight"][0]


@pytest.mark.parametrize("entry", MOBILE_NETS, ids=lambda entry: entry.name)
def test_names_contain_the_width(entry):
    assert registered_config(entry.name).width == int(entry.name[2:4]) / 10


@pytest.mark.parametrize(("hop_ms", "hop_samples"), [(5, 160), (15, 480), (20, 640), (25, 800)])
def test_hop_variants_differ_only_in_hop(hop_ms, hop_samples):
    config = registered_config(f"mn10_as_hop_{hop_ms}")
    assert config.frontend.hop_s == hop_ms / 1000
    assert config.min_input_samples == 31 * hop_samples + 1
    assert replace(config, frontend=KALDI_LOGMEL) == registered_config("mn10_as")
    assert replace(config.frontend, hop_samples=320) == KALDI_LOGMEL


@pytest.mark.parametrize("n_mels", [40, 64, 256])
def test_band_variants_differ_only_in_bands(n_mels):
    config = registered_config(f"mn10_as_mels_{n_mels}")
    assert mel_filters(config.frontend).shape == (513, n_mels)
    assert replace(config, frontend=KALDI_LOGMEL) == registered_config("mn10_as")
    assert replace(config.frontend, n_mels=128) == KALDI_LOGMEL


@pytest.mark.parametrize(
    ("variant", "published_giga"),
    [
        ("hop_20", 0.27),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (("hop_15", 0.36), ("hop_25", 0.22), ("mels_40", 0.21), ("mels_64", 0.27), ("mels_256", 1.08))
        ),
    ],
)
def test_cost_of_ten_seconds_equals_the_paper(variant, published_giga):
    """The front end settings are not in the files; the repository's table of costs agrees with them."""
    with torch.device("meta"):
        variant, mn10 = construct_network(f"mn10_as_{variant}"), construct_network("mn10_as")
    assert multiply_adds(variant, 10) / 1e9 == pytest.approx(published_giga, abs=0.005)
    ours, wanted = ({key: value.shape for key, value in one.state_dict().items()} for one in (variant, mn10))
    assert ours == wanted


@pytest.mark.parametrize("name", ["mn01_as", "mn02_as", "mn40_as_ext"])
def test_blocks_without_expansion_map_to_published_layers(name):
    """Published blocks number what they have; those as wide as their input, four of mn01, do not expand it."""
    with torch.device("meta"):
        network = construct_network(name)
    ours = network.state_dict()
    published, layers = {}, {}
    for key, value in ours.items():
        part, *rest = key.split(".")
        if part == "blocks":
            block, layer, *rest = rest
            here = layers.setdefault(block, [])
            if layer not in here:
                here.append(layer)
            where = f"features.{int(block) + 1}.block.{here.index(layer)}"
            if layer == "squeeze_excitation":
                where += f".conc_se_layers.0.fc{1 if rest.pop(0) == 'reduce' else 2}"
        else:
            where = {
                "stem": "features.0",
                "last": "features.16",
                "hidden": "classifier.2",
                "classifier": "classifier.5",
            }[part]
        published[".".join([where, *rest])] = value
    assert sum("expand" not in here for here in layers.values()) == (4 if name == "mn01_as" else 1)
    renamed = from_published(published)
    assert list(renamed) == list(ours)
    assert all(renamed[key] is ours[key] for key in ours)


@pytest.mark.parametrize(("width", "embedding_dim"), [(0.1, 96), (0.4, 384), (1.0, 960), (4.0, 3840)])
def test_embedding_dims_by_hand(width, embedding_dim):
    assert MobileNetConfig(width=width).embedding_dim == embedding_dim


@pytest.mark.parametrize(
    ("channels", "rounded"),
    [(1, 8), (8, 8), (11.9, 16), (12, 16), (20, 24), (19.9, 24), (16 * 0.4, 8), (112 * 0.4, 48), (120, 120)],
)
def test_channels_are_multiples_of_8(channels, rounded):
    assert round_channels(channels) == rounded
    assert rounded % 8 == 0
    assert rounded >= 0.9 * channels


def test_shortest_input_by_hand_without_frame_scores():
    config = MobileNetConfig()
    assert config.min_input_samples == 31 * 320 + 1  # 32 frames, and the sample that pre-emphasis takes
    assert config.frame_hop_s is None
    assert config.n_frames(320_000) == 0


@pytest.mark.parametrize("width", [0.0, -1.0])
def test_a_width_must_be_positive(width):
    with pytest.raises(ValueError, match=f"width={width} must be positive"):
        MobileNetConfig(width=width)
