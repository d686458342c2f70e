"""One run of `panns train`: from settings to a checkpoint and its evaluation on held-out clips.

OUT/settings.json     settings of the run
OUT/check.json        findings of the check of the clips
OUT/clips.json        number and digest of the clips in each part
OUT/state.pt          state of the training, to resume from; OUT/metrics.jsonl and OUT/tensorboard/, its metrics
OUT/model/            the checkpoint
OUT/evaluation.json   the evaluation, where there is a test fold
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from panns.checkpoints.checkpoint import Checkpoint, open_checkpoint
from panns.checkpoints.manifest import Metric, ModelManifest
from panns.data.clips.audio import ClipAudio
from panns.data.clips.skipped import SkippedClip
from panns.errors import SettingsError
from panns.evaluation import ClipEvaluation, evaluate_clips
from panns.networks.contract import Network
from panns.networks.saving import round_to_half, save_checkpoint
from panns.runtime.load import make_model
from panns.runtime.torch_backend import TorchBackend
from panns.system.json_files import write_json
from panns.system.progress import OnProgress, ignore_progress
from panns.training.base_model import BaseModel, load_base_model
from panns.training.dataset import Dataset, Parts, prepare_dataset
from panns.training.engine.clip_batches import ClipBatches
from panns.training.engine.distributed import World
from panns.training.engine.loop import train
from panns.training.engine.transfer_learning import InitialNetwork, from_scratch, from_trained
from panns.training.recordings import read_clip_source
from panns.training.run_folder import (
    EVALUATION_FILE,
    MODEL_FOLDER,
    check_folder,
    hold_folder,
    record_clips,
    record_settings,
)
from panns.training.settings import RunSettings
from panns.training.supervision import Supervision, prepare_supervision
from panns.training.targets import check_labels, make_targets


@dataclass(frozen=True)
class TrainingResult:
    """Result of a run.

    Attributes:
        checkpoint: The trained model.
        parts: Training, validation and test clips.
        validation: Evaluation on the validation clips; None without any.
        test: Evaluation on the test clips; None without any.
        skipped: Damaged clips, which are in no part.
    """

    checkpoint: Checkpoint
    parts: Parts
    validation: ClipEvaluation | None
    test: ClipEvaluation | None
    skipped: tuple[SkippedClip, ...] = ()


def train_model(
    settings: RunSettings,
    out: Path,
    *,
    world: World | None = None,
    is_resumed: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> TrainingResult:
    """Train a model from settings, evaluate it and write its checkpoint.

    Args:
        settings: Settings of the run.
        out: The folder of the run; created if need be.
        world: The processes that train (`join_world`); None for this one, on the CPU.
        is_resumed: True to continue the run that `out` holds.
        on_progress: Called while clips are read and decoded, and after every step.

    Raises:
        DataError: The clips have errors, or do not fit the settings.
        SettingsError: `out` holds another run, another run trains in it, or the settings contradict each other or the
            model.
        PannsError: `out` cannot be written to.
    """
    world = world or World()
    check_run(settings, out, world, is_resumed=is_resumed)
    base = load_base_model(settings.model)
    with hold_folder(out, world):
        dataset = prepare_dataset(
            read_clip_source(Path(settings.data.clips)),
            settings.data,
            out,
            sample_rate=base.sample_rate,
            world=world,
            is_resumed=is_resumed,
            on_progress=on_progress,
        )
        dataset = dataset.split(settings.data, settings.seed)
        return run(dataset, base, settings, out, world=world, is_resumed=is_resumed, on_progress=on_progress)


def check_run(settings: RunSettings, out: Path, world: World, *, is_resumed: bool) -> None:
    """Refuse what cannot run before anything is read.

    Raises:
        MissingExtra: A codec of the augmentation is not installed.
        SettingsError: `out` holds another run, or the settings contradict each other or the number of processes.
    """
    check_folder(settings, out, is_resumed=is_resumed)
    size, n_parts = settings.batches.batch_size, settings.train.n_parts
    if size % world.size or size < 2 * world.size * n_parts:
        raise SettingsError(
            f"batches.batch_size={size} cannot be shared by {world.size} processes in {n_parts} parts each; "
            f"use a multiple of {world.size} with at least two clips a part"
        )
    if settings.train.test_steps and not settings.data.test_fold:
        raise SettingsError(
            f"train.test_steps={settings.train.test_steps} needs a test fold; set data.test_fold, or test_steps=0"
        )
    settings.batches.augment.check_installed()


def run(
    dataset: Dataset,
    base: BaseModel,
    settings: RunSettings,
    out: Path,
    *,
    model_folder: Path | None = None,
    world: World | None = None,
    is_resumed: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> TrainingResult:
    """Train a model on a data set, evaluate it and write its checkpoint. The caller holds the folder (`hold_folder`).

    Args:
        dataset: The clips, split into parts.
        base: The model to begin with.
        settings: Settings of the run.
        out: The folder of the run; created if need be.
        model_folder: Folder of the checkpoint; None for `out`/model.
        world: The processes that train (`join_world`); None for this one, on the CPU.
        is_resumed: True to continue the run that `out` holds.
        on_progress: Called after every step, and while the model is evaluated.

    Raises:
        DataError: The clips do not fit the settings.
        SettingsError: `out` holds another run or one of other clips, or the settings contradict the model.
    """
    world, model_folder = world or World(), model_folder or out / MODEL_FOLDER
    check_run(settings, out, world, is_resumed=is_resumed)
    out.mkdir(parents=True, exist_ok=True)
    if world.is_first:
        record_settings(settings, out)
    record_clips(dataset, settings.data.clips, out, is_writer=world.is_first)

    stages = _Run(dataset, settings, out, world, on_progress)
    initial = stages.start_network(base)
    manifest = stages.describe_model(initial)
    supervision = stages.prepare_supervision(manifest)
    network = stages.train(initial, manifest, supervision)
    validation = test = None
    if world.is_first:
        stages.save(network, manifest, model_folder)  # before an evaluation that may fail
        validation, test = stages.evaluate(network, manifest, model_folder)
    world.wait()
    return TrainingResult(open_checkpoint(model_folder), dataset.parts, validation, test, dataset.skipped)


class _Run:
    """The stages of a run, in their order."""

    def __init__(
        self, dataset: Dataset, settings: RunSettings, out: Path, world: World, on_progress: OnProgress
    ) -> None:
        self.dataset = dataset
        self.settings = settings
        self.out = out
        self.world = world
        self.on_progress = on_progress

    def start_network(self, base: BaseModel) -> InitialNetwork:
        """The network before the first step, with one output a class."""
        settings, n_classes = self.settings, len(self.dataset.labels)
        initial = (
            from_scratch(base.architecture, base.config, n_classes, seed=settings.seed)
            if base.network is None
            else from_trained(base.architecture, base.network, n_classes, settings.model.transfer, seed=settings.seed)
        )
        if settings.loss.needs_frames and initial.config.frame_hop_s is None:
            raise SettingsError(f"the loss needs frame scores, and {initial.architecture} has none; use another model")
        return initial

    def describe_model(self, initial: InitialNetwork) -> ModelManifest:
        """The manifest of the model in training."""
        settings = self.settings
        base = f"from {settings.model.name}" if settings.model.start == "trained" else "from scratch"
        return ModelManifest(
            initial.architecture,
            initial.config,
            self.dataset.labels,
            activation="sigmoid" if settings.loss.task == "multi-label" else "softmax",
            window_s=max(settings.batches.durations_s),
            licence=settings.licence,
            source=f"trained {base} by `panns train`, {settings.train.n_steps} steps, seed {settings.seed}",
            training_data=f"{len(self.dataset.train)} clips of {Path(settings.data.clips).name}",
        )

    def prepare_supervision(self, manifest: ModelManifest) -> Supervision:
        """Loss, targets and teacher of the training clips."""
        dataset, settings = self.dataset, self.settings
        clips, task = dataset.train.clips, settings.loss.task
        check_labels(dataset.labels, clips, dataset.clips, task=task, settings=settings.data)
        targets = make_targets(clips, dataset.labels, task, has_frames=settings.loss.frames > 0)
        return prepare_supervision(
            settings, dataset.train, targets, manifest, self.out, world=self.world, on_progress=self.on_progress
        )

    def train(self, initial: InitialNetwork, manifest: ModelManifest, supervision: Supervision) -> Network:
        """Train the network, choosing the best step by the validation clips."""
        dataset, settings = self.dataset, self.settings
        validation, test = dataset.validation, dataset.test
        batches = ClipBatches(
            dataset.train,
            supervision.targets,
            initial.config,
            settings.batches,
            settings.seed,
            noise=dataset.noise,
            teacher=supervision.teacher,
            teacher_sees_clean=supervision.teacher_sees_clean,
            world=self.world,
        )

        def validate(network: Network) -> dict[str, float]:
            evaluation = self._evaluate_on(validation, network, manifest)
            name, value = main_measure(evaluation)
            # With few clips the measure soon reaches 1; the likelihood then selects the better step.
            return {name: value, "log_likelihood": -math.inf if evaluation.log_loss is None else -evaluation.log_loss}

        return train(
            initial.network,
            supervision.objective,
            batches,
            settings.train,
            self.out,
            seed=settings.seed,
            trainable=initial.trainable,
            validate=validate if len(validation) else None,
            test=lambda network: dict([main_measure(self._evaluate_on(test, network, manifest))]),
            world=self.world,
            on_progress=self.on_progress,
        )

    def save(self, network: Network, manifest: ModelManifest, model_folder: Path) -> None:
        """Write the checkpoint, rounded to half precision where the settings say so."""
        save_checkpoint(network, manifest, model_folder)
        if self.settings.stored == "float32":
            return
        try:
            round_to_half(network)
        except SettingsError as exc:
            raise SettingsError(f"{exc}; {model_folder} holds the model in float32") from exc
        save_checkpoint(network, manifest, model_folder)

    def evaluate(
        self, network: Network, manifest: ModelManifest, model_folder: Path
    ) -> tuple[ClipEvaluation | None, ClipEvaluation | None]:
        """Evaluate the network on the validation and the test clips, and add the test to its checkpoint."""
        dataset, data = self.dataset, self.settings.data
        validation = self._evaluate_on(dataset.validation, network, manifest) if len(dataset.validation) else None
        if not len(dataset.test):
            return validation, None
        test = self._evaluate_on(dataset.test, network, manifest)
        name, value = main_measure(test)
        if math.isfinite(value):  # the mean over no class is not a number
            metric = Metric(name, value, f"fold {data.test_fold} of {Path(data.clips).name}, not trained on")
            save_checkpoint(network, replace(manifest, metrics=(metric,)), model_folder)
        write_json(self.out / EVALUATION_FILE, test.to_dict())
        return validation, test

    def _evaluate_on(self, audio: ClipAudio, network: Network, manifest: ModelManifest) -> ClipEvaluation:
        model = make_model(manifest, TorchBackend(network, manifest.activation, self.world.device))
        return evaluate_clips(
            model.run, audio, manifest.labels, task=self.settings.loss.task, on_progress=self.on_progress
        )


def main_measure(evaluation: ClipEvaluation) -> tuple[str, float]:
    """Name and value of the measure that chooses a model: accuracy for single labels, else mean average precision."""
    if evaluation.accuracy is not None:
        return "accuracy", evaluation.accuracy
    return "mean_average_precision", evaluation.mean_average_precision.value
