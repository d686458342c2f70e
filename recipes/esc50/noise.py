"""What noise takes from the models of ESC-50, and what learning with noise gives back.

    python -m recipes.esc50.noise prepare [--urbansound8k FOLDER] [--speech FOLDER]
    panns train recipes/esc50/train.toml --cross-validate -o runs/esc50/folds
    panns train recipes/esc50/noise.toml --set noise_share=0 --cross-validate -o runs/esc50/quiet
    panns train recipes/esc50/noise.toml --cross-validate -o runs/esc50/noisy
    python -m recipes.esc50.noise test

`prepare` lists recordings of noise to learn with (eight of the ten kinds of UrbanSound8K; some noise is also made while
learning, from white to brown) and others to test with: the other two, air conditioners and street music, and the babble
of four excerpts of meetings at once. No kind of noise is in both, nor any recording that ESC-50 has too.
`test` adds the second list to the folds that models with and without noise have been trained for and have not learned
from, and writes `noise.json` beside this file, the table of the README and `noise.png`. The models of `train.toml`, of
as many of these folds as there are, stand beside.
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
import numpy.typing as npt

from benchmarks.measure import machine
from panns.augment.length import fit_length
from panns.augment.noise import add_noise
from panns.data.clip_lists import read_clip_list, write_clip_list
from panns.data.clips.audio import ClipAudio, FileAudio
from panns.data.clips.clip import Clip
from panns.data.clips.subset import AudioSubset
from panns.evaluation import evaluate_clips
from panns.recognizer import load
from panns.system.files import replacing
from panns.training.run_folder import MODEL_FOLDER
from recipes.common.paths import REFERENCE_DATA, RUNS
from recipes.common.preparing import CLIPS_FILE
from recipes.common.results import FOLD_PREFIX
from recipes.common.table import put_table
from recipes.urbansound8k.prepare import list_clips

Array = npt.NDArray[np.float32]

HERE = Path(__file__).parent
OUT = RUNS / "esc50"
LEARN_FILE, TEST_FILE = "noise-to-learn-with.csv", "noise-to-test-with.csv"
TO_TEST_WITH = ("air_conditioner", "street_music")
BABBLE = "babble"
N_TALKING = 4
NOISES = (*TO_TEST_WITH, BABBLE)
FOLDS = ("1", "2", "3", "4", "5")
SNRS_DB = (20, 10, 0)
SEED = 0
# Folder of the folds, how they are called, colour.
LEARNED_WITH_NOISE = "noisy"
MODELS = (
    ("folds", "by `train.toml`", "#999999"),
    ("quiet", "by `noise.toml`, without noise", "#335577"),
    (LEARNED_WITH_NOISE, "by `noise.toml`, with noise", "#c0392b"),
)
WITHOUT_NOISE = "quiet"  # the same in all but the noise
MARK = "noise"


def main() -> None:
    """List the noise, or test with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("prepare", "test"))
    parser.add_argument("--urbansound8k", type=Path, default=REFERENCE_DATA / "urbansound8k_subset")
    parser.add_argument("--speech", type=Path, default=REFERENCE_DATA / "speech_turns" / "audio")
    arguments = parser.parse_args()
    if arguments.what == "prepare":
        prepare(arguments.urbansound8k, arguments.speech)
        return
    results = test()
    with replacing(HERE / "noise.json") as partial:
        kept = {
            "seed": SEED,
            "machine": machine(),
            "won_back": {str(snr_db): won_back(results, snr_db) for snr_db in SNRS_DB},
            "results": [asdict(one) for one in results],
        }
        text = json.dumps(kept, indent=1)
        partial.write_text(text + "\n", encoding="utf-8")
    put_table(HERE / "README.md", table(results), mark=MARK)
    draw(results)


def prepare(urbansound8k: Path, speech: Path) -> None:
    """Write both lists of noise."""
    known = {clip.source for clip in read_clip_list(OUT / CLIPS_FILE).clips}
    noises = [clip for clip in list_clips(urbansound8k, OUT) if clip.source not in known]
    talk = [Clip(os.path.relpath(path, OUT), (BABBLE,)) for path in sorted(speech.iterdir())]
    to_learn_with = [clip for clip in noises if clip.labels[0] not in TO_TEST_WITH]
    to_test_with = [clip for clip in noises if clip.labels[0] in TO_TEST_WITH] + talk
    write_clip_list(OUT / LEARN_FILE, to_learn_with)
    write_clip_list(OUT / TEST_FILE, to_test_with)
    print(f"{len(to_learn_with)} recordings of noise to learn with, {len(to_test_with)} to test with, in {OUT}")


