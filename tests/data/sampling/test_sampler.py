from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.data.sampling.sampler import BalancedSampler, ShuffledSampler
from tests.hypothesis_examples import examples

BATCHES = st.integers(1, 12)
SEEDS = st.integers(0, 2**70)
CLASSES = st.lists(st.lists(st.integers(0, 6), max_size=3), min_size=1, max_size=20).filter(any)


def drawn(sampler, n):
    """The first `n` clips of a sampler."""
    steps = range(-(-n // sampler.batch_size))
    return np.concatenate([sampler.indices(step) for step in steps])[:n].tolist()


@given(n_clips=st.integers(1, 30), batch_size=BATCHES, seed=SEEDS)
@settings(max_examples=examples(25))
def test_every_clip_once_per_epoch(n_clips, batch_size, seed):
    sampler = ShuffledSampler(n_clips, batch_size, seed)
    assert sampler.indices(0).shape == (batch_size,)
    assert sampler.indices(0).dtype == np.int64
    sequence = drawn(sampler, 3 * n_clips)
    for epoch in range(3):
        assert sorted(sequence[epoch * n_clips : (epoch + 1) * n_clips]) == list(range(n_clips))


@given(classes=CLASSES, batch_size=BATCHES, seed=SEEDS)
@settings(max_examples=examples(25))
def test_every_class_once_per_round(classes, batch_size, seed):
    sampler = BalancedSampler(classes, batch_size, seed)
    assert sampler.indices(0).shape == (batch_size,)
    assert sampler.indices(0).dtype == np.int64
    members = {c: [i for i, own in enumerate(classes) if c in own] for own in classes for c in own}
    assert (sampler.n_classes, sampler.n_clips) == (len(members), sum(map(bool, classes)))
    n_rounds = 2 * max(map(len, members.values()))
    sequence = drawn(sampler, n_rounds * len(members))
    for start in range(0, len(sequence), len(members)):
        assert _can_stand_for(sequence[start : start + len(members)], members)
    # A clip of a single class was drawn for that class.
    for clip, count in Counter(sequence).items():
        if len(set(classes[clip])) == 1:
            n_own = len(members[classes[clip][0]])
            assert n_rounds // n_own <= count <= -(-n_rounds // n_own)
    assert all(classes[clip] for clip in sequence)


def _can_stand_for(clips, members):
    """True if the clips can be assigned to the classes, one each."""
    taken = {}

    def place(clip, tried):
        for class_, own in members.items():
            if clip in own and class_ not in tried:
                tried.add(class_)
                if class_ not in taken or place(taken[class_], tried):
                    taken[class_] = clip
                    return True
        return False

    return all(place(clip, set()) for clip in clips)


def test_rare_classes_are_as_frequent_as_common_ones():
    classes = [[0]] * 970 + [[1]] * 20 + [[2]] * 10
    counts = Counter(classes[clip][0] for clip in drawn(BalancedSampler(classes, 30, seed=1), 3_000))
    assert counts == {0: 1_000, 1: 1_000, 2: 1_000}


def test_draw_has_the_probabilities_of_batches():
    rng = np.random.default_rng(0)
    classes = [(0,)] * 8 + [(1,)] * 2 + [()]
    balanced = Counter(BalancedSampler(classes, 4, 0).draw(rng) for _ in range(2_000))
    assert sum(balanced[i] for i in range(8)) == pytest.approx(1_000, abs=100)
    assert balanced[8] == pytest.approx(500, abs=80)
    assert balanced[10] == 0
    shuffled = Counter(ShuffledSampler(11, 4, 0).draw(rng) for _ in range(2_200))
    assert min(shuffled[i] for i in range(11)) > 140


def test_clip_repeats_only_after_its_whole_class():
    classes = [[0]] * 50 + [[1]] * 4
    own = [clip for clip in drawn(BalancedSampler(classes, 8, seed=3), 80) if clip >= 50]
    cycles = [own[start : start + 4] for start in range(0, 40, 4)]
    assert all(sorted(cycle) == [50, 51, 52, 53] for cycle in cycles)
    assert len(set(map(tuple, cycles))) > 5  # in changing orders


SAMPLERS = {
    "shuffled": lambda seed: ShuffledSampler(40, 7, seed),
    "balanced": lambda seed: BalancedSampler([[i % 7, i % 3] for i in range(40)], 7, seed),
}
sampler_kinds = pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)


@sampler_kinds
@given(steps=st.permutations(range(20)))
@settings(max_examples=20)
def test_step_is_independent_of_order_and_restarts(make, steps):
    sampler = make(5)
    for step in steps:
        np.testing.assert_array_equal(sampler.indices(step), make(5).indices(step))


@sampler_kinds
def test_threads_get_the_same_steps(make):
    expected = [make(5).indices(step).tolist() for step in range(100)]
    sampler = make(5)
    with ThreadPoolExecutor(8) as pool:
        assert [one.tolist() for one in pool.map(sampler.indices, range(100))] == expected


@sampler_kinds
def test_seeds_and_epochs_differ(make):
    orders = {tuple(drawn(make(seed), 40)) for seed in range(50)}
    assert len(orders) == 50
    sequence = drawn(make(0), 400)
    assert len({tuple(sequence[start : start + 40]) for start in range(0, 400, 40)}) == 10


@sampler_kinds
def test_processes_share_a_batch(make):
    batch = make(0).indices(3)
    shares = [batch[rank::3] for rank in range(3)]
    assert sorted(np.concatenate(shares).tolist()) == sorted(batch.tolist())


def test_orders_differ_from_other_uses_of_the_seed():
    for seed in ([7], [7, 0], [7, 0, 0], [7, 0, 0, 0]):
        other = np.random.default_rng(seed).permutation(np.arange(40, dtype=np.uint32))
        assert other.tolist() != ShuffledSampler(40, 40, 7).indices(0).tolist()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ShuffledSampler(0, 4, 0), "n_clips=0"),
        (lambda: ShuffledSampler(4, 0, 0), "batch_size=0"),
        (lambda: ShuffledSampler(4, 4, -1), "seed=-1"),
        (lambda: BalancedSampler([[0]], 0, 0), "batch_size=0"),
        (lambda: BalancedSampler([[], []], 4, 0), "none of the clips has a label"),
        (lambda: BalancedSampler([], 4, 0), "none of the clips has a label"),
        (lambda: BalancedSampler([[0], [-1]], 4, 0), "class index -1"),
    ],
)
def test_invalid_arguments_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_two_million_clips():
    sampler = ShuffledSampler(2_000_000, 64, 0)
    first = sampler.indices(0)
    assert len(set(first.tolist())) == 64
    assert first.max() > 1_000_000
    np.testing.assert_array_equal(sampler.indices(31_250)[:1], ShuffledSampler(2_000_000, 1, 0).indices(2_000_000))
