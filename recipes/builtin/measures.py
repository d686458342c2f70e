"""Measures of a model on test recordings, from its scores and embeddings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from panns.evaluation import Categories, measure_clips
from panns.labels import audioset
from panns.system.arrays import Array
from recipes.builtin.clips import language_of
from recipes.builtin.esc50 import HELD_OUT_FOLD
from recipes.builtin.labels import label_to_classes

PRESENT, MIN_CLIPS = 0.3, 5
PROBE_C = 0.01  # fixed in advance for standardised embeddings, equal for every model
CLIPS_OF_CLASS, N_DRAWS = 5, 5
# AudioSet names of UrbanSound8K's classes, fixed before the first measurement.
URBAN_CLASSES = {
    "air_conditioner": ["Air conditioning", "Mechanical fan"],
    "car_horn": ["Vehicle horn, car horn, honking", "Honk"],
    "children_playing": ["Children playing", "Children shouting"],
    "dog_bark": ["Dog", "Bark"],
    "drilling": ["Drill", "Power tool"],
    "engine_idling": ["Idling", "Engine"],
    "gun_shot": ["Gunshot, gunfire"],
    "jackhammer": ["Jackhammer"],
    "siren": ["Siren"],
    "street_music": ["Music"],
}
# First class of each branch of AudioSet's ontology, in the order of the classes.
BRANCHES = {
    "human sounds": "Speech",
    "animals": "Animal",
    "music": "Music",
    "natural sounds": "Wind",
    "vehicles and engines": "Vehicle",
    "home, alarms, tools, explosions": "Door",
    "other sounds": "Sonar",
}
_MUSIC_SETS = ("music_freedoom_midi", "music_misc", "music_superpowers")
_SPEECH_OR_MUSIC = ("speech_", *_MUSIC_SETS)


@dataclass(frozen=True)
class Predictions:
    """Scores and embeddings of the clips of one data set, in the order of its manifest."""

    rows: list[dict[str, str]]
    probs: Array
    embedding: Array

    def select(self, is_wanted: npt.NDArray[np.bool_]) -> Predictions:
        """Predictions of selected clips."""
        return Predictions(
            [self.rows[i] for i in np.flatnonzero(is_wanted)], self.probs[is_wanted], self.embedding[is_wanted]
        )


def held_out_probs(predictions: dict[str, Predictions]) -> Array:
    """Probabilities of all test clips: `world`, ESC-50's fold 5, and UrbanSound8K without recordings of ESC-50."""
    esc50, urban = predictions["esc50"], predictions["urbansound8k_subset"]
    return np.concatenate((predictions["world"].probs, _held_out(esc50).probs, _own_of_urban(urban).probs))


def measure_agreement(world: dict[str, Array]) -> dict[str, Any]:
    """Mean average precision with the teacher as the truth: its scores above 0.3, in classes with at least 5 clips."""
    truth = world["teacher"] > PRESENT
    chosen = np.flatnonzero(truth.sum(axis=0) >= MIN_CLIPS)
    precision = {name: mean_average_precision(probs[:, chosen], truth[:, chosen]) for name, probs in world.items()}
    return {"classes": [audioset()[int(i)].en for i in chosen], "n_classes": len(chosen), "mean_ap": precision}


def measure_agreement_by_branch(probs: dict[str, Array]) -> dict[str, Any]:
    """Mean average precision as in `measure_agreement`, for each branch of AudioSet's ontology."""
    bounds = [*(audioset().find(name).index for name in BRANCHES.values()), len(audioset())]
    truth = probs["teacher"] > PRESENT
    chosen = np.flatnonzero(truth.sum(axis=0) >= MIN_CLIPS)
    result = {}
    for branch, first, end in zip(BRANCHES, bounds, bounds[1:], strict=False):
        inside = chosen[(chosen >= first) & (chosen < end)]
        if len(inside):
            precision = {name: mean_average_precision(one[:, inside], truth[:, inside]) for name, one in probs.items()}
            result[branch] = {"n_classes": len(inside), "mean_ap": precision}
    return result


def mean_average_precision(scores: Array, truth: npt.NDArray[np.bool_]) -> float:
    """Average precision, mean over classes, from `(clips, classes)` each."""
    from sklearn.metrics import average_precision_score

    return float(np.mean([average_precision_score(truth[:, i], scores[:, i]) for i in range(scores.shape[1])]))


