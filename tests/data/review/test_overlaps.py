"""Labels of stretches, by the time that they overlap."""

import random

from panns.data.review.overlaps import LabelledStretches


def test_neighbours_that_touch_do_not_overlap():
    stretches = LabelledStretches([((1.0, 2.0), "dog")])
    assert [list(stretches.labels_in(where)) for where in ((0.0, 1.0), (2.0, 3.0), (1.9, 2.1))] == [[], [], ["dog"]]


def test_one_inside_the_other():
    stretches = LabelledStretches([((0.0, 100.0), "rain"), ((50.0, 51.0), "dog")])
    assert list(stretches.parts_in((50.5, 60.0))) == [(9.5, "rain"), (0.5, "dog")]
    assert list(stretches.parts_in((98.0, 200.0))) == [(2.0, "rain")]


def test_no_stretches():
    assert list(LabelledStretches().labels_in((0.0, 1e9))) == []


def test_equal_to_a_comparison_with_every_stretch():
    rng = random.Random(0)
    drawn = [((onset := rng.randrange(100), onset + rng.randint(1, 30)), f"class {i}") for i in range(40)]
    stretches = LabelledStretches(drawn)
    for _ in range(200):
        onset = rng.randrange(-10, 130)
        offset = onset + rng.randint(1, 20)
        expected = {label for (a, b), label in drawn if a < offset and b > onset}
        assert set(stretches.labels_in((onset, offset))) == expected
