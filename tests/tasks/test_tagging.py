from pathlib import Path

import numpy as np
import pytest
import soundfile

import panns
from panns.labels import LabelSet
from panns.tasks.tagging import check_selection, tags_from_probs
from tests.sounds import RATE, changing_sound

PETS = LabelSet.from_names("pets", ["cat", "dog", "fish", "bird"])


def labels_of(probs, **selection):
    return [tag.label for tag in tags_from_probs(np.array(probs, dtype=np.float32), PETS, **selection)]


def test_the_most_probable_come_first():
    assert labels_of([0.2, 0.9, 0.1, 0.4], top=3) == ["dog", "bird", "cat"]


def test_of_equals_the_first_of_the_label_set_comes_first():
    assert labels_of([0.5, 0.7, 0.5, 0.5], top=None) == ["dog", "cat", "fish", "bird"]


def test_the_threshold_itself_counts():
    assert labels_of([0.25, 0.5, 0.125, 0.75], threshold=0.25) == ["bird", "dog", "cat"]
    assert labels_of([0.25, 0.5, 0.125, 0.75], threshold=1) == []


def test_scores_are_not_rounded():
    (tag,) = tags_from_probs(np.array([0, 1 / 3, 0, 0], dtype=np.float32), PETS, top=1)
    assert tag.score == float(np.float32(1 / 3))


@pytest.mark.parametrize("top", [0, -1, 2.5, "5", True])
def test_a_number_of_tags_that_is_none_is_refused(top):
    with pytest.raises(ValueError, match="must be a whole number of at least 1, or None for all classes"):
        check_selection(top, None)


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan"), "0.5"])
def test_a_threshold_that_is_no_probability_is_refused(threshold):
    with pytest.raises(ValueError, match="must be a probability, 0 to 1"):
        check_selection(5, threshold)


def test_clip_scores_are_the_maximum_of_the_timeline(tiny_checkpoint):
    recognizer = panns.load(tiny_checkpoint)
    answer = recognizer.tag((changing_sound(35), RATE), top=None, timeline=True)
    assert [(window.onset_s, window.offset_s) for window in answer.windows] == [(0, 10), (10, 20), (20, 30), (30, 35)]
    for tag in answer:
        scores = [{one.index: one.score for one in window.tags}[tag.index] for window in answer.windows]
        assert tag.score == max(scores)


def test_the_last_second_of_a_long_sound_is_heard():
    knock, rate = soundfile.read(Path(__file__).parents[2] / "examples" / "knock.ogg", dtype="float32")
    sound = np.zeros(round(40.9 * rate), np.float32)
    sound[40 * rate :] = knock[: len(sound) - 40 * rate]
    tagging = panns.load().tag((sound, rate), top=None, timeline=True)
    assert {tag.label: tag.score for tag in tagging}["Knock"] > 0.5
    assert [(one.onset_s, one.offset_s) for one in tagging.windows] == [(0, 10), (10, 20), (20, 30), (30, 40.9)]
    assert tagging.windows[-1].tags[0].label == "Knock"


def test_progress_comes_in_order(tiny_checkpoint):
    progress = []
    panns.load(tiny_checkpoint).tag((changing_sound(35), RATE), on_progress=progress.append)
    assert len(progress) == 4
    assert [one.done for one in progress] == sorted(one.done for one in progress)
    assert progress[-1][:3] == (35.0, 35.0, "seconds of sound")
