import sys

import numpy as np
import pytest
from matplotlib import image

import panns
from panns.errors import AudioDecodeError, MissingExtra
from panns.plot.explain import WINDOW_S, explain, score_timeline
from panns.plot.text import drawable
from tests.checkpoints import make_checkpoint
from tests.small_models import small_config
from tests.sounds import RATE, changing_sound, write_wav


def test_frames_of_a_model_are_its_timeline(tiny_frames_checkpoint):
    recognizer, sound = panns.load(tiny_frames_checkpoint), changing_sound(4)
    scores = recognizer.run(sound)
    timeline = score_timeline(recognizer, sound, scores)
    np.testing.assert_array_equal(timeline.probs, scores.frame_probs[0])
    np.testing.assert_array_equal(timeline.onsets_s, scores.frame_onsets_s[0])
    assert timeline.hop_s == 0.32


def test_a_model_without_frames_is_asked_about_windows(tiny_checkpoint):
    recognizer, sound = panns.load(tiny_checkpoint), changing_sound(4)
    timeline = score_timeline(recognizer, sound, recognizer.run(sound))
    np.testing.assert_array_equal(timeline.onsets_s, np.arange(8) * 0.5)
    # The window from 1.25 s to 3.25 s stands for its middle half second, from 2 s.
    window = sound[round(1.25 * RATE) : round((1.25 + WINDOW_S) * RATE)]
    np.testing.assert_allclose(timeline.probs[4], recognizer.run(window).clip_probs[0], rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", ["tiny_checkpoint", "tiny_frames_checkpoint"])
@pytest.mark.parametrize("seconds", [0.001, 3.0])
def test_a_picture_is_drawn(name, seconds, request, tmp_path):
    output = tmp_path / "a.png"
    explain(panns.load(request.getfixturevalue(name)), (changing_sound(seconds), RATE), output, top=3)
    pixels = image.imread(output)[..., :3]
    assert pixels.shape[0] > 500
    # The log-mel and the timeline are colourful, and lie one above the other.
    colourfulness = np.ptp(pixels, axis=2).mean(axis=1)
    assert (colourfulness > 0.1).mean() > 0.3


@pytest.mark.parametrize(("name", "n_panels"), [("patch_attention", 3), ("leenet11", 0)])
def test_weights_of_patches_are_drawn_and_waveforms_have_a_spectrogram(name, n_panels, tmp_path):
    recognizer = panns.load(make_checkpoint(tmp_path / "model", name, **vars(small_config(name))))
    output = tmp_path / "a.svg"
    explain(recognizer, (changing_sound(3), RATE), output, top=4)
    drawn = output.read_text(encoding="utf-8")
    assert drawn.count("<!-- patches for") == n_panels
    assert ("(the model reads the waveform)" in drawn) == (name == "leenet11")


def test_a_name_that_no_font_has_is_drawn_without_a_warning(tiny_checkpoint, tmp_path):
    import soundfile

    path = tmp_path / "狗😀.wav"
    soundfile.write(path, changing_sound(1), RATE)
    explain(panns.load(tiny_checkpoint), str(path), tmp_path / "a.png")  # warnings are errors here


def test_what_no_font_has_is_escaped_and_nothing_is_mathematics(tiny_checkpoint, tmp_path):
    assert drawable("caf\xe9\n\udcff.wav", ["DejaVu Sans"]) == "caf\xe9\\n\\udcff.wav"
    output = tmp_path / "a.svg"
    path = tmp_path / "$\\frac$ $1.wav"
    write_wav(path, changing_sound(1))
    explain(panns.load(tiny_checkpoint), path, output)
    assert "<!-- $\\frac$ $1.wav, as cnn6 hears it -->" in output.read_text(encoding="utf-8")


def test_what_is_too_long_for_one_picture_is_refused(tiny_checkpoint, tmp_path):
    with pytest.raises(AudioDecodeError, match="longer than the 600 s that are allowed"):
        explain(panns.load(tiny_checkpoint), (np.zeros(601 * 1000, dtype=np.float32), 1000), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_it_is_one_sentence(tiny_checkpoint, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install 'panns-audio\[plot\]'"):
        explain(panns.load(tiny_checkpoint), (changing_sound(1), RATE), tmp_path / "a.png")


def test_weights_of_a_short_window_are_as_bright_as_those_of_a_long_one():
    from matplotlib.figure import Figure

    from panns.plot.explain import _draw_patch_weights
    from panns.results import Scores

    onsets_s = np.array([[0.0, 0.5, 1.0, 1.2, 1.7]])  # a window of three columns, then one of two
    weights = np.concatenate([np.full((3, 2), 1 / 6), np.full((2, 2), 1 / 4)])[None, None].astype(np.float32)
    axes = Figure().subplots()
    scores = Scores(np.zeros((1, 1)), patch_weights=weights, patch_onsets_s=onsets_s)
    _draw_patch_weights(axes, scores, 0, "Bell", 0.5)
    np.testing.assert_allclose(axes.collections[0].get_array(), 1.0, rtol=1e-6)
    np.testing.assert_allclose(axes.collections[0].get_coordinates()[0, :, 0], [0, 0.5, 1, 1.2, 1.7, 2.2])
