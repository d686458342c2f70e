"""Annotations of people that are compared: with detected clips, and with the answers of a model.

As those of `kinds`: `make(rng, folder)` writes a damaged input and names it, `use(folder)` reads it.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np

from panns.audio.limits import DecodeLimits
from panns.data.annotations import read_annotations
from panns.data.clip_lists import read_clip_list, write_clip_list
from panns.data.event_clips import read_event_clips
from panns.data.review.clip_folder import ClipFolder
from panns.data.review.detected_clips import ClipSettings
from panns.data.review.reviewed_clips import review_clips
from panns.errors import PannsError
from panns.evaluation import FrameProbs, evaluate_detection
from panns.labels import LabelSet
from panns.results import Detection, Event
from panns.system.json_files import parse_json, to_json
from tests.fuzz.review_kinds import Annotations
from tests.sounds import noise, write_wav

_RATE = 8_000
_SECONDS = 2.0
_LABELS = LabelSet.from_names("two", ["Dog", "Cat | Rain"])


class Comparisons(Annotations):
    """Damaged annotations of a recording beside its clips and its frame scores."""

    def make(self, rng, folder):
        name = super().make(rng, folder)
        self._recording = str(folder / "a.wav")
        write_wav(folder / "a.wav", noise(_SECONDS, sample_rate=_RATE), _RATE)
        events = (Event("Dog", "狗", 0, 0.5, 1.25, 0.9), Event("Cat | Rain", "猫", 1, 1.2, 1.5, 0.8))
        detection = Detection(self._recording, _SECONDS, "builtin", events)
        limits = DecodeLimits()
        with ClipFolder(folder / "clips", [self._recording], ClipSettings(), resume=False, limits=limits) as clips:
            clips.write_clips(self._recording, detection)
            clips.add_rows(self._recording, detection)
        self._is_complete = bool(rng.integers(2))
        onsets_s = np.arange(0, _SECONDS, 0.1)
        self._frames = FrameProbs(rng.random((len(onsets_s), 2), np.float32), onsets_s, _SECONDS)
        return name

    def use(self, folder):
        answered = 0
        for use in (self._review, self._evaluate):
            with contextlib.suppress(PannsError):
                use(folder)
                answered += 1
        if not answered:
            self._evaluate(folder)  # with its message

    def _review(self, folder):
        review = review_clips(folder / "clips", read_annotations(self._file), folder, is_complete=self._is_complete)
        write_clip_list(folder / "reviewed.csv", review.clips)
        clips = read_clip_list(folder / "reviewed.csv").clips
        assert len(clips) == len(review.clips)
        assert review.n_open >= 0
        assert sum(review.n_confirmed.values()) + sum(review.n_rejected.values()) <= 2

    def _score(self, _number, select):
        return replace(self._frames, probs=select(self._frames.probs))

    def _evaluate(self, _folder):
        clips = read_event_clips(self._file).clips
        evaluation = evaluate_detection(self._score, clips, _LABELS, thresholds=0.5)
        plain = parse_json(to_json(evaluation.to_dict()))
        assert isinstance(plain, dict)