def measure_right_in_top3(world: dict[str, Array], rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Share of labelled clips, without speech and music, with a class of their own among the three highest."""
    wanted = [
        (i, [audioset().find(name).index for name in names])
        for i, row in enumerate(rows)
        if not row["set"].startswith(_SPEECH_OR_MUSIC) and (names := label_to_classes(row["label"], row["set"]))
    ]
    shares = {
        name: float(np.mean([bool(set(np.argsort(-probs[i])[:3]) & set(classes)) for i, classes in wanted]))
        for name, probs in world.items()
    }
    return {"clips": len(wanted), "recordings": _n_recordings(rows, [i for i, _ in wanted]), **shares}


def measure_urban_top1(predictions: Predictions) -> float:
    """Label-mapped top-1 accuracy on UrbanSound8K, without recordings of ESC-50."""
    own = _own_of_urban(predictions)
    return mapped_top1(own.probs, [row["label"] for row in own.rows], _indices(URBAN_CLASSES))


def measure_urban_by_class(predictions: Predictions) -> dict[str, dict[str, float]]:
    """Number of clips and accuracy as in `measure_urban_top1`, for each class."""
    return _by_category(_own_of_urban(predictions), _indices(URBAN_CLASSES))


def measure_esc50_by_class(predictions: Predictions, names: dict[str, list[str]]) -> dict[str, dict[str, float]]:
    """Number of clips and label-mapped top-1 accuracy of each category of ESC-50 on the held-out fold."""
    return _by_category(
        _held_out(predictions), _indices({row["label"]: names[row["label"]] for row in predictions.rows})
    )


def _by_category(predictions: Predictions, classes: dict[str, list[int]]) -> dict[str, dict[str, float]]:
    result = {}
    for category in sorted(classes):
        chosen = predictions.select(np.array([row["label"] == category for row in predictions.rows]))
        accuracy = mapped_top1(chosen.probs, [category] * len(chosen.rows), classes)
        result[category] = {"clips": len(chosen.rows), "accuracy": accuracy}
    return result


def _own_of_urban(predictions: Predictions) -> Predictions:
    return predictions.select(np.array([row["in_esc50_source"] == "false" for row in predictions.rows]))


def _indices(names: dict[str, list[str]]) -> dict[str, list[int]]:
    return {category: [audioset().find(name).index for name in some] for category, some in names.items()}


def measure_speech_first(world: dict[str, Array], rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Share of speech clips whose highest class is Speech, over all clips and by language."""
    chosen = [i for i, row in enumerate(rows) if row["set"].startswith("speech_")]
    languages = ["en" if rows[i]["set"] == "speech_picovoice" else language_of(rows[i]["label"]) for i in chosen]
    result: dict[str, Any] = {
        "clips": len(chosen),
        "recordings": _n_recordings(rows, chosen),
        "clips_by_language": dict(Counter(languages)),
    }
    for name, probs in world.items():
        is_first = [int(probs[i].argmax()) == audioset().find("Speech").index for i in chosen]
        by_language = defaultdict(list)
        for language, right in zip(languages, is_first, strict=True):
            by_language[language].append(right)
        shares = {language: float(np.mean(right)) for language, right in sorted(by_language.items())}
        result[name] = {"all": float(np.mean(is_first)), **shares}
    return result


def measure_music_in_top3(world: dict[str, Array], rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Share of music clips with Music among the three highest classes."""
    chosen = [
        i for i, row in enumerate(rows) if row["set"] in _MUSIC_SETS and label_to_classes(row["label"], row["set"])
    ]
    music = audioset().find("Music").index
    shares = {
        name: float(np.mean([music in np.argsort(-probs[i])[:3] for i in chosen])) for name, probs in world.items()
    }
    return {"clips": len(chosen), "recordings": _n_recordings(rows, chosen), **shares}


def measure_synthesizer_share(world: dict[str, Array], rows: Sequence[dict[str, str]]) -> dict[str, float]:
    """Share of clips of real voices with "Speech synthesizer" above 0.3."""
    chosen = [i for i, row in enumerate(rows) if row["set"].startswith("speech_")]
    index = audioset().find("Speech synthesizer").index
    return {name: float((probs[chosen, index] > PRESENT).mean()) for name, probs in world.items()}


def measure_top1(predictions: dict[str, Predictions], names: dict[str, list[str]]) -> dict[str, float]:
    """Measure label-mapped top-1 accuracy on the held-out fold, among the categories of the data set."""
    result = {}
    for dataset in ("esc10", "esc50"):
        fold = _held_out(predictions[dataset])
        candidates = sorted({row["label"] for row in predictions[dataset].rows})
        classes = _indices({label: names[label] for label in candidates})
        result[dataset] = mapped_top1(fold.probs, [row["label"] for row in fold.rows], classes)
    return result


def measure_calibration(predictions: dict[str, Predictions], names: dict[str, list[str]]) -> dict[str, float]:
    """Measure the expected calibration error of the highest category, on held-out clips of three data sets."""
    held_out = {dataset: (_held_out(predictions[dataset]), names) for dataset in ("esc10", "esc50")}
    held_out["urbansound8k"] = (_own_of_urban(predictions["urbansound8k_subset"]), URBAN_CLASSES)
    result = {}
    for dataset, (chosen, classes) in held_out.items():
        categories = Categories.from_mapping({row["label"]: classes[row["label"]] for row in chosen.rows}, audioset())
        truth = [categories.labels.find(row["label"]).index for row in chosen.rows]
        targets = np.eye(len(categories.labels), dtype=np.bool_)[truth]
        measured = measure_clips(chosen.probs, targets, categories, task="single-label")
        result[dataset] = measured.reliability.expected_error
    return result


def measure_probe(predictions: Predictions, held_out: set[str]) -> float:
    """Fit a logistic regression on the standardised embeddings of the other folds; return its held-out accuracy."""
    return _probe(predictions, np.flatnonzero([row["source_id"] not in held_out for row in predictions.rows]))


def measure_few_shot(predictions: Predictions, held_out: set[str]) -> list[float]:
    """Fit the probe on few clips of each class, one clip of a recording; return the accuracy of every draw."""
    accuracies = []
    for seed in range(N_DRAWS):
        clips: dict[str, dict[str, int]] = defaultdict(dict)
        for i in np.random.default_rng(seed).permutation(len(predictions.rows)):
            row = predictions.rows[i]
            if row["source_id"] not in held_out and len(clips[row["label"]]) < CLIPS_OF_CLASS:
                clips[row["label"]].setdefault(row["source_id"], int(i))
        accuracies.append(_probe(predictions, np.array([i for drawn in clips.values() for i in drawn.values()])))
    return accuracies


def _probe(predictions: Predictions, train: npt.NDArray[np.intp]) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels = np.array([row["label"] for row in predictions.rows])
    test = np.flatnonzero([row["fold"] == HELD_OUT_FOLD for row in predictions.rows])
    classifier: Any = make_pipeline(StandardScaler(), LogisticRegression(C=PROBE_C, max_iter=2_000))
    classifier.fit(predictions.embedding[train], labels[train])
    return float(classifier.score(predictions.embedding[test], labels[test]))


def _n_recordings(rows: Sequence[dict[str, str]], chosen: Sequence[int]) -> int:
    return len({rows[i]["source_id"] for i in chosen})


def _held_out(predictions: Predictions) -> Predictions:
    return predictions.select(np.array([row["fold"] == HELD_OUT_FOLD for row in predictions.rows]))


def mapped_top1(probs: Array, truth: Sequence[str], classes: dict[str, list[int]]) -> float:
    """Top-1 accuracy with categories that each score as the highest of their classes.

    A clip is right if the highest score among the classes of all categories belongs to its category. If categories
    share that class, all of them are right.

    Args:
        probs: `(clips, all classes)`.
        truth: Category of every clip.
        classes: Class indices of every candidate category.

    Examples:
        >>> mapped_top1(np.array([[0.1, 0.7, 0.9], [0.3, 0.2, 0.9]]), ["a", "a"], {"a": [0], "b": [1]})
        0.5
    """
    n_right = 0
    for row, category in zip(probs, truth, strict=True):
        best = max(row[index] for indices in classes.values() for index in indices)
        n_right += max(row[index] for index in classes[category]) >= best
    return n_right / len(truth)
