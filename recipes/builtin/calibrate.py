"""Calibrate a model by a temperature for all classes and an offset for each class.

python -m recipes.builtin.calibrate MODEL [--data ../shared] [--out runs/builtin/calibration.json]

Fitted on the validation clips, which are neither trained on nor tested: clips of ESC-50's folds 1 to 4 whose licence
rules out training, and the validation part of `world`. A class counts as present if it is a label of the clip, or the
teacher scores it above 0.5. Only classes that are present in at least 5 clips have an offset, because absence from
these clips says nothing about other sounds. A penalty draws offsets towards 0; its weight is the one with the lowest
loss in cross-validation over recordings.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.audio import load_sound
from panns.hub.resolve import resolve
from panns.labels import audioset
from panns.runtime.load import load_model
from recipes.builtin.clips import validation_clips
from recipes.builtin.train import TEACHER_WEIGHTS, is_real_voice
from recipes.common.paths import ROOT, RUNS

Array = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

MIN_CLIPS = 5
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 1e6)  # the last one leaves the temperature alone
N_FOLDS = 5
PRESENT = 0.5


@dataclass(frozen=True)
class Calibration:
    """Change of the logits of a model: `logits / temperature + offsets`.

    Attributes:
        temperature: Divisor of all logits.
        offsets: Offset of every class.
    """

    temperature: float
    offsets: tuple[float, ...]

    def apply(self, logits: Array) -> Array:
        """Calibrated logits, of any shape `(..., classes)`."""
        calibrated: Array = logits / self.temperature + np.array(self.offsets)
        return calibrated


def main() -> None:
    """Fit, print the losses and write the calibration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a registered name or a folder")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--out", type=Path, default=RUNS / "builtin" / "calibration.json")
    arguments = parser.parse_args()
    logits, truth, sources = score_validation(arguments.model, arguments.data)
    losses = {penalty: cross_validate(logits, truth, sources, penalty) for penalty in PENALTIES}
    best = min(losses, key=lambda penalty: losses[penalty])
    for penalty, value in losses.items():
        print(f"penalty {penalty:g}: loss {value:.5f}{' (chosen)' if penalty == best else ''}")
    calibration = fit(logits, truth, best)
    print(f"without calibration: loss {loss(logits, truth):.5f}; temperature {calibration.temperature:.3f}")
    arguments.out.write_text(json.dumps(asdict(calibration)) + "\n", encoding="utf-8")


def read_calibration(path: Path) -> Calibration:
    """Read a calibration that this command wrote."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Calibration(stored["temperature"], tuple(stored["offsets"]))


def score_validation(name: str, data: Path) -> tuple[Array, Truth, list[str]]:
    """Logits of a model for the validation clips, classes present, `(clips, classes)` each, and recordings."""
    clips = validation_clips(data / "data", data / "reference" / "esc50_to_audioset.json")
    model = load_model(resolve(name), n_threads=1)
    teacher = load_model(resolve("mn04_as", weights=data / "weights" / TEACHER_WEIGHTS), n_threads=1)
    synthesizer = audioset().find("Speech synthesizer").index
    probs, truths = [], []
    for clip in clips:
        waveform = load_sound(data / "data" / clip.path, sample_rate=model.manifest.sample_rate)
        probs.append(model.run(waveform).clip_probs[0])
        truth = teacher.run(waveform).clip_probs[0] > PRESENT
        truth[[audioset().find(label).index for label in clip.labels]] = True
        truth[synthesizer] &= not is_real_voice(clip)
        truths.append(truth)
    bounded = np.clip(np.stack(probs).astype(np.float64), 1e-6, 1 - 1e-6)
    return np.log(bounded / (1 - bounded)), np.stack(truths), [clip.source for clip in clips]


def cross_validate(logits: Array, truth: Truth, sources: list[str], penalty: float) -> float:
    """Mean loss on recordings that the fit did not see."""
    names = sorted(set(sources))
    fold_of = {name: i % N_FOLDS for i, name in enumerate(np.random.default_rng(0).permutation(names).tolist())}
    folds = np.array([fold_of[source] for source in sources])
    parts = [
        loss(
            fit(logits[folds != fold], truth[folds != fold], penalty).apply(logits[folds == fold]), truth[folds == fold]
        )
        for fold in range(N_FOLDS)
    ]
    return float(np.average(parts, weights=[np.sum(folds == fold) for fold in range(N_FOLDS)]))


def fit(logits: Array, truth: Truth, penalty: float) -> Calibration:
    """Fit a temperature, and offsets of the classes with enough clips, by penalised maximum likelihood.

    Args:
        logits: `(clips, classes)`.
        truth: Classes present, `(clips, classes)`.
        penalty: Weight of half the squared offsets, beside the cross-entropy summed over clips and classes.
    """
    from scipy.optimize import minimize

    has_offset = truth.sum(axis=0) >= MIN_CLIPS

    def value_and_gradient(parameters: Array) -> tuple[float, Array]:
        scale, offsets = np.exp(parameters[0]), parameters[1:] * has_offset
        shifted = logits * scale + offsets
        value = np.logaddexp(0, np.where(truth, -shifted, shifted)).sum() + penalty / 2 * offsets @ offsets
        error = 1 / (1 + np.exp(-shifted)) - truth
        of_offsets = (error.sum(axis=0) + penalty * offsets) * has_offset
        slope = np.concatenate(([np.sum(error * logits) * scale], of_offsets))
        return float(value), slope

    found = minimize(value_and_gradient, np.zeros(1 + logits.shape[1]), jac=True, method="L-BFGS-B")
    return Calibration(float(np.exp(-found.x[0])), tuple((found.x[1:] * has_offset).round(6).tolist()))


def loss(logits: Array, truth: Truth) -> float:
    """Mean binary cross-entropy of `(clips, classes)`."""
    return float(np.logaddexp(0, np.where(truth, -logits, logits)).mean())


if __name__ == "__main__":
    main()
