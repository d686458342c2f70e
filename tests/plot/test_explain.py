import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib import image

import panns
from panns.checkpoints.manifest import OperatingPoint
from panns.errors import AudioDecodeError, MissingExtra
from panns.events import EventConfig
from panns.labels import LabelSet, audioset
from panns.plot.explain import explain, timeline_of
from panns.plot.text import drawable
from panns.results import Event
from tests.drawn import drawn_texts
from tests.small_models import small_config
from tests.sounds import RATE, changing_sound, write_wav
from tests.tiny_checkpoints import make_checkpoint


def test_timeline_has_the_frame_scores_of_the_model(tiny_frames_checkpoint):
    recognizer, sound = panns.load(tiny_frames_checkpoint), changing_sound(4)
    scores = recognizer.run(sound)
    timeline = timeline_of(recognizer, sound)
    n_frames = scores.frame_probs.shape[1]
    np.testing.assert_allclose(timeline.probs[:n_frames], scores.frame_probs[0], rtol=0, atol=2e-6)
    # The rest of the sound after the last frame repeats its scores.
    np.testing.assert_array_equal(timeline.probs[n_frames:], timeline.probs[[n_frames - 1]])
    np.testing.assert_allclose(timeline.onsets_s, 0.32 * np.arange(13))


def test_timeline_of_a_clip_model_has_centred_windows(tiny_checkpoint):
    recognizer, sound = panns.load(tiny_checkpoint), changing_sound(4)
    timeline = timeline_of(recognizer, sound)
    np.testing.assert_allclose(timeline.onsets_s, np.arange(40) * 0.1)
    # The window from 1.55 s to 2.55 s gives the scores of its middle, 2.0 s to 2.1 s.
    window = sound[round(1.55 * RATE) : round(2.55 * RATE)]
    np.testing.assert_allclose(timeline.probs[20], recognizer.run(window).clip_probs[0], rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", ["tiny_checkpoint", "tiny_frames_checkpoint", "tiny_stream_checkpoint"])
def test_events_equal_those_of_detect(name, request):
    recognizer = panns.load(request.getfixturevalue(name), n_threads=1)
    sound, settings = changing_sound(12), {"threshold": 0.6, "config": EventConfig(median_s=0.2)}
    found = timeline_of(recognizer, sound, **settings).events
    expected = recognizer.detect((sound, recognizer.sample_rate), **settings).events
    assert len(expected) > 0
    assert [(one.index, one.onset_s, one.offset_s) for one in found] == [
        (one.index, one.onset_s, one.offset_s) for one in expected
    ]


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("tiny_frames_checkpoint", 3.0),
        *(
            pytest.param(name, seconds, marks=pytest.mark.slow)
            for name in ("tiny_checkpoint", "tiny_frames_checkpoint", "tiny_stream_checkpoint")
            for seconds in (0.001, 3.0)
            if (name, seconds) != ("tiny_frames_checkpoint", 3.0)
        ),
    ],
)
def test_a_picture_is_drawn(name, seconds, request, tmp_path):
    output = tmp_path / "a.png"
    explain(panns.load(request.getfixturevalue(name)), (changing_sound(seconds), RATE), output, top=3)
    pixels = image.imread(output)[..., :3]
    assert pixels.shape[0] > 500
    # The log-mel and the timeline are colourful, and lie one above the other.
    colourfulness = np.ptp(pixels, axis=2).mean(axis=1)
    assert (colourfulness > 0.1).mean() > 0.3


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n_panels"), [("patch_attention", 3), ("leenet11", 0)])
def test_patch_weights_or_a_note_about_the_waveform_are_drawn(name, n_panels, tmp_path):
    recognizer = panns.load(make_checkpoint(tmp_path / "model", name, **vars(small_config(name))))
    output = tmp_path / "a.svg"
    explain(recognizer, (changing_sound(3), RATE), output, top=4)
    drawn = output.read_text(encoding="utf-8")
    assert drawn.count("<!-- patches for") == n_panels
    assert ("(the model reads the waveform)" in drawn) == (name == "leenet11")


@pytest.fixture
def draw(tiny_frames_checkpoint, monkeypatch, tmp_path):
    """Draw a sound of 4 s with given events; returns the texts of the picture."""

    def draw(events, *, manifest=None, **settings):
        recognizer = panns.load(tiny_frames_checkpoint)
        calls = []

        def timeline(recognizer, waveform, *, threshold=None, config=None, windows=None):
            calls.append((waveform.shape, threshold, config, windows))
            return replace(timeline_of(recognizer, waveform), events=tuple(events))

        monkeypatch.setattr("panns.plot.explain.timeline_of", timeline)
        if manifest:
            monkeypatch.setattr(panns.Recognizer, "manifest", replace(recognizer.manifest, **manifest))
        output = tmp_path / "a.svg"
        explain(recognizer, (changing_sound(4), RATE), output, **settings)
        assert calls == [((4 * RATE,), *map(settings.get, ("threshold", "config", "windows")))]
        return drawn_texts(output)

    return draw


def some_event(labels, index, onset_s=1.0, offset_s=3.0, score=0.75):
    return Event.of(labels[index], onset_s, offset_s, score)


