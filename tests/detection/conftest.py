"""A model, its settings, and a sound with many events: the ground of the tests of streams and detectors."""

from __future__ import annotations

import numpy as np
import pytest

import panns
from panns.detection import WindowConfig
from panns.detection.state import StreamState
from panns.events import EventConfig

CONFIG = EventConfig(release=0.98, median_s=0.05, min_gap_s=0.05, min_duration_s=0.02)
WINDOWS = {
    "tiny_stream_checkpoint": None,
    "tiny_frames_checkpoint": WindowConfig(window_s=1.0),
    "tiny_checkpoint": WindowConfig(window_s=0.5, hop_s=0.125),
}


def bursts(duration_s, sample_rate, seed=0):
    """Bursts of noise of all levels, five to the second."""
    rng = np.random.default_rng(seed)
    n_samples = round(duration_s * sample_rate)
    levels = np.repeat(10 ** rng.uniform(-4, -0.3, n_samples // (sample_rate // 5) + 1), sample_rate // 5)
    return (levels[:n_samples] * rng.standard_normal(n_samples).clip(-3, 3)).astype(np.float32)


class Case:
    """A recognizer, its settings, a sound, and the scores and events of the whole sound in one chunk."""

    def __init__(self, checkpoint, windows, sample_rate):
        self.recognizer = panns.load(checkpoint, n_threads=1)
        self.sample_rate = sample_rate
        self.sound = bursts(2.3, sample_rate)
        self.settings = {"config": CONFIG, "windows": windows}
        self.settings["threshold"] = self._thresholds()
        self.probs, self.events = self.results([len(self.sound)])

    def stream(self, state=None):
        return self.recognizer.stream(self.sample_rate, state=state, **self.settings)

    def _thresholds(self):
        """Thresholds amid the scores of a dozen classes, so that there are many events; 1 for the others."""
        # With hundreds of classes that come and go all the time, the test would be busy with events alone.
        probs = self.stream().push(self.sound).frame_probs
        moving = np.argsort(-probs.std(axis=0))[:12]
        thresholds = np.ones(probs.shape[1])
        thresholds[moving] = np.median(probs[:, moving], axis=0).round(3)
        return tuple(thresholds.tolist())

    def results(self, sizes, saved_after=()):
        """Scores and events of the sound in chunks of these sizes, in turn; the stream is saved after some chunks."""
        stream, probs, events, start, i = self.stream(), [], [], 0, 0
        while start < len(self.sound):
            scores = stream.push(self.sound[start : start + sizes[i % len(sizes)]])
            probs.append(scores.frame_probs)
            events += scores.events
            start += sizes[i % len(sizes)]
            i += 1
            if i in saved_after:
                stream = self.stream(StreamState.from_bytes(stream.state.to_bytes()))
        rest = stream.finish()
        return np.concatenate([*probs, rest.frame_probs]), [*events, *rest.events]


# Each model at one rate; the other rate repeats its law.
CASES = [
    ("tiny_stream_checkpoint", 44_100),
    ("tiny_frames_checkpoint", 16_000),
    ("tiny_checkpoint", 44_100),
    pytest.param(("tiny_stream_checkpoint", 16_000), marks=pytest.mark.slow),
    pytest.param(("tiny_frames_checkpoint", 44_100), marks=pytest.mark.slow),
    pytest.param(("tiny_checkpoint", 16_000), marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request):
    name, sample_rate = request.param
    return Case(request.getfixturevalue(name), WINDOWS[name], sample_rate)
