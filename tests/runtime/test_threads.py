"""Concurrent calls of one recognizer."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

import panns
from panns.runtime.backend import BACKENDS
from tests.sounds import RATE, changing_sound

N_THREADS = 8


@pytest.mark.parametrize("backend", BACKENDS)
def test_concurrent_calls_give_their_own_scores(tiny_checkpoint, backend):
    recognizer = panns.load(tiny_checkpoint, backend=backend, device="cpu", n_threads=1)
    # Sounds and lengths differ between threads and calls, so a shared buffer would change the scores.
    lengths = [4801, 3 * RATE, 777, RATE]
    clips = [[changing_sound(3, seed=i)[:n] for n in lengths[i % 4 :] + lengths[: i % 4]] for i in range(N_THREADS)]
    alone = [[recognizer.run(clip) for clip in mine] for mine in clips]
    start = Barrier(N_THREADS)

    def run(i):
        start.wait()
        return [[recognizer.run(clip) for clip in clips[i]] for _ in range(5)]

    with ThreadPoolExecutor(N_THREADS) as pool:
        together = list(pool.map(run, range(N_THREADS)))
    for i, rounds in enumerate(together):
        for results in rounds:
            for have, want in zip(results, alone[i], strict=True):
                np.testing.assert_array_equal(have.clip_probs, want.clip_probs)
                np.testing.assert_array_equal(have.embedding, want.embedding)


def test_threads_can_tag_concurrently(tiny_checkpoint):
    recognizer = panns.load(tiny_checkpoint, n_threads=1)
    sounds = [(changing_sound(2, seed=i), RATE) for i in range(N_THREADS)]
    alone = [recognizer.tag(sound) for sound in sounds]
    with ThreadPoolExecutor(N_THREADS) as pool:
        assert list(pool.map(recognizer.tag, sounds)) == alone
