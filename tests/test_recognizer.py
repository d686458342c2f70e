import io
from dataclasses import replace

import numpy as np
import pytest

import panns
from tests.sounds import RATE, changing_sound, noise, tone, write_wav


@pytest.fixture(scope="module")
def recognizer(tiny_checkpoint):
    return panns.load(tiny_checkpoint, device="cpu", n_threads=1)


@pytest.fixture(scope="module")
def sound():
    return changing_sound(2)


def sources(samples, folder):
    """One sound as every type of source, and its expected name."""
    path = write_wav(folder / "sound.wav", samples)
    content = path.read_bytes()
    yield str(path), str(path)
    yield path, str(path)
    yield content, "<bytes>"
    yield io.BytesIO(content), "<stream>"
    yield (samples, RATE), "<array>"
    yield (np.stack([samples, samples], axis=1), RATE), "<array>"


def test_every_source_gives_the_same_tags(recognizer, sound, tmp_path):
    expected = recognizer.tag((sound, RATE))
    for source, name in sources(sound, tmp_path):
        assert recognizer.tag(source) == replace(expected, file=name)
    with (tmp_path / "sound.wav").open("rb") as file:
        assert recognizer.tag(file).tags == expected.tags


def test_every_source_gives_the_same_embedding(recognizer, sound, tmp_path):
    expected = recognizer.run(sound).embedding[0]
    for source, name in sources(sound, tmp_path):
        embedding = recognizer.embed(source)
        assert (embedding.file, embedding.duration_s, embedding.model) == (name, 2.0, "cnn6")
        assert embedding.vector.dtype == np.float32
        np.testing.assert_array_equal(embedding.vector, expected)


def test_tags_are_the_scores_best_first(recognizer, sound):
    tagging = recognizer.tag((sound, RATE), top=None)
    probs = recognizer.run(sound).clip_probs[0]
    assert (tagging.file, tagging.duration_s, tagging.model, tagging.warnings) == ("<array>", 2.0, "cnn6", ())
    assert [tag.score for tag in tagging] == sorted(map(float, probs), reverse=True)
    labels = recognizer.manifest.labels
    for tag in tagging:
        assert tag.score == float(probs[tag.index])
        assert (tag.label, tag.label_zh) == (labels[tag.index].en, labels[tag.index].zh)


def test_top_and_threshold(recognizer, sound):
    every = recognizer.tag((sound, RATE), top=None)
    assert len(every) == 527
    assert recognizer.tag((sound, RATE)).tags == every[:5]
    assert recognizer.tag((sound, RATE), top=1).tags == every[:1]
    limit = every[2].score
    assert recognizer.tag((sound, RATE), threshold=limit).tags == every[:3]
    assert recognizer.tag((sound, RATE), top=2, threshold=limit).tags == every[:2]
    assert recognizer.tag((sound, RATE), threshold=1.0).tags == ()


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({"top": 0}, r"top=0 must be a whole number of at least 1, or None for all classes"),
        ({"threshold": 1.5}, r"threshold=1.5 must be a probability, 0 to 1"),
        ({"threshold": float("nan")}, r"threshold=nan must be a probability"),
    ],
)
def test_a_selection_without_sense_is_refused(recognizer, selection, words):
    with pytest.raises(ValueError, match=words):
        recognizer.tag((tone(0.1), RATE), **selection)


def test_a_timeline_gives_every_window(recognizer):
    clip = changing_sound(35.5)
    tagging = recognizer.tag((clip, RATE), timeline=True)
    assert [(one.onset_s, one.offset_s) for one in tagging.windows] == [(0, 10), (10, 20), (20, 30), (30, 35.5)]
    for window in tagging.windows:
        alone = recognizer.tag((clip[round(window.onset_s * RATE) : round(window.offset_s * RATE)], RATE))
        assert [tag.index for tag in window.tags] == [tag.index for tag in alone]
        assert [tag.score for tag in window.tags] == pytest.approx([tag.score for tag in alone], abs=2e-6)
    assert tagging[0].score == max(window.tags[0].score for window in tagging.windows)
    assert recognizer.tag((clip, RATE)) == replace(tagging, windows=())


def test_a_short_sound_is_one_window(recognizer, sound):
    (window,) = recognizer.tag((sound, RATE), timeline=True).windows
    assert (window.onset_s, window.offset_s) == (0.0, 2.0)


def test_a_long_sound_is_embedded_as_the_mean_of_its_windows(recognizer):
    clip = changing_sound(32)
    np.testing.assert_allclose(
        recognizer.embed((clip, RATE)).vector, recognizer.run(clip).embedding[0], rtol=2e-6, atol=2e-6
    )


def test_progress_after_every_window(recognizer):
    progress = []
    recognizer.tag((noise(35), RATE), on_progress=progress.append)
    assert [one.done for one in progress] == sorted(one.done for one in progress)
    assert len(progress) == 4
    assert progress[-1][:3] == (35.0, 35.0, "seconds of sound")


def test_limits_are_kept(recognizer):
    limits = panns.DecodeLimits(max_duration_s=1.0)
    source = io.BytesIO()
    import soundfile

    soundfile.write(source, tone(2), RATE, format="WAV")
    for ask in (recognizer.tag, recognizer.embed):
        with pytest.raises(panns.AudioDecodeError, match="limit of 1 s"):
            ask(source.getvalue(), limits=limits)


