"""Accuracy of a probe on few clips of each class."""

import numpy as np

from recipes.builtin.measures import CLIPS_OF_CLASS, N_DRAWS, Predictions, measure_few_shot


def test_separate_classes_are_learned_from_few_recordings_outside_the_test():
    rng = np.random.default_rng(0)
    rows, embedding = [], []
    for fold in range(1, 6):
        for label, centre in (("dog", -3.0), ("cat", 3.0)):
            for i in range(12):
                rows.append({"label": label, "fold": str(fold), "source_id": f"{fold}{label}{i // 2}"})
                embedding.append(rng.normal(centre, 1, 8))
    predictions = Predictions(rows, np.zeros((len(rows), 527), np.float32), np.array(embedding, np.float32))
    held_out = {row["source_id"] for row in rows if row["fold"] == "5"}
    assert measure_few_shot(predictions, held_out) == [1.0] * N_DRAWS


def test_labels_that_say_nothing_are_at_chance():
    rng = np.random.default_rng(1)
    rows = [
        {"label": "ab"[rng.integers(2)], "fold": str(1 + i % 5), "source_id": str(i)}
        for i in range(100 * CLIPS_OF_CLASS)
    ]
    embedding = rng.normal(size=(len(rows), 4)).astype(np.float32)
    predictions = Predictions(rows, np.zeros((len(rows), 527), np.float32), embedding)
    accuracies = measure_few_shot(predictions, {row["source_id"] for row in rows if row["fold"] == "5"})
    assert abs(np.mean(accuracies) - 0.5) < 0.1
    assert len(set(accuracies)) > 1  # every draw has its own clips
