import sys

import numpy as np
import pytest
from matplotlib import image

from panns.errors import MissingExtra
from panns.labels import LabelSet
from panns.plot.confusion import draw_confusion
from tests.drawn import drawn_texts


def labels_of(n_classes):
    return LabelSet.from_names("sounds", [f"sound {i}" for i in range(n_classes)]).labels


def confusions(n_classes, seed=0):
    rng = np.random.default_rng(seed)
    return np.diag(rng.poisson(20, n_classes)) + rng.poisson(0.05, (n_classes, n_classes))


def colours(counts, output):
    """Number of blue and of orange pixels."""
    draw_confusion(counts, labels_of(len(counts)), output, title="pets, fold 5")
    pixels = image.imread(output)[..., :3]
    assert max(pixels.shape) < 2_000
    warmth = pixels[..., 0] - pixels[..., 2]
    return (warmth < -0.3).sum(), (warmth > 0.3).sum()


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [2, 10, 50])
def test_correct_clips_are_blue_and_wrong_ones_orange(tmp_path, n_classes):
    right = np.diag([20] * n_classes)
    one_wrong = right.copy()
    one_wrong[0] = np.roll(right[0], 1)
    blue, orange = colours(right, tmp_path / "right.png")
    blue_of_wrong, orange_of_wrong = colours(one_wrong, tmp_path / "wrong.png")
    assert blue_of_wrong < blue * (1 - 0.9 / n_classes)
    assert orange_of_wrong > orange + 200


def test_a_single_class_is_drawn(tmp_path):
    blue, _ = colours(np.array([[3]]), tmp_path / "a.png")
    assert blue > 10_000


def test_cells_have_counts_and_class_names(tmp_path):
    output = tmp_path / "a.svg"
    draw_confusion(np.array([[7, 0, 3], [0, 0, 0], [0, 0, 1234]]), labels_of(3), output, title="$x$ at home")
    texts = drawn_texts(output)
    assert [text for text in texts if text.isdigit()] == ["7", "3", "1234"]
    assert texts.count("sound 0") == texts.count("sound 2") == 2  # beside a row and below a column
    assert "sound 1" not in texts  # neither true nor predicted for any clip
    assert {"$x$ at home", "1244 clips, 1241 correct", "true class", "predicted class"} <= set(texts)


@pytest.mark.parametrize(("order", "expected"), [("given", [0, 1, 2]), ("similar", [0, 2, 1])])
def test_order_of_classes(tmp_path, order, expected):
    output = tmp_path / "a.svg"
    draw_confusion(np.array([[5, 0, 3], [0, 9, 0], [1, 0, 8]]), labels_of(3), output, order=order)
    names = [text for text in drawn_texts(output) if text.startswith("sound")]
    assert names == 2 * [f"sound {i}" for i in expected]


def test_a_long_title_wraps_and_unknown_letters_are_escaped(tmp_path):
    output = tmp_path / "a.svg"
    draw_confusion(confusions(3), labels_of(3), output, title=f"狗 on {'a folder of sounds/' * 6}, fold 5")
    texts = drawn_texts(output)
    assert any(text.startswith("\\u72d7 on a folder") for text in texts)
    assert max(map(len, texts)) <= 45


def test_many_classes_stay_within_the_largest_picture(tmp_path, monkeypatch):
    monkeypatch.setattr("panns.plot.confusion.MAX_SIDE_PIXELS", 400)
    output = tmp_path / "a.png"
    draw_confusion(np.eye(40, dtype=int), labels_of(40), output)
    assert 200 < max(image.imread(output).shape) < 400


@pytest.mark.parametrize(
    ("shape", "n_labels", "message"),
    [((2, 2), 3, r"shape \(2, 2\) with 4 clips"), ((2, 3), 2, r"shape \(2, 3\)")],
)
def test_a_matrix_of_another_size_or_without_clips_is_refused(tmp_path, shape, n_labels, message):
    with pytest.raises(ValueError, match=message):
        draw_confusion(np.ones(shape, dtype=int), labels_of(n_labels), tmp_path / "a.png")
    with pytest.raises(ValueError, match="with 0 clips"):
        draw_confusion(np.zeros((2, 2), dtype=int), labels_of(2), tmp_path / "a.png")


def test_missing_matplotlib_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install 'panns-audio\[plot\]'"):
        draw_confusion(confusions(2), labels_of(2), tmp_path / "a.png")
