import pytest
import torch

from panns.hub.costs import cost_of
from panns.models import list_models
from panns.networks.build import construct_network
from panns.networks.complexity import multiply_adds, n_parameters


def on_meta(name):
    with torch.device("meta"):
        return construct_network(name)


MEASURED = [entry.name for entry in list_models() if cost_of(entry.name) is not None]


QUICK = {"builtin", "stream", "cnn6", "mn04_as", "mobilenetv1", "leenet11"}


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MEASURED]
)
def test_counts_in_the_table_of_costs_are_current(name):
    network, cost = on_meta(name), cost_of(name)
    assert (n_parameters(network), multiply_adds(network, 10.0)) == (cost.n_parameters, cost.multiply_adds)
    # Four bytes a parameter, or two if half precision is exact, as for the shipped models.
    assert 1.9 * cost.n_parameters < cost.n_bytes < 4.2 * cost.n_parameters + 500_000


def test_most_models_are_in_the_table_of_costs():
    """A new model may be missing until `python -m benchmarks models NAME` has run on an idle machine."""
    assert len(MEASURED) > 50


# Published: Kong et al. 2020 (shared/reference/panns_zoo.json has the exact counts); Schmid et al. 2022 and 2023.
@pytest.mark.parametrize(
    ("name", "parameters", "products"),
    [
        ("cnn14", 80_753_615, 20_041_926_656),
        ("mobilenetv1", 4_796_303, 739_572_736),
        ("mobilenetv2", 4_075_343, 341_978_624),
        ("resnet38", 73_783_247, 23_391_078_400),
        ("res1dnet31", 80_464_463, 16_267_606_016),
        ("wavegram_logmel_cnn14", 81_065_487, 25_665_734_656),
    ],
)
def test_counts_equal_the_originals(name, parameters, products):
    network = on_meta(name)
    assert n_parameters(network) == parameters
    assert multiply_adds(network, 10.0) == products


def test_recurrent_layers_count_every_weight_per_frame():
    network = on_meta("cnn14_gru")
    branch = network.branch
    frames = network.config.n_frames(320_000)
    dense = sum(weight.numel() for weight in branch.parameters() if weight.ndim == 2)
    # Beyond the CNN: the branch, and the head for every frame.
    head = sum(weight.numel() for weight in network.cnn.head.parameters() if weight.ndim == 2)
    assert multiply_adds(network, 10.0) - multiply_adds(network.cnn, 10.0) == frames * (dense + head)


@pytest.mark.parametrize("name", ["cnn14_attention", "cnn14_gru"])
def test_branches_add_less_than_one_percent_of_parameters(name):
    assert 1 < n_parameters(on_meta(name)) / n_parameters(on_meta("cnn14")) < 1.01
