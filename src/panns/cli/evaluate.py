"""`panns evaluate`: measure a model on labelled clips or events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.options.evaluation_outputs import EvaluationOutputs
from panns.cli.options.evaluation_thresholds import EvaluationThresholds, read_evaluation_thresholds
from panns.cli.options.events import EventOptions
from panns.cli.options.folds import Folds, select_folds
from panns.cli.options.grouping import with_option_groups
from panns.cli.options.model_options import MODEL_HELP, ModelOptions
from panns.cli.render import detection_table, evaluation_table
from panns.cli.render.evaluation_table import EvaluationRun
from panns.cli.terminal.bars import Bar
from panns.cli.terminal.output import complain, print_csv, print_json, print_line

if TYPE_CHECKING:
    from panns.cli.options.events import EventSettings
    from panns.data.clip_lists import ClipList
    from panns.evaluation import ClipEvaluation, DetectionEvaluation, Task
    from panns.labels import LabelSet
    from panns.recognizer import Recognizer

# Clips per call of the model: on a GPU enough to keep it busy; on a CPU, where every core makes its own calls, few
# enough that all cores finish at about the same time.
GPU_BATCH_SIZE, CPU_BATCH_SIZE = 64, 8


class TaskChoice(StrEnum):
    """Tasks by name."""

    single_label = "single-label"
    multi_label = "multi-label"
    detect = "detect"


@dataclass(frozen=True)
class EvaluatedModel(ModelOptions):
    """Options of the model, with the model itself as an argument."""

    model: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP)] = field()


@with_option_groups
def evaluate(
    model: EvaluatedModel,
    clip_list: Annotated[
        Path,
        typer.Argument(
            metavar="CLIPS",
            help="Labelled clips: a .csv, .tsv or .jsonl file, or a folder of class folders. With --task detect, a "
            "table of events: a .tsv or .csv file with the columns filename, onset, offset and event_label, or a "
            "folder with an events.tsv; or annotations by Raven, Audacity, Kaleidoscope, BirdNET-Analyzer, "
            "Label Studio, ELAN or RTTM.",
        ),
    ],
    folds: Folds = None,
    task: Annotated[
        TaskChoice | None,
        typer.Option(
            help="single-label: one class per clip; multi-label: any number; detect: events in time. Default: single- "
            "or multi-label, chosen by the model and the clips.",
            show_default=False,
        ),
    ] = None,
    thresholds: EvaluationThresholds = None,
    *,
    events: EventOptions,
    label_map: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="FILE.json",
            help="Map from the labels of the clips to classes of the model, if they differ: "
            '{"dog": ["Dog", "Bark"], ...}.',
        ),
    ] = None,
    per_class: Annotated[bool, typer.Option("--per-class", help="Report every class as well.")] = False,
    skip_damaged: options.SkipDamaged = False,
    outputs: EvaluationOutputs,
    lang: options.Language = options.LanguageChoice.en,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
) -> None:
    """Evaluate a model on labelled clips or events.

    Measures of clips are mAP, AUC, accuracy, precision, recall, F1 and calibration. The task is single-label if every
    clip has one label or the model ends in a softmax: the prediction is the class with the highest score. Otherwise it
    is multi-label: every class above its threshold is predicted.

    With --task detect, the events that `panns detect` finds with the same options are compared with a table of events,
    for the classes in that table. Measures are PSDS, F1 (collar-based, intersection-based and segment-based), error
    rate and false alarms per hour.
    """
    from panns.evaluation import DetectionEvaluation

    options.refuse_two_formats(as_json, as_csv)
    is_detection = task is TaskChoice.detect
    outputs.check(is_detection=is_detection)
    if events.flags and not is_detection:
        raise typer.BadParameter(f"{', '.join(events.flags)}: these options apply to events; add --task detect")
    clips, mapping = _read_clips(clip_list, folds, label_map, is_detection=is_detection)
    # Clips are processed in parallel, one per core, so each call gets one thread; a single clip gets all cores.
    recognizer = model.load(n_threads=1 if len(clips.clips) > 1 else None)
    clip_task = None if is_detection else _clip_task(task, clips, recognizer)
    if clip_task == "multi-label" and outputs.confusion is not None:
        raise typer.BadParameter("--confusion needs one class per clip; the task of these clips is multi-label")
    limits = read_evaluation_thresholds(
        thresholds,
        recognizer.manifest,
        _evaluated_labels(recognizer, mapping),
        is_mapped=mapping is not None,
        is_detection=is_detection,
    )
    run = EvaluationRun(
        model=model.model,
        backend=recognizer.backend,
        device=recognizer.device,
        clip_list=str(clip_list),
        folds=tuple(folds or ()),
        label_map=None if label_map is None else str(label_map),
        thresholds=None if clip_task == "single-label" else limits.description,
        date=datetime.now(UTC).date().isoformat(),
    )
    evaluation: ClipEvaluation | DetectionEvaluation
    if clip_task is None:
        evaluation = _evaluate_events(recognizer, clips, limits.values, mapping, events.for_model(recognizer))
        rows = detection_table.csv_rows(evaluation, per_class=per_class)
        lines = detection_table.text_lines(evaluation, run, per_class=per_class, language=lang.value)
    else:
        evaluation = _evaluate_clips(recognizer, clips, limits.values, mapping, clip_task)
        rows = evaluation_table.csv_rows(evaluation, per_class=per_class)
        lines = evaluation_table.text_lines(evaluation, run, per_class=per_class, language=lang.value)
    for failure in evaluation.failures:
        complain(failure.reason)
    if skip_damaged and evaluation.failures:
        _accept_failures(clips, [failure.path for failure in evaluation.failures], clip_list)
    if as_json:
        print_json(run.to_dict() | evaluation.to_dict())
    elif as_csv:
        print_csv(rows)
    else:
        for line in lines:
            print_line(line)
    if not isinstance(evaluation, DetectionEvaluation):
        outputs.write(evaluation, clips, title=f"{model.model} on {run.clips}", language=lang)
    if evaluation.failures and not skip_damaged:
        raise typer.Exit(1)


def _read_clips(
    clip_list: Path, folds: Sequence[str] | None, label_map: Path | None, *, is_detection: bool
) -> tuple[ClipList, Mapping[str, Sequence[str]] | None]:
    """Clips to evaluate, and the map from their labels to the model's classes."""
    from panns.data.clip_lists import read_clip_list
    from panns.data.event_clips import read_event_clips
    from panns.evaluation import read_label_map

    clips = read_event_clips(clip_list) if is_detection else read_clip_list(clip_list)
    selected = select_folds(clips, clip_list, folds)
    if label_map is None:
        return selected, None
    return selected, read_label_map(label_map, {label for clip in clips.clips for label in clip.labels})


