import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from panns.plot.order import order_by_confusion


def test_order_stays_without_confusions():
    assert order_by_confusion(np.diag([5, 0, 3, 2])).tolist() == [0, 1, 2, 3]
    assert order_by_confusion(np.zeros((1, 1), dtype=int)).tolist() == [0]


def test_confused_classes_form_blocks_at_their_first_class():
    # Confused: 0 with 4 and 2, 1 with 5.
    confusion = np.diag([10] * 6)
    for one, other, count in ((0, 4, 6), (4, 0, 5), (2, 4, 3), (0, 2, 1), (5, 1, 2)):
        confusion[one, other] = count
    order = order_by_confusion(confusion).tolist()
    assert sorted(order[:3]) == [0, 2, 4]
    assert order[3:] == [1, 5, 3]
    assert order[1] in {0, 4}  # the most confused classes are neighbours


def test_a_rare_class_counts_by_its_share():
    # Class 2 is predicted for three of four clips of class 0, and for ten of a thousand of class 1.
    confusion = np.array([[1, 0, 3], [0, 990, 10], [0, 0, 500]])
    assert order_by_confusion(confusion).tolist() in ([0, 2, 1], [1, 2, 0])


@given(stnp.arrays(np.int64, st.integers(1, 8).map(lambda n: (n, n)), elements=st.integers(0, 5)))
def test_every_class_occurs_once(confusion):
    assert sorted(order_by_confusion(confusion).tolist()) == list(range(len(confusion)))


def test_blocks_are_found_in_shuffled_classes():
    rng = np.random.default_rng(0)
    blocks = np.kron(np.eye(6, dtype=int), rng.integers(1, 9, (5, 5))) + 40 * np.eye(30, dtype=int)
    shuffled = rng.permutation(30)
    order = shuffled[order_by_confusion(blocks[np.ix_(shuffled, shuffled)])]
    for start in range(0, 30, 5):
        assert len({i // 5 for i in order[start : start + 5]}) == 1


def test_hundreds_of_classes_take_seconds():
    confusion = np.random.default_rng(0).poisson(0.02, (300, 300)) + np.diag([20] * 300)
    start = time.process_time()
    order_by_confusion(confusion)
    assert time.process_time() - start < 60
