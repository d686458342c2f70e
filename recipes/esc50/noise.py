"""Accuracy of ESC-50 models under noise, and the share of the loss that training with noise recovers.

    python -m recipes.esc50.noise prepare [--urbansound8k FOLDER] [--speech FOLDER]
    panns train recipes/esc50/train.toml --cross-validate -o runs/esc50/folds
    panns train recipes/esc50/noise.toml --set noise_share=0 --cross-validate -o runs/esc50/quiet
    panns train recipes/esc50/noise.toml --cross-validate -o runs/esc50/noisy
    python -m recipes.esc50.noise test

`prepare` writes two lists of noise recordings. The training list has eight of the ten kinds of UrbanSound8K; training
also generates noise, from white to brown. The test list has the two other kinds, air conditioners and street music, and
the babble of four meeting excerpts at once. The lists share no kind of noise, and no recording of ESC-50 is in either.
`test` adds noise of the test list to the held-out folds of the models trained with and without noise, and writes
`noise.json` beside this file, the table of the README and `noise.png`. The comparison includes the models of
`train.toml` for those folds that are trained.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.measure import machine
from panns.augment.length import fit_length
from panns.augment.noise import add_noise
from panns.data.clip_lists import read_clip_list, write_clip_list
from panns.data.clips.audio import ClipAudio, FileAudio
from panns.data.clips.clip import Clip
from panns.data.clips.subset import AudioSubset
from panns.evaluation import evaluate_clips
from panns.recognizer import load
from panns.system.arrays import Array
from panns.system.files import replacing
from panns.training.run_folder import MODEL_FOLDER
from recipes.common.paths import REFERENCE_DATA, RUNS
from recipes.common.prepare_command import CLIPS_FILE
from recipes.common.results_table import replace_table
from recipes.common.runs import FOLD_PREFIX
from recipes.urbansound8k.prepare import list_clips

HERE = Path(__file__).parent
OUT = RUNS / "esc50"
TRAIN_FILE, TEST_FILE = "noise-to-learn-with.csv", "noise-to-test-with.csv"
TEST_KINDS = ("air_conditioner", "street_music")
BABBLE = "babble"
N_TALKERS = 4
NOISES = (*TEST_KINDS, BABBLE)
FOLDS = ("1", "2", "3", "4", "5")
SNRS_DB = (20, 10, 0)
SEED = 0
# Folder of the folds, title, colour.
WITH_NOISE = "noisy"
MODELS = (
    ("folds", "`train.toml`", "#999999"),
    ("quiet", "`noise.toml` without noise", "#335577"),
    (WITH_NOISE, "`noise.toml` with noise", "#c0392b"),
)
WITHOUT_NOISE = "quiet"  # differs from WITH_NOISE in the noise only
MARK = "noise"


def main() -> None:
    """List the noise, or test under it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("prepare", "test"))
    parser.add_argument("--urbansound8k", type=Path, default=REFERENCE_DATA / "urbansound8k_subset")
    parser.add_argument("--speech", type=Path, default=REFERENCE_DATA / "speech_turns" / "audio")
    arguments = parser.parse_args()
    if arguments.step == "prepare":
        prepare(arguments.urbansound8k, arguments.speech)
        return
    results = test()
    with replacing(HERE / "noise.json") as partial:
        kept = {
            "seed": SEED,
            "machine": machine(),
            "recovered": {str(snr_db): recovered_share(results, snr_db) for snr_db in SNRS_DB},
            "results": [asdict(one) for one in results],
        }
        text = json.dumps(kept, indent=1)
        partial.write_text(text + "\n", encoding="utf-8")
    replace_table(HERE / "README.md", render_table(results), mark=MARK)
    draw(results)


def prepare(urbansound8k: Path, speech: Path) -> None:
    """Write the training and the test list of noise."""
    known = {clip.source for clip in read_clip_list(OUT / CLIPS_FILE).clips}
    noises = [clip for clip in list_clips(urbansound8k, OUT) if clip.source not in known]
    babble = [Clip(os.path.relpath(path, OUT), (BABBLE,)) for path in sorted(speech.iterdir())]
    train_noises = [clip for clip in noises if clip.labels[0] not in TEST_KINDS]
    test_noises = [clip for clip in noises if clip.labels[0] in TEST_KINDS] + babble
    write_clip_list(OUT / TRAIN_FILE, train_noises)
    write_clip_list(OUT / TEST_FILE, test_noises)
    print(f"{len(train_noises)} recordings of noise for training, {len(test_noises)} for the test, in {OUT}")