def test_events_are_below_the_scores(draw):
    labels = audioset()
    events = [some_event(labels, 74), some_event(labels, 0, 0.5, 0.9, 0.91), some_event(labels, 74, 3.5, 3.9, 0.62)]
    texts = draw(events, top=2, threshold=0.6)
    head = texts.index("events, threshold 0.6")
    assert head > texts.index("top tags: score of the whole sound, and scores over time")
    names = [text for text in texts if text in {"Dog", "Speech"}]
    assert names[-2:] == ["Speech", "Dog"]  # the lane with the best event comes first
    assert {"0.75", "0.91", "0.62"} <= set(texts)


@pytest.mark.slow
@pytest.mark.parametrize(("n_classes", "note"), [(12, ""), (13, "; 12 of 13 classes")])
def test_at_most_as_many_lanes_as_tags(draw, n_classes, note):
    labels = audioset()
    events = [some_event(labels, 500 + i, score=0.99 - i / 100) for i in range(n_classes)]
    texts = draw(events, top=12)
    assert f"events, threshold 0.5{note}" in texts
    assert {f"{0.99 - i / 100:.2f}" for i in range(12)} <= set(texts)
    assert labels[511].en in texts
    assert labels[512].en not in texts[texts.index(labels[511].en) :]


def test_without_events_the_highest_score_is_written(draw, tiny_frames_checkpoint):
    highest = panns.load(tiny_frames_checkpoint).run(changing_sound(4)).frame_probs.max()
    assert f"no events; the highest frame score is {highest:.2f}" in draw([])


def test_heading_names_the_thresholds(draw):
    thresholds = (0.3,) * 527
    assert "events, one threshold per class" in draw([], manifest={"thresholds": thresholds})
    assert "events, threshold 0.7" in draw([], manifest={"thresholds": thresholds}, threshold=0.7)
    assert "events, thresholds for 1/h" in draw([], threshold="1/h")
    points = (OperatingPoint(10.0, (0.6,) * 527),)
    usual = {"thresholds": thresholds, "operating_points": points}
    assert "events, thresholds for 10/h" in draw([], manifest=usual)


def test_long_class_names_are_shortened(draw):
    labels = LabelSet.from_names("own", [f"{i} {'very ' * 40}long" for i in range(527)])
    texts = draw([some_event(labels, 3)], manifest={"labels": labels}, config=EventConfig(median_s=0.2))
    assert "3 very very very very very very very very…" in texts


def test_a_long_file_name_is_shortened(tiny_checkpoint, tmp_path):
    explain(
        panns.load(tiny_checkpoint), write_wav(tmp_path / f"{'x' * 200}.wav", changing_sound(1)), tmp_path / "a.svg"
    )
    assert f"{'x' * 69}…, scored by cnn6" in drawn_texts(tmp_path / "a.svg")


def test_an_invalid_threshold_is_refused(tiny_frames_checkpoint, tmp_path):
    with pytest.raises(ValueError, match=r"threshold=1\.5"):
        explain(panns.load(tiny_frames_checkpoint), (changing_sound(1), RATE), tmp_path / "a.png", threshold=1.5)
    assert list(tmp_path.iterdir()) == []


def test_a_file_name_without_a_font_gives_no_warning(tiny_checkpoint, tmp_path):
    import soundfile

    path = tmp_path / "狗😀.wav"
    soundfile.write(path, changing_sound(1), RATE)
    explain(panns.load(tiny_checkpoint), str(path), tmp_path / "a.png")  # warnings are errors here


def test_file_names_are_escaped_and_never_parsed_as_maths(tiny_checkpoint, tmp_path):
    assert drawable("caf\xe9\n\udcff.wav", ["DejaVu Sans"]) == "caf\xe9\\n\\udcff.wav"
    output = tmp_path / "a.svg"
    path = tmp_path / "$\\frac$ $1.wav"
    write_wav(path, changing_sound(1))
    explain(panns.load(tiny_checkpoint), path, output)
    assert "<!-- $\\frac$ $1.wav, scored by cnn6 -->" in output.read_text(encoding="utf-8")


def test_a_sound_over_ten_minutes_is_refused(tiny_checkpoint, tmp_path):
    with pytest.raises(AudioDecodeError, match="limit of 600 s"):
        explain(panns.load(tiny_checkpoint), (np.zeros(601 * 1000, dtype=np.float32), 1000), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_missing_matplotlib_names_the_extra(tiny_checkpoint, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install 'panns-audio\[plot\]'"):
        explain(panns.load(tiny_checkpoint), (changing_sound(1), RATE), tmp_path / "a.png")


def test_patch_weights_are_relative_to_their_window():
    from matplotlib.figure import Figure

    from panns.plot.explain import _draw_patch_weights
    from panns.results import Scores

    onsets_s = np.array([[0.0, 0.5, 1.0, 1.2, 1.7]])  # a window of three columns, then one of two
    weights = np.concatenate([np.full((3, 2), 1 / 6), np.full((2, 2), 1 / 4)])[None, None].astype(np.float32)
    axes = Figure().subplots()
    scores = Scores(np.zeros((1, 1)), patch_weights=weights, patch_onsets_s=onsets_s)
    _draw_patch_weights(axes, scores, 0, "Bell", 0.5)
    mesh: Any = axes.collections[0]
    np.testing.assert_allclose(mesh.get_array(), 1.0, rtol=1e-6)
    np.testing.assert_allclose(mesh.get_coordinates()[0, :, 0], [0, 0.5, 1, 1.2, 1.7, 2.2])
