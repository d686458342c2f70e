"""`panns evaluate`: how good a model is on labelled clips, or at finding events in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from panns.cli import options
from panns.cli.options import events as event_options
from panns.cli.options.folds import OnlyFolds, clips_of
from panns.cli.render import detection_table, evaluation_table
from panns.cli.render.evaluation_outputs import EvaluationFiles
from panns.cli.render.evaluation_table import Circumstances
from panns.cli.terminal.bars import Bar, doing
from panns.cli.terminal.output import complain, print_csv, print_json, print_line

if TYPE_CHECKING:
    from panns.checkpoints.manifest import ModelManifest
    from panns.data.clip_lists import ClipList
    from panns.evaluation import ClipEvaluation, DetectionEvaluation, Task
    from panns.labels import LabelSet
    from panns.recognizer import Recognizer

OF_MODEL = "model"
# Clips in one call: on a GPU enough to keep it busy; on a CPU, of which every core has a call of its own, so few that
# all cores end together.
GPU_BATCH_SIZE, CPU_BATCH_SIZE = 64, 8


class TaskChoice(StrEnum):
    """Tasks by name."""

    single_label = "single-label"
    multi_label = "multi-label"
    detect = "detect"


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A name from `panns models list`, a checkpoint folder or an exported .onnx file."
        ),
    ],
    manifest: Annotated[
        Path,
        typer.Argument(
            metavar="MANIFEST",
            help="Labelled clips: a .csv, .tsv or .jsonl file, or a folder of class folders. With --task detect, a "
            "table of events: a .tsv or .csv with the columns filename, onset, offset and event_label, or a folder "
            "with an events.tsv.",
        ),
    ],
    folds: OnlyFolds = None,
    weights: options.WeightsFile = None,
    backend: options.Backend = options.BackendChoice.onnx,
    device: options.Device = options.DeviceChoice.auto,
    task: Annotated[
        TaskChoice | None,
        typer.Option(
            help="Whether a clip has one class or any number, else the model and the clips tell; or detect, for events "
            "in time."
        ),
    ] = None,
    thresholds: Annotated[
        str | None,
        typer.Option(
            "--thresholds",
            "--threshold",
            metavar="P|N/h|model|FILE.json",
            help="Multi-label and detect: from which probability a class counts as present: one number, the model's "
            "own, or numbers by label; for detect also those for false alarms of each class in an hour (1/h). By "
            "default the model's own where it has them, else 0.5.",
        ),
    ] = None,
    release: event_options.Release = None,
    median_s: event_options.Median = None,
    min_gap_s: event_options.MinGap = None,
    min_duration_s: event_options.MinDuration = None,
    window_s: event_options.Window = None,
    hop_s: event_options.Hop = None,
    label_map: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="FILE.json",
            help='For labels that are not the model\'s: its classes that mean them, {"dog": ["Dog", "Bark"], ...}.',
        ),
    ] = None,
    per_class: Annotated[bool, typer.Option("--per-class", help="Every class by itself too.")] = False,
    confusion: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw what was taken for what; single-label only.")
    ] = None,
    reliability: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw what the probabilities were worth.")
    ] = None,
    best_thresholds: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Write the thresholds with the highest F1, for --thresholds; choose them on other clips than those "
            "you report.",
        ),
    ] = None,
    save_scores: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Write scores, targets, labels and paths.")
    ] = None,
    lang: options.Language = options.LanguageChoice.en,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
) -> None:
    """Measure a model on labelled clips: mAP, AUC, accuracy, precision, recall, F1, calibration; all and per class.

    Where every clip has one label, or the model is one of softmax, its answer is the class that scores highest;
    otherwise it is every class from its threshold on.

    With --task detect, the events that `panns detect` finds with the same options are compared with those of a table,
    of the classes that occur in it: PSDS, F1 by collars, by intersection and by segments, error rate and false
    alarms an hour.
    """
    from panns.data.clip_lists import read_clip_list
    from panns.data.clip_lists.event_table import read_event_table
    from panns.evaluation import Categories, ClipEvaluation, infer_task, read_label_map
    from panns.recognizer import load

    options.refuse_two_formats(as_json, as_csv)
    outputs = EvaluationFiles(confusion, reliability, best_thresholds, save_scores)
    is_detection = task is TaskChoice.detect
    outputs.check(is_detection=is_detection)
    wanted = event_options.EventOptions(
        release=release,
        median_s=median_s,
        min_gap_s=min_gap_s,
        min_duration_s=min_duration_s,
        window_s=window_s,
        hop_s=hop_s,
    )
    if wanted.flags and not is_detection:
        raise typer.BadParameter(f"{', '.join(wanted.flags)}: what makes an event; add --task detect")
    listed = read_event_table(manifest) if is_detection else read_clip_list(manifest)
    chosen = clips_of(listed, manifest, folds or [])
    used = {label for clip in listed.clips for label in clip.labels}
    mapping = None if label_map is None else read_label_map(label_map, used)
    # Several clips are heard at once, one a core, so each call gets one thread; a single one gets all of them.
    with doing(f"loading {model}"):
        recognizer = load(model, weights, backend.value, device.value, n_threads=1 if len(chosen.clips) > 1 else None)
    labels, activation = recognizer.manifest.labels, recognizer.manifest.activation
    which: Task | Literal["detect"] = infer_task(chosen.clips, activation) if task is None else task.value
    if confusion is not None and which == "multi-label":
        raise typer.BadParameter("--confusion needs clips of one class each; these are measured as multi-label")
    measured = labels if mapping is None else Categories.from_mapping(mapping, labels).labels
    cuts, cuts_from = _thresholds(thresholds, None if mapping else recognizer.manifest, measured, which)
    circumstances = Circumstances(
        model=model,
        backend=recognizer.backend,
        device=recognizer.device,
        manifest=str(manifest),
        folds=tuple(folds or ()),
        label_map=None if label_map is None else str(label_map),
        thresholds=None if which == "single-label" else cuts_from,
        date=datetime.now(UTC).date().isoformat(),
    )
    evaluation: ClipEvaluation | DetectionEvaluation
    if which == "detect":
        evaluation = _detect(recognizer, chosen, cuts, mapping, wanted.settings_of(recognizer))
        rows = detection_table.csv_rows(evaluation, per_class=per_class)
        lines = detection_table.text_lines(evaluation, circumstances, per_class=per_class, language=lang.value)
    else:
        evaluation = _tag(recognizer, chosen, which, cuts, mapping)
        rows = evaluation_table.csv_rows(evaluation, per_class=per_class)
        lines = evaluation_table.text_lines(evaluation, circumstances, per_class=per_class, language=lang.value)
    for failure in evaluation.failures:
        complain(failure.reason)
    if as_json:
        print_json(circumstances.to_dict() | evaluation.to_dict())
    elif as_csv:
        print_csv(rows)
    else:
        for line in lines:
            print_line(line)
    if isinstance(evaluation, ClipEvaluation):
        outputs.write(evaluation, chosen, title=f"{model} on {circumstances.clips}", language=lang)
    if evaluation.failures:
        raise typer.Exit(1)


def _tag(
    recognizer: Recognizer,
    clips: ClipList,
    task: Task,
    thresholds: float | Sequence[float],
    mapping: Mapping[str, Sequence[str]] | None,
) -> ClipEvaluation:
    """Measure what a model says of whole clips."""
    from panns.data.clips.audio import FileAudio
    from panns.evaluation import evaluate_clips
    from panns.runtime.backend import n_threads_or_all

    is_cpu = recognizer.device == "cpu"
    with Bar() as bar:
        return evaluate_clips(
            recognizer.run,
            FileAudio(clips, recognizer.sample_rate),
            recognizer.manifest.labels,
            task=task,
            thresholds=thresholds,
            mapping=mapping,
            batch_size=CPU_BATCH_SIZE if is_cpu else GPU_BATCH_SIZE,
            n_decoding=n_threads_or_all(None),
            n_predicting=n_threads_or_all(None) if is_cpu else 1,
            allows_failures=True,
            on_progress=bar.show,
        )


def _detect(
    recognizer: Recognizer,
    clips: ClipList,
    thresholds: float | Sequence[float],
    mapping: Mapping[str, Sequence[str]] | None,
    settings: event_options.EventSettings,
) -> DetectionEvaluation:
    """Measure what a model says of times, as `Recognizer.detect` does it."""
    from panns.evaluation import FrameProbs, evaluate_detection
    from panns.runtime.backend import n_threads_or_all

    with Bar() as bar:
        return evaluate_detection(
            lambda i, pick: FrameProbs.from_frames(
                recognizer.frames(clips.file(clips.clips[i]), keep=pick, windows=settings.windows)
            ),
            clips.clips,
            recognizer.manifest.labels,
            thresholds=thresholds,
            mapping=mapping,
            config=settings.config or recognizer.manifest.events,
            n_threads=n_threads_or_all(None) if recognizer.device == "cpu" else 1,
            allows_failures=True,
            on_progress=bar.show,
        )


def _thresholds(
    given: str | None, model: ModelManifest | None, labels: LabelSet, task: str
) -> tuple[float | Sequence[float], str]:
    """From where on a class counts as present, and how that is called.

    Args:
        given: What the user said.
        model: Whose own thresholds are for what is measured; None where they are for other classes.
        labels: What is measured.
        task: And how.
    """
    from panns.detection.thresholds import parse_threshold, resolve_thresholds
    from panns.evaluation import DEFAULT_THRESHOLD, read_thresholds

    own = None if model is None else model.event_thresholds if task == "detect" else model.thresholds
    if given == OF_MODEL and own is None:
        raise typer.BadParameter(
            "--thresholds model: the model has none for these classes; give a number or a file of them"
        )
    if own is not None and given in {None, OF_MODEL}:
        return own, "the model's own"
    if given is None:
        return DEFAULT_THRESHOLD, str(DEFAULT_THRESHOLD)
    try:
        value = parse_threshold(given)
    except ValueError:
        if _is_number(given):
            raise typer.BadParameter(f"--thresholds {given} must be a probability, 0 to 1") from None
        return read_thresholds(Path(given), labels, default=DEFAULT_THRESHOLD), given
    if isinstance(value, float):
        return value, given
    if task != "detect":
        raise typer.BadParameter(f"--thresholds {given}: false alarms an hour are of events; add --task detect")
    if model is None:
        raise typer.BadParameter(
            f"--thresholds {given}: the model has none for the labels of --map; give a number or a file of them"
        )
    try:
        return resolve_thresholds(model, value).tolist(), f"the thresholds for {value}"
    except ValueError as error:
        raise typer.BadParameter(f"--thresholds {given}: {error}") from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
