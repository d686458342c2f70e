import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.errors import AudioDecodeError, DataError
from panns.evaluation import clip_scoring, score_clips
from panns.results import Scores
from tests.evaluation.fake_clips import Sounds, clips_of, predict_from


def sounds(n_clips, **settings):
    return Sounds(clips_of(*["cat"] * n_clips), **settings)


def table(n_clips, n_classes=2):
    return np.random.default_rng(n_clips).random((n_clips, n_classes), dtype=np.float32)


@given(
    n_clips=st.integers(1, 20),
    batch_size=st.integers(1, 7),
    n_predicting=st.integers(1, 3),
    broken=st.sets(st.integers(1, 19)),
)
def test_every_clip_gets_its_own_scores(n_clips, batch_size, n_predicting, broken):
    progress = []
    expected = table(n_clips)
    scores = score_clips(
        predict_from(expected),
        sounds(n_clips, broken=broken),
        n_classes=2,
        batch_size=batch_size,
        n_predicting=n_predicting,
        allows_failures=True,
        on_progress=progress.append,
    )
    kept = [i for i in range(n_clips) if i not in broken]
    assert scores.clips.tolist() == kept
    np.testing.assert_array_equal(scores.probs, expected[kept])
    assert scores.probs.dtype == np.float32
    failed = [i for i in range(n_clips) if i in broken]
    assert [failure.path for failure in scores.failures] == [f"{chr(97 + i)}.wav" for i in failed]
    done = [one.done for one in progress]
    assert done == sorted(set(done))
    assert progress[-1][:3] == (n_clips, n_clips, "clips")


def test_long_clips_make_smaller_batches(monkeypatch):
    monkeypatch.setattr(clip_scoring, "MAX_BATCH_SAMPLES", 100)
    sizes = []

    def predict(waveforms):
        sizes.append([len(waveform) for waveform in waveforms])
        return np.zeros((len(waveforms), 1), np.float32)

    score_clips(predict, sounds(7, lengths=[40, 10, 10, 60, 60, 200, 10]), n_classes=1, batch_size=3)
    assert sizes == [[40, 10, 10], [60], [60], [200], [10]]


def test_predict_may_return_scores_of_a_recognizer():
    expected = table(3)
    predict = predict_from(expected)
    scores = score_clips(lambda waveforms: Scores(predict(waveforms)), sounds(3), n_classes=2)
    np.testing.assert_array_equal(scores.probs, expected)


def test_one_predicting_thread_is_the_calling_thread():
    names = set()

    def predict(waveforms):
        names.add(threading.current_thread())
        return np.zeros((len(waveforms), 1), np.float32)

    score_clips(predict, sounds(9), n_classes=1, batch_size=2)
    assert names == {threading.current_thread()}


def test_predicting_threads_run_in_parallel():
    meeting = threading.Barrier(2, timeout=600)

    def predict(waveforms):
        meeting.wait()
        return np.zeros((len(waveforms), 1), np.float32)

    score_clips(predict, sounds(4), n_classes=1, batch_size=1, n_predicting=2)


def test_few_waveforms_are_in_memory():
    decoded = []

    class Counted(Sounds):
        def waveform(self, i):
            decoded.append(i)
            return super().waveform(i)

    ahead = []

    def predict(_):
        ahead.append(len(decoded) - len(ahead))
        return np.zeros((1, 1), np.float32)

    score_clips(predict, Counted(clips_of(*["cat"] * 50)), n_classes=1, batch_size=1, n_decoding=2)
    assert max(ahead) <= 7


def test_unreadable_clip_is_raised_by_default():
    with pytest.raises(AudioDecodeError, match=r"c\.wav: is damaged"):
        score_clips(predict_from(table(5)), sounds(5, broken={2}), n_classes=2)
    assert threading.active_count() < 10


def test_no_readable_clip_is_refused():
    with pytest.raises(DataError, match=r"none of 3 clips .*a\.wav: is damaged"):
        score_clips(predict_from(table(3)), sounds(3, broken={0, 1, 2}), n_classes=2, allows_failures=True)
    with pytest.raises(ValueError, match="0 clips given"):
        score_clips(predict_from(table(3)), sounds(0), n_classes=2)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (np.zeros((3, 2)), r"\(3, 2\).* \(2, 2\)"),
        (np.zeros(2), r"\(2,\).* \(2, 2\)"),
        (np.array([[0.5, 0.5], [0.2, -3.1]]), r"b\.wav: .* -3\.1 to 0\.2.* activation"),
        (np.array([[0.5, np.nan], [0.2, 0.1]]), r"a\.wav: .* nan to nan"),
    ],
)
def test_invalid_model_output_is_refused(output, words):
    with pytest.raises(ValueError, match=words):
        score_clips(lambda _: output, sounds(2), n_classes=2)