@dataclass(frozen=True)
class Result:
    """How good models are.

    Attributes:
        models: Folder of their folds.
        noise: What is added; empty for none.
        snr_db: How much stronger the clip is; None without noise.
        accuracies: By fold.
    """

    models: str
    noise: str
    snr_db: int | None
    accuracies: dict[str, float]


def test() -> list[Result]:
    """Folds by the models that have not learned from them, without noise and with every kind at every ratio."""
    manifest = read_clip_list(OUT / CLIPS_FILE)
    folds_of = {models: [fold for fold in FOLDS if _model(models, fold).is_dir()] for models, *_ in MODELS}
    folds = [fold for fold in folds_of[LEARNED_WITH_NOISE] if fold in folds_of[WITHOUT_NOISE]]
    if not folds:
        raise SystemExit(
            f"no fold of both {LEARNED_WITH_NOISE} and {WITHOUT_NOISE} is in {OUT}; train them first, as "
            "`python -m recipes.esc50.noise --help` says"
        )
    conditions = [("", None), *((noise, snr_db) for noise in NOISES for snr_db in SNRS_DB)]
    accuracies: dict[tuple[str, str, int | None], dict[str, float]] = {}
    for models, *_ in MODELS:
        for fold in (fold for fold in folds if fold in folds_of[models]):
            recognizer = load(_model(models, fold))
            rate, labels = recognizer.sample_rate, recognizer.manifest.labels
            tested = [i for i, clip in enumerate(manifest.clips) if clip.fold == fold]
            clips = AudioSubset(FileAudio(manifest, rate), tested)
            noises = FileAudio(read_clip_list(OUT / TEST_FILE), rate)
            recorded = {noise: recordings(noises, noise) for noise in NOISES}
            for noise, snr_db in conditions:
                heard = clips if snr_db is None else NoisyAudio(clips, recorded[noise], noise, snr_db)
                accuracy = evaluate_clips(recognizer.run, heard, labels, task="single-label").accuracy
                assert accuracy is not None
                accuracies.setdefault((models, noise, snr_db), {})[fold] = accuracy
                print(models, fold, noise, snr_db, f"{accuracy:.4f}", flush=True)
    return [Result(*condition, values) for condition, values in accuracies.items()]


def _model(models: str, fold: str) -> Path:
    return OUT / models / f"{FOLD_PREFIX}{fold}" / MODEL_FOLDER


def recordings(noises: FileAudio, kind: str) -> list[Array]:
    """All recordings of one kind of noise."""
    return [noises.waveform(i) for i, clip in enumerate(noises.clips) if clip.labels[0] == kind]


