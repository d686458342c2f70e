import numpy as np
from matplotlib import image

from panns.metrics import reliability
from panns.plot.reliability import draw_reliability


def test_bars_show_the_share_correct(tmp_path):
    # Scores of 0.1 that are always correct, and of 0.9 that never are.
    probs, targets = np.array([[0.1], [0.1], [0.9]]), np.array([[1], [1], [0]])
    output = tmp_path / "a.png"
    draw_reliability(reliability(probs, targets, n_bins=5), output, title="pets, fold 5")
    pixels = image.imread(output)[..., :3]
    is_bar = np.abs(pixels - np.array([0x99, 0xBB, 0xDD]) / 255).max(axis=2) < 0.01
    columns = np.flatnonzero(is_bar.any(axis=0))
    assert columns.max() < pixels.shape[1] / 2  # the bar on the right has no height
    assert is_bar[:, columns].sum(axis=0).max() > 0.4 * pixels.shape[0]


def test_calibration_error_and_title_are_written(tmp_path):
    output = tmp_path / "a.svg"
    rng = np.random.default_rng(0)
    probs = rng.random((2_000, 3))
    draw_reliability(reliability(probs, rng.random((2_000, 3)) < probs), output, title="$pets$")
    drawn = output.read_text(encoding="utf-8")
    assert "<!-- $pets$ -->" in drawn
    assert "<!-- calibration error 0.0" in drawn
