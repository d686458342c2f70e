"""The supervision of a run: loss, targets, and a teacher that scores every batch, or every clip once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from panns.checkpoints.manifest import ModelManifest
from panns.data.clips.audio import ClipAudio
from panns.errors import SettingsError
from panns.system.progress import OnProgress, ignore_progress
from panns.training.engine.clip_batches import ClipTargets
from panns.training.engine.distributed import World
from panns.training.engine.losses import LossConfig, Objective
from panns.training.run_folder import TEACHER_FILE
from panns.training.settings import RunSettings
from panns.training.teacher import Teacher, load_teacher, score_clips_once


@dataclass(frozen=True, eq=False)
class Supervision:
    """Targets, loss and teacher of a run: all that a network learns from beside the audio.

    Attributes:
        objective: The loss.
        targets: Targets of the clips; a cached teacher's scores are part of them.
        teacher: The teacher that scores every batch; None without.
        teacher_sees_clean: True if that teacher gets clips without room, noise, filters, gain and codec.
    """

    objective: Objective
    targets: ClipTargets
    teacher: Teacher | None = None
    teacher_sees_clean: bool = False


def prepare_supervision(
    settings: RunSettings,
    audio: ClipAudio,
    targets: ClipTargets,
    manifest: ModelManifest,
    folder: Path,
    *,
    world: World | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Supervision:
    """Prepare the loss and the teacher that settings name.

    Args:
        settings: Settings of the run.
        audio: The training clips.
        targets: Their targets, from labels and events.
        manifest: Manifest of the network in training.
        folder: The folder of the run, for the scores of a cached teacher.
        world: The processes that train.
        on_progress: Called while a cached teacher scores the clips.

    Raises:
        SettingsError: The loss has a term that the teacher cannot serve.
        UnknownLabel: The teacher lacks a class.
    """
    loss, chosen = settings.loss, settings.teacher
    if chosen is None or not loss.needs_teacher:
        return Supervision(Objective(loss), targets)
    needs_scores = loss.teacher > 0 or loss.teacher_frames > 0
    teacher = load_teacher(chosen, manifest.labels if needs_scores else None, manifest.sample_rate)
    if loss.teacher_frames and not teacher.has_frames:
        raise SettingsError(
            f"loss.teacher_frames={loss.teacher_frames} needs frame scores, and the teacher {chosen.name} has none; "
            "use another teacher, or set it to 0"
        )
    if chosen.is_cached:
        if loss.teacher_frames or loss.embedding:
            raise SettingsError(
                "a cached teacher has clip scores only; set loss.teacher_frames=0 and loss.embedding=0, or "
                "teacher.is_cached=false"
            )
        with (world or World()).first_process_first():
            probs = score_clips_once(teacher, audio, folder / TEACHER_FILE, on_progress)
        return Supervision(Objective(loss), replace(targets, teacher_probs=probs))
    objective = _with_embedding(loss, teacher, audio, manifest) if loss.embedding else Objective(loss)
    return Supervision(objective, targets, teacher, chosen.sees_clean)


def _with_embedding(loss: LossConfig, teacher: Teacher, audio: ClipAudio, manifest: ModelManifest) -> Objective:
    """The loss with a map from the network's embedding to the teacher's, which is standardised from now on."""
    own_dim = manifest.config.embedding_dim
    if own_dim is None or teacher.embedding_dim is None:
        raise SettingsError(
            f"loss.embedding={loss.embedding} needs a network and a teacher with an embedding; set it to 0, or use "
            "other models"
        )
    teacher.standardise(audio)
    objective = Objective(loss, embedding_dims=(own_dim, len(teacher.mean)))
    if own_dim == len(teacher.mean):  # as for a network that starts as a copy of its teacher
        objective.initialise_as_standardisation(torch.from_numpy(teacher.mean), torch.from_numpy(teacher.scale))
    return objective
