"""Every answer of a backend is checked, and every byte of an exported file is covered by its digest."""

import json
from dataclasses import replace

import numpy as np
import pytest

import panns
from panns.checkpoints.checkpoint import ONNX_FILE, open_checkpoint
from panns.errors import CheckpointError
from panns.results import Scores
from panns.runtime.load import load_model, make_model
from panns.runtime.output_checks import checked_scores, checked_state
from tests.commands import run_panns
from tests.sounds import RATE, noise

TAGS = np.full((2, 527), 0.5, np.float32)
VECTORS = np.ones((2, 16), np.float32)


@pytest.fixture(scope="module")
def manifest(tiny_checkpoint):
    return open_checkpoint(tiny_checkpoint).manifest


def with_value(array, value):
    array = array.copy()
    array[1, 3] = value
    return array


def check(manifest, clip_probs=TAGS, embedding=VECTORS):
    return checked_scores(Scores(clip_probs, embedding=embedding), manifest, n_clips=2, n_samples=RATE)


def test_a_sound_answer_is_returned_unchanged(manifest):
    scores = check(manifest)
    assert scores.clip_probs is TAGS
    assert scores.embedding is VECTORS


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"clip_probs": with_value(TAGS, np.nan)}, "NaN in clip_probs"),
        ({"clip_probs": with_value(TAGS, np.inf)}, "inf in clip_probs"),
        ({"clip_probs": with_value(TAGS, -0.25)}, r"-0\.25 in clip_probs"),
        ({"clip_probs": with_value(TAGS, 1.5)}, r"1\.5 in clip_probs"),
        ({"clip_probs": TAGS[:1]}, r"float32 of shape \(1, 527\) as clip_probs, .* \(2, 527\)"),
        ({"clip_probs": TAGS[:, :5]}, r"\(2, 5\)"),
        ({"clip_probs": TAGS[0]}, r"\(527,\)"),
        ({"clip_probs": TAGS.astype(np.float64)}, "float64 of shape"),
        ({"clip_probs": TAGS.astype(np.int64)}, "int64 of shape"),
        ({"clip_probs": [TAGS]}, "list as clip_probs"),
        ({"embedding": with_value(VECTORS, np.nan)}, "NaN in embedding"),
        ({"embedding": with_value(VECTORS, -np.inf)}, "-inf in embedding"),
        ({"embedding": None}, "NoneType as embedding"),
        ({"embedding": VECTORS[:, :3]}, r"\(2, 3\) as embedding"),
    ],
)
def test_a_damaged_answer_is_refused(manifest, changes, words):
    with pytest.raises(CheckpointError, match=f"the model cnn6 returned .*{words}"):
        check(manifest, **changes)


def test_rounding_beyond_1_is_cut_off(manifest):
    assert check(manifest, with_value(TAGS, 1.000001)).clip_probs.max() == 1
    assert check(manifest, with_value(TAGS, -0.000001)).clip_probs.min() == 0


def test_the_number_of_frames_is_checked(tiny_frames_checkpoint):
    manifest = open_checkpoint(tiny_frames_checkpoint).manifest
    n_frames = manifest.config.n_frames(RATE)
    for n, is_right in ((n_frames, True), (n_frames - 1, False), (0, False)):
        scores = Scores(TAGS[:1], np.zeros((1, n, 527), np.float32))
        if is_right:
            assert checked_scores(scores, manifest, n_clips=1, n_samples=RATE).frame_probs.shape[1] == n
        else:
            with pytest.raises(CheckpointError, match=rf"\(1, {n}, 527\) as frame_probs"):
                checked_scores(scores, manifest, n_clips=1, n_samples=RATE)


def test_the_state_of_a_stream_is_checked(manifest):
    state = np.zeros((2, 5), np.float32)
    assert checked_state(state, (2, 5), manifest) is state
    for damaged in (with_value(state, np.nan), state[:, :4], state.astype(np.float64)):
        with pytest.raises(CheckpointError, match="next_state"):
            checked_state(damaged, (2, 5), manifest)


class Changed:
    """A backend whose scores are changed."""

    def __init__(self, backend, change):
        self._backend, self._change = backend, change

    def __getattr__(self, name):
        return getattr(self._backend, name)

    def __call__(self, *batch):
        return self._change(self._backend(*batch))

    def step(self, batch, state):
        scores, after = self._backend.step(batch, state)
        return self._change(scores), after


@pytest.mark.parametrize("checkpoint", ["tiny_checkpoint", "tiny_frames_checkpoint", "tiny_stream_checkpoint"])
def test_no_model_returns_nan(checkpoint, request):
    model = load_model(open_checkpoint(request.getfixturevalue(checkpoint)), device="cpu", n_threads=1)
    broken = Changed(model.backend, lambda scores: replace(scores, clip_probs=scores.clip_probs * np.float32(np.nan)))
    with pytest.raises(CheckpointError, match="NaN in clip_probs"):
        make_model(model.manifest, broken).run(noise(1))


@pytest.mark.parametrize("n_changes", [50, pytest.param(2000, marks=pytest.mark.slow)])
def test_changed_bytes_of_an_exported_file_are_refused(exported_file, tmp_path, n_changes):
    """A single changed byte gave other scores and exit status 0."""
    content, path = exported_file.read_bytes(), tmp_path / "a.onnx"
    for place in np.random.default_rng(0).integers(0, len(content), n_changes):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        with pytest.raises(CheckpointError):
            panns.load(path)


def test_changed_bytes_of_a_checkpoint_folder_are_refused(tiny_checkpoint, tmp_path):
    content, path = (tiny_checkpoint / ONNX_FILE).read_bytes(), tmp_path / ONNX_FILE
    (tmp_path / "model.json").write_bytes((tiny_checkpoint / "model.json").read_bytes())
    for place in np.random.default_rng(0).integers(0, len(content), 50):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        with pytest.raises(CheckpointError):
            panns.load(tmp_path)


def test_a_damaged_model_ends_a_command_with_an_error(exported_file, tmp_path):
    content, path = bytearray(exported_file.read_bytes()), tmp_path / "a.onnx"
    content[len(content) // 2] ^= 0x40
    path.write_bytes(content)
    finished = run_panns("tag", "--json", "--model", path, "examples/siren.ogg")
    assert finished.returncode == 1
    assert "differs from its digest" in finished.stderr
    assert all(json.loads(line) for line in finished.stdout.splitlines())
