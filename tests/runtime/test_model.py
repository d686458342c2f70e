import numpy as np
import pytest

from panns.checkpoints.checkpoint import open_checkpoint
from panns.runtime.load import load_model
from tests.sounds import RATE, changing_sound, noise

# A clip must not depend on what it is computed with beyond float32 rounding.
BATCH_TOLERANCE = 2e-6


@pytest.fixture(scope="module")
def model(tiny_checkpoint):
    return load_model(open_checkpoint(tiny_checkpoint), n_threads=1)


@pytest.fixture(scope="module")
def frames_model(tiny_frames_checkpoint):
    return load_model(open_checkpoint(tiny_frames_checkpoint), n_threads=1)


@pytest.mark.parametrize("n_samples", [1, 2, 319, 512, 513, 4800, 4801, RATE, 30 * RATE, 30 * RATE + 1])
def test_clips_of_any_length_are_scored(model, n_samples):
    scores = model.run(noise(31)[:n_samples])
    assert scores.clip_probs.shape == (1, 527)
    assert scores.embedding.shape == (1, 16)
    assert scores.clip_probs.dtype == scores.embedding.dtype == np.float32
    assert ((scores.clip_probs >= 0) & (scores.clip_probs <= 1)).all()
    assert scores.frame_probs is None
    assert scores.frame_onsets_s is None


def test_scores_differ_between_sounds(model):
    """Guards the tests below: random weights must not score every sound alike."""
    assert np.abs(model.run(noise(2)).clip_probs - model.run(changing_sound(2)).clip_probs).max() > 0.01


def test_short_clips_are_padded_to_the_minimum(model):
    shortest = model.manifest.config.min_input_samples
    clip = noise(1)[:1000]
    padded = np.pad(clip, (0, shortest - len(clip)))
    further = np.pad(clip, (0, 2 * shortest - len(clip)))
    np.testing.assert_array_equal(model.run(clip).clip_probs, model.run(padded).clip_probs)
    assert np.abs(model.run(clip).clip_probs - model.run(further).clip_probs).max() > 1e-4


def test_a_list_keeps_its_order(model):
    clips = [changing_sound(seconds, seed=i) for i, seconds in enumerate([2.0, 0.01, 33.0, 2.0, 0.5, 1 / RATE, 2.0])]
    together = model.run(clips)
    for i, clip in enumerate(clips):
        alone = model.run(clip)
        np.testing.assert_allclose(together.clip_probs[i], alone.clip_probs[0], rtol=0, atol=BATCH_TOLERANCE)
        np.testing.assert_allclose(together.embedding[i], alone.embedding[0], rtol=2e-6, atol=BATCH_TOLERANCE)


def test_scores_do_not_depend_on_the_batch(model):
    loud, quiet = noise(1, seed=1, level=0.9), noise(1, seed=2, level=1e-4)
    alone = model.run(quiet).clip_probs[0]
    for mates in ([loud], [loud] * 7, [quiet] * 3):
        np.testing.assert_allclose(model.run([quiet, *mates]).clip_probs[0], alone, rtol=0, atol=BATCH_TOLERANCE)


def test_more_clips_than_one_batch(model):
    clips = [noise(10, seed=i, level=10.0**-i) for i in range(3)] * 3  # 90 s of 80 s
    scores = model.run(clips)
    np.testing.assert_allclose(scores.clip_probs[:3], scores.clip_probs[6:], rtol=0, atol=BATCH_TOLERANCE)
    assert np.abs(scores.clip_probs[0] - scores.clip_probs[1]).max() > 0.01


def test_an_array_scores_as_a_list(model):
    batch = np.stack([noise(1, seed=1), noise(1, seed=2)])
    np.testing.assert_array_equal(model.run(batch).clip_probs, model.run(list(batch)).clip_probs)


def test_clip_score_over_30_s_is_the_maximum_of_windows(model):
    clip = changing_sound(35.5)
    windows = [clip[start : start + 10 * RATE] for start in range(0, len(clip), 10 * RATE)]
    assert [len(one) / RATE for one in windows] == [10, 10, 10, 5.5]
    alone = [model.run(one) for one in windows]
    scores = model.run(clip)
    expected = np.max([one.clip_probs[0] for one in alone], axis=0)
    np.testing.assert_allclose(scores.clip_probs[0], expected, rtol=0, atol=BATCH_TOLERANCE)
    mean = np.average([one.embedding[0] for one in alone], axis=0, weights=[10, 10, 10, 5.5])
    np.testing.assert_allclose(scores.embedding[0], mean, rtol=2e-6, atol=BATCH_TOLERANCE)