@dataclass(frozen=True)
class Result:
    """Accuracy of models in one condition.

    Attributes:
        models: Folder of the folds.
        noise: Kind of noise; empty for none.
        snr_db: Signal-to-noise ratio in dB; None without noise.
        accuracies: Accuracy by fold.
    """

    models: str
    noise: str
    snr_db: int | None
    accuracies: dict[str, float]


def test() -> list[Result]:
    """Test every fold with its models, without noise and with every kind of noise at every ratio."""
    listed = read_clip_list(OUT / CLIPS_FILE)
    trained_folds = {models: [fold for fold in FOLDS if _model_folder(models, fold).is_dir()] for models, *_ in MODELS}
    folds = [fold for fold in trained_folds[WITH_NOISE] if fold in trained_folds[WITHOUT_NOISE]]
    if not folds:
        raise SystemExit(
            f"{OUT} has no fold trained in both {WITH_NOISE} and {WITHOUT_NOISE}; train them first, see "
            "`python -m recipes.esc50.noise --help`"
        )
    conditions = [("", None), *((noise, snr_db) for noise in NOISES for snr_db in SNRS_DB)]
    accuracies: dict[tuple[str, str, int | None], dict[str, float]] = {}
    for models, *_ in MODELS:
        for fold in (fold for fold in folds if fold in trained_folds[models]):
            recognizer = load(_model_folder(models, fold))
            rate, labels = recognizer.sample_rate, recognizer.manifest.labels
            test_indices = [i for i, clip in enumerate(listed.clips) if clip.fold == fold]
            clips = AudioSubset(FileAudio(listed, rate), test_indices)
            noises = FileAudio(read_clip_list(OUT / TEST_FILE), rate)
            recorded = {noise: load_recordings(noises, noise) for noise in NOISES}
            for noise, snr_db in conditions:
                audio = clips if snr_db is None else NoisyAudio(clips, recorded[noise], noise, snr_db)
                accuracy = evaluate_clips(recognizer.run, audio, labels, task="single-label").accuracy
                assert accuracy is not None
                accuracies.setdefault((models, noise, snr_db), {})[fold] = accuracy
                print(models, fold, noise, snr_db, f"{accuracy:.4f}", flush=True)
    return [Result(*condition, values) for condition, values in accuracies.items()]


def _model_folder(models: str, fold: str) -> Path:
    return OUT / models / f"{FOLD_PREFIX}{fold}" / MODEL_FOLDER


def load_recordings(noises: FileAudio, kind: str) -> list[Array]:
    """Load all recordings of one kind of noise."""
    return [noises.waveform(i) for i, clip in enumerate(noises.clips) if clip.labels[0] == kind]


class NoisyAudio:
    """Clips with reproducible noise.

    Attributes:
        clips: Names and labels of the clips.
    """

    def __init__(self, clean: ClipAudio, recorded: Sequence[Array], noise: str, snr_db: float) -> None:
        self.clips = clean.clips
        self._clean = clean
        self._recorded = recorded
        self._noise = noise
        self._snr_db = snr_db

    def __len__(self) -> int:
        return len(self.clips)

    def waveform(self, i: int) -> Array:
        """Waveform of a whole clip with noise, `(samples,)`."""
        clean = self._clean.waveform(i)
        # The seed depends on clip and kind only, so the noise is equal at every ratio and for every model.
        name = zlib.crc32(f"{self._noise} {Path(self.clips[i].path).name}".encode())
        rng = np.random.default_rng([SEED, name])
        chosen = rng.permutation(len(self._recorded))[: N_TALKERS if self._noise == BABBLE else 1]
        noise = np.zeros(len(clean), np.float32)
        for j in chosen:
            noise += fit_length(self._recorded[j], len(clean), rng, shorter="repeat")
        return add_noise(clean, noise, self._snr_db)


