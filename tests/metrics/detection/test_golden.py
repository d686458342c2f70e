"""Equal to sed_scores_eval and sed_eval; `tests/golden/detection.py` made the values and compares thousands more."""

from pathlib import Path

import numpy as np
import pytest

from tests.metrics.detection.cases import random_case
from tests.metrics.detection.ours import measure_case

GOLDEN = Path(__file__).resolve().parents[2] / "golden/detection.npz"


@pytest.fixture(scope="module")
def ours():
    with np.load(GOLDEN) as golden:
        n_cases = int(golden["n_cases"])
    found = [measure_case(random_case(seed)) for seed in range(n_cases)]
    return {
        name: np.concatenate([one.get(name, []) for one in found])
        for name in dict.fromkeys(n for f in found for n in f)
    }


def test_golden_file_has_every_measure(ours):
    with np.load(GOLDEN) as golden:
        assert set(golden.files) == {*ours, "n_cases"}
        assert golden["n_cases"] >= 50


@pytest.mark.parametrize(
    "name",
    [
        *("psds1", "psds2", "psds"),
        *("collar_at", "collar_best", "collar_thresholds", "events"),
        *("intersection_at", "intersection_best", "intersection_thresholds", "counts", "cross_triggers"),
        *("segments", "error_rates"),
    ],
)
def test_equal_to_reference_libraries(ours, name):
    with np.load(GOLDEN) as golden:
        np.testing.assert_allclose(ours[name], golden[name], rtol=0, atol=1e-9)
    assert np.unique(ours[name].round(6)).size > 5  # the cases are not all trivial


def test_cases_are_reproducible():
    case = random_case(3)
    assert case.truth[0][0] == random_case(3).truth[0][0]
    assert case.n_classes == random_case(3).n_classes
