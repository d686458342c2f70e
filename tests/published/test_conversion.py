"""Published files of every family, in both formats, become the parameters of their networks."""

import json
from functools import cache

import numpy as np
import pytest
import torch

from panns.errors import CheckpointError
from panns.models import find_model, list_models
from panns.models.parameters import parameters_of
from panns.networks.build import construct_network, parameters_of_network
from panns.published.conversion import fit, read_published

# One model of each published family, the smallest, and its list of tensors in the reference data.
FAMILIES = {
    "cnn6": "panns_zoo/Cnn6",
    "cnn14_decision_level_att": "panns_zoo/Cnn14_DecisionLevelAtt",
    "cnn14_attention": "panns_zoo/Cnn14",
    "cnn14_gru": "panns_zoo/Cnn14",
    "mobilenetv1": "panns_zoo/MobileNetV1",
    "mobilenetv2": "panns_zoo/MobileNetV2",
    "resnet22": "panns_zoo/ResNet22",
    "wavegram_cnn14": "panns_zoo/Wavegram_Cnn14",
    "wavegram_logmel_cnn14": "panns_zoo/Wavegram_Logmel_Cnn14",
    "leenet11": "panns_zoo/LeeNet11",
    "dainet19": "panns_zoo/DaiNet19",
    "res1dnet31": "panns_zoo/Res1dNet31",
    "mn04_as": "efficientat/state_dicts:mn04",
    "dymn04_as": "efficientat/state_dicts:dymn04",
    "ced_tiny": "ced/state_dicts:ced_tiny",
    "frame_mn04": "frame_mn/state_dicts:frame_mn04",
}
SMALL = ("cnn6", "leenet11", "mn04_as", "dymn04_as", "ced_tiny", "mobilenetv2", "frame_mn04")
CASES = [
    pytest.param(
        name, is_zip, id=f"{name}-{'zip' if is_zip else 'old'}", marks=() if name in SMALL else pytest.mark.slow
    )
    for name in FAMILIES
    for is_zip in (True, False)
]


@cache
def published_shapes(name, reference):
    """Names, shapes and types of the tensors in the published file, without the front end."""
    file, _, key = FAMILIES[name].partition(":")
    listed = json.loads((reference / f"{file}.json").read_text())
    if key:
        listed = listed[key]
        listed = listed["state_dict"] if isinstance(listed, dict) and "state_dict" in listed else listed
    if isinstance(listed, dict):
        listed = [(key, shape, "float32") for key, shape in listed.items()]
    return [
        (key, tuple(shape), dtype)
        for key, shape, dtype, *_ in listed
        if not key.startswith(("spectrogram_extractor.", "logmel_extractor.", "front_end."))
    ]


def tensors_of(shapes):
    generator = torch.Generator().manual_seed(0)
    return {
        key: torch.zeros(shape, dtype=torch.int64)
        if key.endswith("num_batches_tracked")
        else torch.rand(shape, generator=generator)
        for key, shape, _ in shapes
    }


def numbers_of(array):
    """The numbers of an array in any order: how many, and their exact sum."""
    return array.size, np.sum(array, dtype=np.float64).round(6)


@pytest.mark.parametrize(("name", "is_zip"), CASES)
def test_every_family_in_both_formats(name, is_zip, shared, tmp_path):
    tensors = tensors_of(published_shapes(name, shared / "reference"))
    torch.save({"model": tensors}, tmp_path / "a.pth", _use_new_zipfile_serialization=is_zip)
    found = read_published(find_model(name), tmp_path / "a.pth")
    with torch.device("meta"):
        network = construct_network(name)
    assert {key: (array.dtype.name, array.shape) for key, array in found.items()} == {
        key: (str(value.dtype).removeprefix("torch."), tuple(value.shape))
        for key, value in network.state_dict().items()
    }
    # Every array is one of the file, in another order of its axes at most; some of the file are never used.
    ours = {numbers_of(array) for key, array in found.items() if "branch." not in key}
    assert ours <= {numbers_of(tensor.numpy()) for tensor in tensors.values()}


@pytest.mark.parametrize(
    "name",
    [pytest.param(entry.name, marks=() if entry.name in SMALL else pytest.mark.slow) for entry in list_models()],
)
def test_the_table_of_parameters_is_that_of_the_network(name):
    with torch.device("meta"):
        network = construct_network(name)
    assert parameters_of(name) == parameters_of_network(network), "run `python -m recipes.common.graphs`"


CNN6 = parameters_of("cnn6")
INTACT = {key: np.ones(one.shape, one.dtype) for key, one in CNN6.items()}
BIAS, COUNT = "head.classifier.bias", "blocks.0.1.num_batches_tracked"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({BIAS: np.zeros(10, np.float32)}, rf"{BIAS} has shape \(10,\), expected \(527,\)"),
        ({BIAS: np.full(527, np.nan, np.float32)}, f"{BIAS} holds NaN or infinity"),
        ({BIAS: np.full(527, 1e300)}, f"{BIAS} holds NaN or infinity"),
        ({BIAS: np.zeros(527, bool)}, f"{BIAS} is of type bool, where float32"),
        ({BIAS: np.zeros(527, np.uint8)}, f"{BIAS} is of type uint8, where float32"),
        ({COUNT: np.array(1.5, np.float32)}, f"{COUNT} is of type float32, where int64"),
        ({"w": np.zeros(1)}, "1 unknown, such as w"),
    ],
)
def test_other_parameters_are_refused(changes, words):
    with pytest.raises(CheckpointError, match=f"here does not fit: {words}"):
        fit(INTACT | changes, CNN6, where="here")


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_precisions_are_converted(dtype):
    assert fit(INTACT | {BIAS: np.ones(527, dtype)}, CNN6, where="here")[BIAS].dtype == np.float32


def test_shapes_that_a_converter_cannot_handle_are_refused(tmp_path):
    for shape in [(), (1,), (1, 1, 4, 0)]:
        torch.save(
            {"layers.1.exp_conv.weight": torch.zeros(shape), "layers.1.exp_norm.weight": torch.zeros(0)}, tmp_path / "a"
        )
        with pytest.raises(CheckpointError, match="a loaded as dymn04_as does not fit"):
            read_published(find_model("dymn04_as"), tmp_path / "a")