def render_table(results: Sequence[Result]) -> str:
    """Render the table: a row for every kind of noise and ratio, columns for models and recovered shares."""
    accuracies = {(one.models, one.noise, one.snr_db): one.accuracies for one in results}
    names = [models for models, *_ in MODELS if (models, "", None) in accuracies]
    without = [(models, name) for models, name, _ in MODELS if models in names and models != WITH_NOISE]
    columns = [name for models, name, _ in MODELS if models in names]
    columns += [f"recovered, compared with {name}" for _, name in without]
    lines = [f"| noise | signal-to-noise ratio | {' | '.join(columns)} |", f"|---|---|{'---|' * len(columns)}"]
    lines.append(f"| none | | {' | '.join(_cell(accuracies[name, '', None]) for name in names)} |{' |' * len(without)}")
    for snr_db in SNRS_DB:
        for noise in NOISES:
            cells = [_cell(accuracies[name, noise, snr_db]) for name in names]
            shares = [
                _percent(recovered_share(results, snr_db, without=models, noises=(noise,))) for models, _ in without
            ]
            lines.append(f"| {' | '.join([noise.replace('_', ' '), f'{snr_db} dB', *cells, *shares])} |")
        means = [
            statistics.mean(statistics.mean(accuracies[name, noise, snr_db].values()) for noise in NOISES)
            for name in names
        ]
        shares = [_percent(recovered_share(results, snr_db, without=models)) for models, _ in without]
        bold = [f"**{word}**" for word in (*(f"{value:.3f}" for value in means), *shares)]
        lines.append(f"| **all three** | {snr_db} dB | {' | '.join(bold)} |")
    folds = list(accuracies[WITH_NOISE, "", None])
    caption = f"Mean over the folds {', '.join(folds)} of ESC-50 (16 kHz copy), with standard deviation."
    for models, name in without:
        if (model_folds := list(accuracies[models, "", None])) != folds:
            noun = "folds" if len(model_folds) > 1 else "fold"
            caption += f" {name} and the comparison with it: {noun} {', '.join(model_folds)}."
    return "\n".join([*lines, "", caption])


def recovered_share(
    results: Sequence[Result], snr_db: int, *, without: str = WITHOUT_NOISE, noises: Sequence[str] = NOISES
) -> float | None:
    """Share of the accuracy lost to noise that training with noise recovers; None without a loss.

    The loss is that of the models trained without noise, on the folds that both sets of models have.

    Args:
        results: Results of `test`.
        snr_db: Signal-to-noise ratio in dB.
        without: Folder of the models trained without noise; by default those that differ in the noise only.
        noises: Kinds of noise, for the mean.
    """
    accuracies = {(one.models, one.noise, one.snr_db): one.accuracies for one in results}
    folds = accuracies[without, "", None].keys() & accuracies[WITH_NOISE, "", None].keys()

    def mean(models: str, noise: str, snr_db: int | None) -> float:
        return statistics.mean(accuracies[models, noise, snr_db][fold] for fold in sorted(folds))

    clean = mean(without, "", None)
    noisy, trained = (
        statistics.mean(mean(models, noise, snr_db) for noise in noises) for models in (without, WITH_NOISE)
    )
    return (trained - noisy) / (clean - noisy) if clean > noisy else None


def _cell(accuracies: Mapping[str, float]) -> str:
    values = list(accuracies.values())
    deviation = f" ± {_deviation(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{deviation}"


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _percent(share: float | None) -> str:
    return "no loss" if share is None else f"{share:.0%}"


def draw(results: Sequence[Result]) -> None:
    """Plot accuracy by signal-to-noise ratio, one panel for every kind of noise."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.2), layout="constrained")
    panels = figure.subplots(1, len(NOISES), sharey=True)
    places = range(len(SNRS_DB) + 1)
    for axes, noise in zip(panels, NOISES, strict=True):
        for models, name, colour in MODELS:
            model_results = [one for one in results if one.models == models and one.noise in ("", noise)]
            if not model_results:
                continue
            model_results.sort(key=lambda one: -np.inf if one.snr_db is None else -one.snr_db)
            means = [statistics.mean(one.accuracies.values()) for one in model_results]
            deviations = [_deviation(list(one.accuracies.values())) for one in model_results]
            label = f"{name.replace('`', '')}, {len(model_results[0].accuracies)} folds"
            axes.errorbar(places, means, deviations, color=colour, label=label, marker="o", markersize=4, capsize=3)
        axes.set_xticks(places, ["none", *(f"{snr_db} dB" for snr_db in SNRS_DB)])
        axes.set_title(noise.replace("_", " "), fontsize=10)
        axes.set_xlabel("signal-to-noise ratio")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("accuracy on ESC-50, held-out folds", fontsize=9)
    panels[0].legend(fontsize=8)
    figure.savefig(HERE / "noise.png", dpi=120)


if __name__ == "__main__":
    main()
