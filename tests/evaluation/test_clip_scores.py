import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.errors import AudioDecodeError, DataError
from panns.evaluation import ask, clip_scores
from panns.results import Scores
from tests.evaluation.clips import Sounds, answers_from, clips_of


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
def test_every_clip_gets_its_own_answer(n_clips, batch_size, n_predicting, broken):
    progress = []
    expected = table(n_clips)
    given_answers = ask(
        answers_from(expected),
        sounds(n_clips, broken=broken),
        n_classes=2,
        batch_size=batch_size,
        n_predicting=n_predicting,
        allows_failures=True,
        on_progress=lambda *numbers: progress.append(numbers),
    )
    kept = [i for i in range(n_clips) if i not in broken]
    assert given_answers.clips.tolist() == kept
    np.testing.assert_array_equal(given_answers.probs, expected[kept])
    assert given_answers.probs.dtype == np.float32
    failed = [i for i in range(n_clips) if i in broken]
    assert [failure.path for failure in given_answers.failures] == [f"{chr(97 + i)}.wav" for i in failed]
    assert progress == sorted(set(progress))
    assert progress[-1] == (n_clips, n_clips)


def test_batches_are_as_large_as_asked_and_smaller_for_long_clips(monkeypatch):
    monkeypatch.setattr(clip_scores, "MAX_BATCH_SAMPLES", 100)
    sizes = []

    def predict(waveforms):
        sizes.append([len(waveform) for waveform in waveforms])
        return np.zeros((len(waveforms), 1), np.float32)

    ask(predict, sounds(7, lengths=[40, 10, 10, 60, 60, 200, 10]), n_classes=1, batch_size=3)
    assert sizes == [[40, 10, 10], [60], [60], [200], [10]]


def test_scores_of_a_recognizer_are_taken():
    expected = table(3)
    predict = answers_from(expected)
    given_answers = ask(lambda waveforms: Scores(predict(waveforms)), sounds(3), n_classes=2)
    np.testing.assert_array_equal(given_answers.probs, expected)


def test_a_network_in_training_is_called_by_the_thread_that_asks_alone():
    names = set()

    def predict(waveforms):
        names.add(threading.current_thread())
        return np.zeros((len(waveforms), 1), np.float32)

    ask(predict, sounds(9), n_classes=1, batch_size=2)
    assert names == {threading.current_thread()}


def test_calls_run_side_by_side_when_asked():
    meeting = threading.Barrier(2, timeout=10)

    def predict(waveforms):
        meeting.wait()
        return np.zeros((len(waveforms), 1), np.float32)

    ask(predict, sounds(4), n_classes=1, batch_size=1, n_predicting=2)


def test_few_clips_are_held_at_a_time():
    asked = []

    class Counted(Sounds):
        def waveform(self, i):
            asked.append(i)
            return super().waveform(i)

    ahead = []

    def predict(_):
        ahead.append(len(asked) - len(ahead))
        return np.zeros((1, 1), np.float32)

    ask(predict, Counted(clips_of(*["cat"] * 50)), n_classes=1, batch_size=1, n_decoding=2)
    assert max(ahead) <= 7


def test_a_clip_that_cannot_be_read_stops_all_unless_allowed():
    with pytest.raises(AudioDecodeError, match=r"c\.wav: is damaged"):
        ask(answers_from(table(5)), sounds(5, broken={2}), n_classes=2)
    assert threading.active_count() < 10


def test_if_none_can_be_read_there_is_nothing_to_say():
    with pytest.raises(DataError, match=r"none of 3 clips can be read; the first: a\.wav: is damaged"):
        ask(answers_from(table(3)), sounds(3, broken={0, 1, 2}), n_classes=2, allows_failures=True)
    with pytest.raises(ValueError, match="there is no clip to ask about"):
        ask(answers_from(table(3)), sounds(0), n_classes=2)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.zeros((3, 2)), r"the model answered \(3, 2\); \(2, 2\) is needed"),
        (np.zeros(2), r"the model answered \(2,\); \(2, 2\) is needed"),
        (np.array([[0.5, 0.5], [0.2, -3.1]]), r"b\.wav: the model answered -3\.1 to 0\.2, .* apply its activation"),
        (np.array([[0.5, np.nan], [0.2, 0.1]]), r"a\.wav: the model answered nan to nan"),
    ],
)
def test_what_is_no_answer_is_refused(answer, words):
    with pytest.raises(ValueError, match=words):
        ask(lambda _: answer, sounds(2), n_classes=2)