def _accept_failures(clips: ClipList, failed: Sequence[str], clip_list: Path) -> None:
    """Say how many clips were skipped; losing all clips of a class is an error."""
    from panns.data.clips.skipped import describe_skipped, select_remaining

    paths = set(failed)
    select_remaining(clips.clips, [i for i, clip in enumerate(clips.clips) if clip.path in paths], where=str(clip_list))
    complain(describe_skipped(failed, len(clips.clips)))


def _clip_task(task: TaskChoice | None, clips: ClipList, recognizer: Recognizer) -> Task:
    from panns.evaluation import infer_task

    if task is TaskChoice.single_label:
        return "single-label"
    if task is TaskChoice.multi_label:
        return "multi-label"
    return infer_task(clips.clips, recognizer.manifest.activation)


def _evaluated_labels(recognizer: Recognizer, mapping: Mapping[str, Sequence[str]] | None) -> LabelSet:
    """The model's labels, or those of the map."""
    from panns.evaluation import Categories

    labels = recognizer.manifest.labels
    return labels if mapping is None else Categories.from_mapping(mapping, labels).labels


def _evaluate_clips(
    recognizer: Recognizer,
    clips: ClipList,
    thresholds: float | Sequence[float],
    mapping: Mapping[str, Sequence[str]] | None,
    task: Task,
) -> ClipEvaluation:
    """Score whole clips as `Recognizer.run` does, and measure the scores."""
    from panns.data.clips.audio import FileAudio
    from panns.evaluation import evaluate_clips
    from panns.system.cores import n_cores

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
            n_decoding=n_cores(),
            n_predicting=n_cores() if is_cpu else 1,
            allows_failures=True,
            on_progress=bar.show,
        )


def _evaluate_events(
    recognizer: Recognizer,
    clips: ClipList,
    thresholds: float | Sequence[float],
    mapping: Mapping[str, Sequence[str]] | None,
    settings: EventSettings,
) -> DetectionEvaluation:
    """Score frames as `Recognizer.detect` does, and measure the events."""
    from panns.evaluation import FrameProbs, evaluate_detection
    from panns.system.cores import n_cores

    with Bar() as bar:
        return evaluate_detection(
            lambda i, pick: FrameProbs.from_frames(
                recognizer.frames(clips.file(clips.clips[i]), keep=pick, windows=settings.windows)
            ),
            clips.clips,
            recognizer.manifest.labels,
            thresholds=thresholds,
            mapping=mapping,
            config=settings.config,
            n_threads=n_cores() if recognizer.device == "cpu" else 1,
            allows_failures=True,
            on_progress=bar.show,
        )
