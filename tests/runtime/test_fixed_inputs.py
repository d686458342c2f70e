"""Models that fill every input to one length, and models with a longest input, alone and inside other models."""

from dataclasses import replace

import numpy as np
import pytest

from panns.checkpoints.manifest import ModelManifest
from panns.labels import audioset
from panns.models import find_model
from panns.models.ensemble import EnsembleConfig
from panns.models.transfer import HeadConfig, TransferConfig
from panns.results import Scores
from panns.runtime.model import BATCH_S, ClipModel
from tests.small_models import small_config


class CountingBackend:
    """Scores of 0.5, and the sizes of the batches."""

    device, inputs, state_size = "cpu", ("features",), 0

    def __init__(self, embedding_dim):
        self.embedding_dim, self.batches = embedding_dim, []

    def __call__(self, features):
        self.batches.append(len(features))
        return Scores(np.full((len(features), 527), 0.5, np.float32), None, self._embedding(len(features)))

    def _embedding(self, n_clips):
        return np.zeros((n_clips, self.embedding_dim), np.float32)


def batches_of(name, config, clips):
    backend = CountingBackend(config.embedding_dim)
    ClipModel(ModelManifest(name, config, audioset()), backend).run(clips)
    return backend.batches


def test_short_clips_of_a_filled_input_are_batched_by_the_length_that_is_computed():
    clips = [np.zeros(1_600, np.float32)] * 12
    assert batches_of("ced_tiny", small_config("ced_tiny"), clips) == [12]
    assert batches_of("ast_10_10", find_model("ast_10_10").config, clips) == [1] * 12
    quarter = replace(find_model("ast_10_10").config, n_input_frames=246)
    assert quarter.max_input_samples == pytest.approx(16_000 * BATCH_S["cpu"] / 4, abs=500)
    assert batches_of("ast_10_10", quarter, clips) == [4, 4, 4]


@pytest.mark.parametrize(("name", "max_pass_s"), [("ast_10_10", 10.255), ("ced_tiny", 10.22), ("cnn6", None)])
def test_the_longest_pass_is_that_of_the_network_inside(name, max_pass_s):
    config = find_model(name).config
    inside = [
        (name, config),
        ("transfer", TransferConfig(HeadConfig(), name, config)),
        ("ensemble", EnsembleConfig(2, name, config)),
    ]
    for outer, one in inside:
        manifest = ModelManifest(outer, one, audioset())
        assert manifest.max_pass_s == pytest.approx(max_pass_s)
        assert one.fills_input == (name == "ast_10_10")


def test_ten_seconds_and_a_quarter_are_one_window():
    manifest = ModelManifest("ast_10_10", find_model("ast_10_10").config, audioset())
    model = ClipModel(manifest, CountingBackend(768))
    for n_samples, lengths in ((163_840, [163_840]), (164_080, [164_080]), (192_000, [160_000, 32_000])):
        windows = model.windows([np.zeros(n_samples, np.float32)])
        assert [len(window.waveform) for window in windows] == lengths
