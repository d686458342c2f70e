"""One run of `panns train`: from settings to a checkpoint, and what it is worth on clips it never heard.

OUT/settings.json     what was asked for
OUT/check.json        what was found wrong with the clips
OUT/clips.json        which clips were in which part
OUT/state.pt          the run so far; OUT/metrics.jsonl and OUT/tensorboard/, how it went
OUT/model/            the checkpoint
OUT/evaluation.json   the test, where there is a test fold
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

from panns.checkpoints.checkpoint import Checkpoint, open_checkpoint
from panns.checkpoints.manifest import Metric, ModelManifest
from panns.data.clips.audio import ClipAudio
from panns.data.clips.subset import AudioSubset
from panns.data.sampling.groups import DuplicateGroups
from panns.errors import SettingsError
from panns.evaluation import ClipEvaluation, evaluate_clips
from panns.labels import LabelSet, audioset
from panns.networks.contract import Network
from panns.networks.saving import round_to_half, save_checkpoint
from panns.runtime.load import make_model
from panns.runtime.torch_backend import TorchBackend
from panns.system.files import replacing
from panns.system.progress import OnProgress, Progress, ignore_progress
from panns.training.base_model import base_of, check_head
from panns.training.dataset import Parts, audio_at, check_learnable, clips_at, label_set, parts_of, targets_of
from panns.training.engine.clip_batches import ClipBatches, ClipTargets
from panns.training.engine.distributed import World
from panns.training.engine.loop import train
from panns.training.engine.transfer import Start, from_nothing, from_trained
from panns.training.noise_recordings import noise_of
from panns.training.preflight import checked
from panns.training.run_folder import EVALUATION_FILE, MODEL_FOLDER, check_folder, note_clips, note_settings
from panns.training.settings import RunSettings
from panns.training.teaching import teaching_of


@dataclass(frozen=True)
class Trained:
    """What a run has made.

    Attributes:
        checkpoint: The model.
        parts: Which clips were learned from, validated and tested with.
        duplicates: Groups of clips that hold the same sound; they are on one side of every split.
        validation: How good the model is on the validation clips; None without any.
        test: The same on the test fold.
    """

    checkpoint: Checkpoint
    parts: Parts
    duplicates: DuplicateGroups
    validation: ClipEvaluation | None
    test: ClipEvaluation | None


def run(
    settings: RunSettings,
    out: Path,
    *,
    model_folder: Path | None = None,
    duplicates: DuplicateGroups | None = None,
    world: World | None = None,
    is_resumed: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> Trained:
    """Train a model, test it and write its checkpoint.

    Args:
        settings: What is asked for.
        out: Where everything is kept; made if need be.
        model_folder: Where the checkpoint goes; None for `out`/model.
        duplicates: Groups of clips that are of one recording although their sources do not say so; None to read the
            clips and find them.
        world: This process among those that train together, and its device (`joined_world`); None for one on the CPU.
        is_resumed: Whether to go on with what `out` holds.
        on_progress: Called while things take their time.

    Raises:
        DataError: The clips are not what the settings ask for, or cannot be learned from.
        SettingsError: `out` holds a run already, or one with other settings or other clips; the settings contradict
            each other or the model.
    """
    world = world or World()
    check_folder(settings, out, is_resumed=is_resumed)
    _check_shares(settings, world)
    if settings.train.test_steps and not settings.data.test_fold:
        raise SettingsError(
            f"train.test_steps={settings.train.test_steps} needs a test fold; set data.test_fold, or test_steps=0"
        )
    settings.batches.augment.check_installed()
    one = _Run(settings, out, world, on_progress, is_resumed=is_resumed)
    return one.finish(model_folder or out / MODEL_FOLDER, duplicates)


def _check_shares(settings: RunSettings, world: World) -> None:
    """Refuse batches that leave a process, or a part of its share, with less than two clips."""
    size, n_parts = settings.batches.batch_size, settings.train.n_parts
    if size % world.size or size < 2 * world.size * n_parts:
        raise SettingsError(
            f"batches.batch_size={size} cannot be shared by {world.size} processes in {n_parts} parts each; "
            f"use a multiple of {world.size}, of two clips a part or more"
        )


class _Run:
    def __init__(
        self, settings: RunSettings, out: Path, world: World, on_progress: OnProgress, *, is_resumed: bool
    ) -> None:
        self.settings = settings
        self.out = out
        self.world = world
        self.on_progress = on_progress
        self.is_resumed = is_resumed
        out.mkdir(parents=True, exist_ok=True)
        if world.is_first:
            note_settings(settings, out)

    def finish(self, model_folder: Path, duplicates: DuplicateGroups | None) -> Trained:
        """Everything, from the clips to the checkpoint."""
        settings, data = self.settings, self.settings.data
        path, world = Path(data.clips), self.world
        architecture, config, learned = base_of(settings.model)
        if learned is not None:
            check_head(settings.model, architecture, config)
        rate = config.frontend.sample_rate
        if duplicates is None:
            duplicates = self._checked(path, rate)
        audio = audio_at(path, rate, decoded=data.decoded, world=world, on_progress=self.on_progress)
        labels = label_set(audio.clips, data, path.stem or path.name)
        parts = parts_of(audio.clips, data, settings.seed, duplicates=duplicates)
        heard, judged, tested = (AudioSubset(audio, part) for part in (parts.train, parts.validation, parts.test))
        noise = noise_of(data, parts, sample_rate=rate, world=world, on_progress=self.on_progress)
        note_clips(audio, parts, labels=labels, noise=noise, source=data.clips, out=self.out, world=world)
        check_learnable(labels, heard.clips, audio.clips, settings)
        targets = targets_of(heard.clips, labels, settings.loss.task, has_times=settings.loss.frames > 0)
        start = (
            from_nothing(architecture, config, len(labels), seed=settings.seed)
            if learned is None
            else from_trained(architecture, learned, len(labels), settings.model.transfer, seed=settings.seed)
        )
        if settings.loss.needs_frames and start.config.frame_hop_s is None:
            raise SettingsError(f"the loss asks for frame scores, and {start.architecture} has none; use another model")
        manifest = self._manifest(start, labels, heard)
        trained = self._train(start, heard, targets, manifest, judged, tested, noise)
        validation = test = None
        if world.is_first:
            save_checkpoint(trained, manifest, model_folder)  # before anything may go wrong in what follows
            if settings.stored == "float16":
                self._round(trained, model_folder)
                save_checkpoint(trained, manifest, model_folder)
            validation = self._evaluate(trained, manifest, judged) if len(judged) else None
            test = self._tested(trained, manifest, tested, model_folder) if len(tested) else None
        world.wait()
        return Trained(open_checkpoint(model_folder), parts, duplicates, validation, test)

    def _round(self, trained: Network, model_folder: Path) -> None:
        try:
            round_to_half(trained)
        except SettingsError as exc:
            raise SettingsError(f"{exc}; {model_folder} has it so") from exc

    def _tested(
        self, trained: Network, manifest: ModelManifest, tested: ClipAudio, model_folder: Path
    ) -> ClipEvaluation:
        """How good a network is on the test fold, which its checkpoint then says."""
        test = self._evaluate(trained, manifest, tested)
        data = self.settings.data
        metric = Metric(*quality_of(test), f"fold {data.test_fold} of {Path(data.clips).name}, not learned from")
        save_checkpoint(trained, replace(manifest, metrics=(metric,)), model_folder)
        with replacing(self.out / EVALUATION_FILE) as partial:
            partial.write_text(json.dumps(test.to_dict(), indent=1) + "\n", encoding="utf-8")
        return test

    def _checked(self, path: Path, sample_rate: int) -> DuplicateGroups:
        """Groups of clips that hold the same sound, found by the first process while the others wait."""
        data = self.settings.data
        if not data.check:
            return ()
        groups: DuplicateGroups = ()
        if self.world.is_first:
            groups = checked(
                path,
                clips_at(path),
                self.out,
                labels=audioset() if data.labels == "audioset" else None,
                sample_rate=sample_rate,
                is_resumed=self.is_resumed,
                on_progress=self.on_progress,
            )
        return self.world.of_first(groups)

    def _train(
        self,
        start: Start,
        heard: ClipAudio,
        targets: ClipTargets,
        manifest: ModelManifest,
        judged: ClipAudio,
        tested: ClipAudio,
        noise: ClipAudio | None,
    ) -> Network:
        settings = self.settings
        teaching = teaching_of(
            settings, heard, targets, manifest, out=self.out, world=self.world, on_progress=self.on_progress
        )
        batches = ClipBatches(
            heard,
            teaching.targets,
            start.config,
            settings.batches,
            settings.seed,
            noise=noise,
            teacher=teaching.live,
            teacher_hears_clean=teaching.hears_clean,
            world=self.world,
        )

        def validate(network: Network) -> dict[str, float]:
            evaluation = self._evaluate(network, manifest, judged)
            name, value = quality_of(evaluation)
            # Few clips are soon all right; then the surer one is the better one.
            return {name: value, "log_likelihood": -math.inf if evaluation.log_loss is None else -evaluation.log_loss}

        return train(
            start.network,
            teaching.objective,
            batches,
            settings.train,
            self.out,
            seed=settings.seed,
            learners=start.learners,
            validate=validate if len(judged) else None,
            test=lambda network: dict([quality_of(self._evaluate(network, manifest, tested))]),
            world=self.world,
            on_step=lambda done, total, _: self.on_progress(Progress(done, total, "steps", "training")),
        )

    def _evaluate(self, network: Network, manifest: ModelManifest, audio: ClipAudio) -> ClipEvaluation:
        model = make_model(manifest, TorchBackend(network, manifest.activation, self.world.device))
        return evaluate_clips(
            model.run,
            audio,
            manifest.labels,
            task=self.settings.loss.task,
            on_progress=self.on_progress,
        )

    def _manifest(self, start: Start, labels: LabelSet, heard: ClipAudio) -> ModelManifest:
        """What is known of the model before it is trained."""
        settings = self.settings
        base = f"from {settings.model.name}" if settings.model.start == "trained" else "from nothing"
        return ModelManifest(
            start.architecture,
            start.config,
            labels,
            activation="sigmoid" if settings.loss.task == "multi-label" else "softmax",
            window_s=max(settings.batches.durations_s),
            licence=settings.licence,
            source=f"trained {base} by `panns train`, {settings.train.n_steps} steps, seed {settings.seed}",
            training_data=f"{len(heard)} clips of {Path(settings.data.clips).name}",
        )


def quality_of(evaluation: ClipEvaluation) -> tuple[str, float]:
    """Name and value of what a model is chosen by: accuracy where a clip has one label, else mean average precision."""
    if evaluation.accuracy is not None:
        return "accuracy", evaluation.accuracy
    return "mean_average_precision", evaluation.mean_average_precision.value
