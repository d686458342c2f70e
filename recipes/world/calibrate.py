"""Fit the temperature of a model: the divisor of all logits that makes its probabilities fit best.

python -m recipes.world.calibrate MODEL [--data ../shared]

Fitted on the validation clips, which are neither trained on nor tested: clips of ESC-50's folds 1 to 4 whose licence
rules out training, and the validation part of `world`. A class counts as present if it is a label of the clip, or the
teacher scores it above 0.5.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.audio import load_sound
from panns.hub.resolve import resolve
from panns.labels import audioset
from panns.runtime.load import load_model
from recipes.common.paths import ROOT
from recipes.world.clips import validation_clips
from recipes.world.train import TEACHER_WEIGHTS, is_real_voice

Array = npt.NDArray[np.float32]

TEMPERATURES = tuple(np.round(np.geomspace(0.5, 2.0, 29), 3))
PRESENT = 0.5


def main() -> None:
    """Print the best temperature, and the loss before and after."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a registered name or a folder")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    arguments = parser.parse_args()
    clips = validation_clips(arguments.data / "data", arguments.data / "reference" / "esc50_to_audioset.json")
    model = load_model(resolve(arguments.model), n_threads=1)
    teacher = load_model(resolve("mn04_as", weights=arguments.data / "weights" / TEACHER_WEIGHTS), n_threads=1)
    probs, truths = [], []
    synthesizer = audioset().find("Speech synthesizer").index
    for clip in clips:
        waveform = load_sound(arguments.data / "data" / clip.path, sample_rate=model.manifest.sample_rate)
        probs.append(model.run(waveform).clip_probs[0])
        truth = teacher.run(waveform).clip_probs[0] > PRESENT
        truth[[audioset().find(name).index for name in clip.labels]] = True
        truth[synthesizer] &= not is_real_voice(clip)
        truths.append(truth)
    losses = losses_by_temperature(np.stack(probs), np.stack(truths))
    best = min(losses, key=lambda temperature: losses[temperature])
    print(f"temperature {best:g}: loss {losses[best]:.5f}, without {losses[1.0]:.5f}")


def losses_by_temperature(probs: Array, truth: npt.NDArray[np.bool_]) -> dict[float, float]:
    """Mean binary cross-entropy at every temperature, from `(clips, classes)` each.

    Example:
        >>> losses = losses_by_temperature(np.array([[0.9], [0.9]]), np.array([[True], [False]]))
        >>> min(losses, key=losses.get)
        2.0
    """
    bounded = np.clip(probs, 1e-6, 1 - 1e-6).astype(np.float64)
    logits = np.log(bounded / (1 - bounded))
    signed = np.where(truth, logits, -logits)
    return {float(one): float(np.logaddexp(0, -signed / one).mean()) for one in TEMPERATURES}


if __name__ == "__main__":
    main()
