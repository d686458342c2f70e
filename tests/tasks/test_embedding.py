import numpy as np

import panns
from tests.sounds import RATE, changing_sound


def test_windows_count_by_their_length(tiny_checkpoint):
    recognizer, sound = panns.load(tiny_checkpoint), changing_sound(35)
    windows = [sound[start : start + 10 * RATE] for start in range(0, len(sound), 10 * RATE)]
    vectors = np.concatenate([recognizer.run(window).embedding for window in windows])
    expected = np.average(vectors, axis=0, weights=[10, 10, 10, 5])
    answer = recognizer.embed((sound, RATE))
    np.testing.assert_allclose(answer.vector, expected, rtol=0, atol=2e-6)
    assert (answer.duration_s, answer.model, answer.vector.dtype) == (35.0, "cnn6", np.float32)