def test_a_rest_below_1_s_is_part_of_the_last_window(model, frames_model):
    clip = changing_sound(31)[: 31 * RATE - 1]
    windows = [clip[: 10 * RATE], clip[10 * RATE : 20 * RATE], clip[20 * RATE :]]
    expected = model.run(windows)
    np.testing.assert_allclose(model.run(clip).clip_probs[0], expected.clip_probs.max(axis=0), rtol=0, atol=2e-6)
    frames = np.concatenate([frames_model.run(one).frame_probs[0] for one in windows])
    scores = frames_model.run([noise(12), clip])  # windows are scored by length, the longest first
    np.testing.assert_allclose(scores.frame_probs[1], frames, rtol=0, atol=BATCH_TOLERANCE)
    assert (np.diff(scores.frame_onsets_s[1]) > 0).all()


def test_frame_onsets(frames_model):
    scores = frames_model.run(changing_sound(3))
    n_frames = frames_model.manifest.config.n_frames(3 * RATE)
    assert scores.frame_probs.shape == (1, n_frames, 527)
    assert scores.embedding is None
    np.testing.assert_allclose(scores.frame_onsets_s[0], 0.32 * np.arange(n_frames), rtol=0, atol=1e-9)


def test_frames_of_windows_are_concatenated(frames_model):
    clip = changing_sound(32)
    windows = [clip[start : start + 10 * RATE] for start in range(0, len(clip), 10 * RATE)]
    alone = [frames_model.run(one) for one in windows]
    scores = frames_model.run(clip)
    expected = np.concatenate([one.frame_probs[0] for one in alone])
    np.testing.assert_allclose(scores.frame_probs[0], expected, rtol=0, atol=BATCH_TOLERANCE)
    onsets_s = np.concatenate([10.0 * i + one.frame_onsets_s[0] for i, one in enumerate(alone)])
    np.testing.assert_allclose(scores.frame_onsets_s[0], onsets_s, rtol=0, atol=1e-9)
    assert (np.diff(scores.frame_onsets_s[0]) > 0).all()


def test_frames_of_shorter_clips_end_in_nan(frames_model):
    scores = frames_model.run([changing_sound(1), changing_sound(2)])
    n_short = frames_model.manifest.config.n_frames(RATE)
    assert np.isfinite(scores.frame_probs[1]).all()
    assert np.isfinite(scores.frame_probs[0, :n_short]).all()
    assert np.isnan(scores.frame_probs[0, n_short:]).all()
    assert np.isnan(scores.frame_onsets_s[0, n_short:]).all()
    assert np.isfinite(scores.clip_probs).all()


def test_float64_is_accepted(model):
    clip = noise(1)
    np.testing.assert_array_equal(model.run(clip.astype(np.float64)).clip_probs, model.run(clip).clip_probs)


def test_the_caller_keeps_the_array(model):
    clip = noise(0.1)
    before = clip.copy()
    model.run(clip)
    np.testing.assert_array_equal(clip, before)


def with_value(value, dtype=np.float32):
    clip = noise(1).astype(dtype)
    clip[777] = value
    return clip


@pytest.mark.parametrize(
    ("waveforms", "error", "message"),
    [
        (with_value(np.nan), ValueError, r"the waveform holds NaN"),
        (with_value(np.inf), ValueError, r"the waveform holds NaN"),
        (with_value(-np.inf), ValueError, r"the waveform holds NaN"),
        (
            with_value(1e300, np.float64),
            ValueError,
            r"the waveform holds NaN",
        ),
        ([noise(1), with_value(np.nan)], ValueError, r"clip 1 holds NaN"),
        (
            np.zeros(100, dtype=np.int16),
            TypeError,
            r"the waveform is of type ndarray, int16; .*floating-point .* divided by 32768",
        ),
        (np.zeros(100, dtype=bool), TypeError, r"the waveform is of type ndarray, bool"),
        (
            np.zeros((2, 3, 4), dtype=np.float32),
            ValueError,
            r"the waveform has shape \(2, 3, 4\); use mono samples",
        ),
        ([noise(1), np.zeros((2, 50))], ValueError, r"clip 1 has shape \(2, 50\)"),
        (np.zeros(0, dtype=np.float32), ValueError, r"the waveform has shape \(0,\).* at least one"),
        ([noise(1), np.zeros(0)], ValueError, r"clip 1 has shape \(0,\)"),
        ([], ValueError, r"no clips given; give at least one waveform"),
        ([0.1, 0.2], ValueError, r"clip 0 has shape \(\)"),
    ],
)
def test_invalid_waveforms_are_refused(model, waveforms, error, message):
    with pytest.raises(error, match=message):
        model.run(waveforms)