def test_a_warning_reaches_the_answer(recognizer, tmp_path):
    path = write_wav(tmp_path / "cut.wav", changing_sound(2))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (warning,) = recognizer.tag(path).warnings
    assert "are missing" in warning
    assert recognizer.embed(path).warnings == (warning,)


def test_no_sound_is_a_message(recognizer, tmp_path):
    with pytest.raises(panns.AudioDecodeError, match=r"nosuch\.wav: no such file"):
        recognizer.tag(tmp_path / "nosuch.wav")


def test_a_model_without_embedding_says_so(tiny_frames_checkpoint):
    recognizer = panns.load(tiny_frames_checkpoint)
    assert recognizer.manifest.config.embedding_dim is None
    with pytest.raises(ValueError, match=r"cnn14_decision_level_max has no embedding"):
        recognizer.embed((tone(1), RATE))


def test_properties(recognizer):
    assert repr(recognizer) == "<Recognizer cnn6 by onnx on cpu, 527 classes, 32000 Hz>"
    assert recognizer.sample_rate == 32_000


def test_a_model_that_must_be_fetched_says_so():
    with pytest.raises(panns.WeightsMissing, match=r"`panns models fetch mn04_as` \(4 MB, licence MIT\)"):
        panns.load("mn04_as")


def test_the_default_is_inside_the_package():
    assert repr(panns.load()) == "<Recognizer builtin by onnx on cpu, 527 classes, 32000 Hz>"


GOLDEN_FILE_TOLERANCE = 1e-4  # decoding and resampling are ours; shared/reference/efficientat/README.md
GOLDEN_ARRAY_TOLERANCE = 1e-5


@pytest.fixture(
    scope="module", params=[pytest.param(backend, marks=pytest.mark.slow) for backend in ("onnx", "torch", "openvino")]
)
def real(request, real_cache):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PANNS_CACHE", str(real_cache))
        return panns.load("mn04_as", backend=request.param, device="cpu")


@pytest.fixture(scope="module")
def golden(shared):
    return np.load(shared / "reference" / "efficientat" / "mn04_as_real_weights.npz")


def test_published_weights_on_real_files(real, golden, shared):
    files = sorted({key.partition(":")[0] for key in golden.files if key.startswith("esc10/")})
    assert len(files) == 10
    for file in files:
        path = shared / "data" / "esc10" / "audio" / file.removeprefix("esc10/")
        probs = np.zeros(527, dtype=np.float32)
        for tag in real.tag(path, top=None):
            probs[tag.index] = tag.score
        np.testing.assert_allclose(probs, golden[f"{file}:clip_probs"], rtol=0, atol=GOLDEN_FILE_TOLERANCE)
        embedding = golden[f"{file}:embedding"]
        found = real.embed(path).vector
        np.testing.assert_allclose(found, embedding, rtol=0, atol=GOLDEN_FILE_TOLERANCE * np.abs(embedding).max())


@pytest.mark.parametrize("name", ["1s_32000", "2.5s_32000", "10s_32000"])
def test_published_weights_on_waveforms(real, golden, shared, name):
    waveforms = np.load(shared / "reference" / "golden" / "waveforms.npz")[name] / np.float32(32768)
    scores = real.run(waveforms)
    np.testing.assert_allclose(scores.clip_probs, golden[f"{name}:clip_probs"], rtol=0, atol=GOLDEN_ARRAY_TOLERANCE)
    want = golden[f"{name}:embedding"]
    # An embedding has no fixed range; torch's Fourier transform, a matrix product, leaves 1.07e-5 of its peak.
    np.testing.assert_allclose(scores.embedding, want, rtol=0, atol=2 * GOLDEN_ARRAY_TOLERANCE * np.abs(want).max())


def test_module_functions_use_the_default_model():
    sound = (tone(2), RATE)
    assert panns.tag(sound) == panns.load().tag(sound)
    assert panns.embed(sound).vector.shape == (384,)


class TestListening:
    """Wrong arguments raise at once, not at the first iteration."""

    def test_invalid_settings(self, recognizer):
        for sound in (Blocks(RATE), "microphone", None):
            with pytest.raises(ValueError, match=r"threshold=1\.5"):
                recognizer.listen(sound, threshold=1.5)

    def test_invalid_sounds(self, recognizer):
        with pytest.raises(TypeError, match="sound is of type list"):
            recognizer.listen([0.0])
        with pytest.raises(ValueError, match="sample_rate=5 "):
            recognizer.listen(Blocks(5))

    def test_a_missing_microphone(self, recognizer):
        with pytest.raises((panns.MissingExtra, panns.DeviceUnavailable)):
            recognizer.listen("no such microphone")

    def test_scores_of_all_blocks(self, recognizer):
        found = list(recognizer.listen(Blocks(RATE), threshold=0.5))
        assert sum(len(scores.frame_probs) for scores in found) == 20


class Blocks:
    """Two seconds of sound."""

    def __init__(self, sample_rate):
        self.sample_rate = sample_rate

    def __iter__(self):
        return iter(np.array_split(changing_sound(2), 7))
