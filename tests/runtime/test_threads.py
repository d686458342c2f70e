"""One recognizer, many threads, the same answers."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

import panns
from panns.runtime.backend import BACKENDS
from tests.sounds import RATE, changing_sound

N_THREADS = 8


@pytest.mark.parametrize("backend", BACKENDS)
def test_threads_get_what_each_would_get_alone(tiny_checkpoint, backend):
    recognizer = panns.load(tiny_checkpoint, backend=backend, device="cpu", n_threads=1)
    # Every thread another sound, of another length every time, so that shared buffers would show.
    lengths = [4801, 3 * RATE, 777, RATE]
    clips = [[changing_sound(3, seed=i)[:n] for n in lengths[i % 4 :] + lengths[: i % 4]] for i in range(N_THREADS)]
    alone = [[recognizer.run(clip) for clip in mine] for mine in clips]
    start = Barrier(N_THREADS)

    def ask(i):
        start.wait()
        return [[recognizer.run(clip) for clip in clips[i]] for _ in range(5)]

    with ThreadPoolExecutor(N_THREADS) as pool:
        together = list(pool.map(ask, range(N_THREADS)))
    for i, rounds in enumerate(together):
        for answers in rounds:
            for have, want in zip(answers, alone[i], strict=True):
                np.testing.assert_array_equal(have.clip_probs, want.clip_probs)
                np.testing.assert_array_equal(have.embedding, want.embedding)


def test_threads_may_tag_at_once(tiny_checkpoint):
    recognizer = panns.load(tiny_checkpoint, n_threads=1)
    sounds = [(changing_sound(2, seed=i), RATE) for i in range(N_THREADS)]
    alone = [recognizer.tag(sound) for sound in sounds]
    with ThreadPoolExecutor(N_THREADS) as pool:
        assert list(pool.map(recognizer.tag, sounds)) == alone