class NoisyAudio:
    """Clips with noise beside them, the same each time.

    Attributes:
        clips: What is known of them.
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
        """The whole of a clip with noise, `(samples,)`."""
        clean = self._clean.waveform(i)
        # A clip gets the same noise at every ratio, and for every model.
        name = zlib.crc32(f"{self._noise} {Path(self.clips[i].path).name}".encode())
        rng = np.random.default_rng([SEED, name])
        chosen = rng.permutation(len(self._recorded))[: N_TALKING if self._noise == BABBLE else 1]
        noise = sum(fit_length(self._recorded[j], len(clean), rng, shorter="repeat") for j in chosen)
        return add_noise(clean, noise, self._snr_db)


def table(results: Sequence[Result]) -> str:
    """A line for every kind of noise and ratio, a column for every kind of model, and what is won back.

    That is counted of what noise takes from the models that differ in nothing else, and from the others.
    """
    of = {(one.models, one.noise, one.snr_db): one.accuracies for one in results}
    names = [models for models, *_ in MODELS if (models, "", None) in of]
    without = [(models, name) for models, name, _ in MODELS if models in names and models != LEARNED_WITH_NOISE]
    columns = [name for models, name, _ in MODELS if models in names]
    columns += [f"won back of what noise takes from those {name}" for _, name in without]
    lines = [f"| noise | clip to noise | {' | '.join(columns)} |", f"|---|---|{'---|' * len(columns)}"]
    lines.append(f"| none | | {' | '.join(_cell(of[name, '', None]) for name in names)} |{' |' * len(without)}")
    for snr_db in SNRS_DB:
        for noise in NOISES:
            cells = [_cell(of[name, noise, snr_db]) for name in names]
            won = [_percent(won_back(results, snr_db, without=models, noises=(noise,))) for models, _ in without]
            lines.append(f"| {' | '.join([noise.replace('_', ' '), f'{snr_db} dB', *cells, *won])} |")
        means = [
            statistics.mean(statistics.mean(of[name, noise, snr_db].values()) for noise in NOISES) for name in names
        ]
        won = [_percent(won_back(results, snr_db, without=models)) for models, _ in without]
        bold = [f"**{word}**" for word in (*(f"{value:.3f}" for value in means), *won)]
        lines.append(f"| **all three** | {snr_db} dB | {' | '.join(bold)} |")
    folds = list(of[LEARNED_WITH_NOISE, "", None])
    caption = f"Mean over the folds {', '.join(folds)} of ESC-50 (16 kHz copy), with the deviation between them."
    for models, name in without:
        if (its := list(of[models, "", None])) != folds:
            of_them = f"{'folds' if len(its) > 1 else 'fold'} {', '.join(its)}"
            caption += f" The models {name} are of {of_them}, and so is what is won back beside them."
    return "\n".join([*lines, "", caption])


def won_back(
    results: Sequence[Result], snr_db: int, *, without: str = WITHOUT_NOISE, noises: Sequence[str] = NOISES
) -> float | None:
    """Share of what noise takes at a ratio that learning with noise gives back; None if it takes nothing.

    Both are counted on the folds of both kinds of models, from the accuracy without noise of those that learned
    without.

    Args:
        results: As of `test`.
        snr_db: The ratio.
        without: Folder of the models that learned without noise; by default those that differ in nothing else.
        noises: Kinds, of which the mean is taken.
    """
    of = {(one.models, one.noise, one.snr_db): one.accuracies for one in results}
    folds = of[without, "", None].keys() & of[LEARNED_WITH_NOISE, "", None].keys()

    def mean(models: str, noise: str, snr_db: int | None) -> float:
        return statistics.mean(of[models, noise, snr_db][fold] for fold in sorted(folds))

    clean = mean(without, "", None)
    under, helped = (
        statistics.mean(mean(models, noise, snr_db) for noise in noises) for models in (without, LEARNED_WITH_NOISE)
    )
    return (helped - under) / (clean - under) if clean > under else None


def _cell(accuracies: Mapping[str, float]) -> str:
    values = list(accuracies.values())
    deviation = f" ± {_deviation(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{deviation}"


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _percent(share: float | None) -> str:
    return "nothing is lost" if share is None else f"{share:.0%}"


def draw(results: Sequence[Result]) -> None:
    """Draw accuracy over the ratio, a panel for every kind of noise."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.2), layout="constrained")
    panels = figure.subplots(1, len(NOISES), sharey=True)
    places = range(len(SNRS_DB) + 1)
    for axes, noise in zip(panels, NOISES, strict=True):
        for models, name, colour in MODELS:
            ours = [one for one in results if one.models == models and one.noise in ("", noise)]
            if not ours:
                continue
            ours.sort(key=lambda one: -np.inf if one.snr_db is None else -one.snr_db)
            means = [statistics.mean(one.accuracies.values()) for one in ours]
            deviations = [_deviation(list(one.accuracies.values())) for one in ours]
            label = f"{name.replace('`', '')}, {len(ours[0].accuracies)} folds"
            axes.errorbar(places, means, deviations, color=colour, label=label, marker="o", markersize=4, capsize=3)
        axes.set_xticks(places, ["none", *(f"{snr_db} dB" for snr_db in SNRS_DB)])
        axes.set_title(noise.replace("_", " "), fontsize=10)
        axes.set_xlabel("clip to noise")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("accuracy on ESC-50, folds not learned from", fontsize=9)
    panels[0].legend(fontsize=8)
    figure.savefig(HERE / "noise.png", dpi=120)


if __name__ == "__main__":
    main()
