"""Recognizers in other processes: forked, spawned, pickled."""

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import panns
from panns.recognizer import Recognizer
from tests.commands import needs_posix
from tests.sounds import RATE, changing_sound

SOUND = changing_sound(2.0)

FORKED = """
import os, sys
import numpy as np
import panns
recognizer = panns.load(sys.argv[1], backend=sys.argv[2], device="cpu")
sound = np.random.default_rng(0).standard_normal(64_000).astype(np.float32) / 10
expected = recognizer.run(sound).clip_probs  # starts the threads of the backend
child = os.fork()
if child == 0:
    os._exit(0 if np.abs(recognizer.run(sound).clip_probs - expected).max() < 1e-5 else 1)
sys.exit(os.waitpid(child, 0)[1])
"""


@needs_posix
@pytest.mark.filterwarnings("ignore:This process")
@pytest.mark.parametrize("backend", ["onnx", "openvino", pytest.param("torch", marks=pytest.mark.slow)])
def test_a_forked_child_computes(tiny_checkpoint, backend):
    if backend != "onnx":
        pytest.importorskip(backend)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "2")
    arguments = [sys.executable, "-c", FORKED, str(tiny_checkpoint), backend]
    assert subprocess.run(arguments, env=os.environ | threads, timeout=600, check=False).returncode == 0


def score(recognizer):
    return os.getpid(), recognizer.tag((SOUND, RATE), top=3)


def test_a_spawned_process_loads_it_anew(tiny_checkpoint, monkeypatch):
    monkeypatch.chdir(tiny_checkpoint.parent)
    recognizer = panns.load(tiny_checkpoint.name, n_threads=1)  # relative to a folder that the child may not have
    with multiprocessing.get_context("spawn").Pool(1, initializer=os.chdir, initargs=(os.sep,)) as pool:
        ((pid, tagging),) = pool.map(score, [recognizer])
    assert pid != os.getpid()
    assert tagging == recognizer.tag((SOUND, RATE), top=3)


def pickle_and_back(recognizer):
    return pickle.loads(pickle.dumps(recognizer))  # noqa: S301


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle_and_back])
def test_a_copy_has_the_same_settings(copied):
    recognizer = panns.load("stream", n_threads=1)
    other = copied(recognizer)
    assert repr(other) == repr(recognizer)
    assert len(pickle.dumps(recognizer)) < 1_000
    state = recognizer.stream().state.to_bytes()
    assert other.stream(state=state).duration_s == 0
    np.testing.assert_array_equal(other.run(SOUND).clip_probs, recognizer.run(SOUND).clip_probs)


def test_a_recognizer_of_a_model_alone_cannot_travel():
    recognizer = panns.load(n_threads=1)
    with pytest.raises(TypeError, match="was not made by panns"):
        pickle.dumps(Recognizer(recognizer._model, "onnx"))
