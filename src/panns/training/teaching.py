"""What a run is taught by: the loss, and a teacher that is asked about every batch, or once about every clip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from panns.checkpoints.manifest import ModelManifest
from panns.data.clips.audio import ClipAudio
from panns.errors import SettingsError
from panns.system.progress import OnProgress
from panns.training.engine.clip_batches import ClipTargets
from panns.training.engine.distributed import World
from panns.training.engine.losses import LossConfig, Objective
from panns.training.run_folder import TEACHER_FILE
from panns.training.settings import RunSettings
from panns.training.teacher import Teacher, cached_probs, load_teacher

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Teaching:
    """What a network learns from beside the clips.

    Attributes:
        objective: The loss.
        targets: What is heard in the clips, with what a cached teacher says of them.
        live: The teacher to ask about every batch; None without.
        hears_clean: Whether that one hears clips without what makes them hard to hear.
    """

    objective: Objective
    targets: ClipTargets
    live: Teacher | None = None
    hears_clean: bool = False


def teaching_of(
    settings: RunSettings,
    heard: ClipAudio,
    targets: ClipTargets,
    manifest: ModelManifest,
    *,
    out: Path,
    world: World,
    on_progress: OnProgress,
) -> Teaching:
    """What settings ask for.

    Args:
        settings: They.
        heard: The clips to learn from.
        targets: What is heard in them.
        manifest: Of the network that learns.
        out: The folder of the run, where answers of a cached teacher are kept.
        world: The processes that train together.
        on_progress: Called while the teacher is asked.

    Raises:
        SettingsError: The teacher cannot tell what the loss asks for.
        UnknownLabel: It does not know a class.
    """
    asked, loss = settings.teacher, settings.loss
    if asked is None or not loss.needs_teacher:
        return Teaching(Objective(loss), targets)
    answers = loss.teacher > 0 or loss.teacher_frames > 0
    teacher = load_teacher(asked, manifest.labels if answers else None, manifest.sample_rate)
    if loss.teacher_frames and not teacher.has_frames:
        raise SettingsError(f"loss.teacher_frames needs a teacher with frame scores, and {asked.name} has none")
    if asked.is_cached:
        if loss.teacher_frames or loss.embedding:
            raise SettingsError(
                "a cached teacher answers for whole clips alone; set loss.teacher_frames and embedding to 0"
            )
        probs = probs_of(teacher, heard, out / TEACHER_FILE, world=world, on_progress=on_progress)
        return Teaching(Objective(loss), replace(targets, teacher_probs=probs))
    objective = _with_embedding(loss, teacher, heard, manifest) if loss.embedding else Objective(loss)
    return Teaching(objective, targets, teacher, asked.hears_clean)


def _with_embedding(loss: LossConfig, teacher: Teacher, heard: ClipAudio, manifest: ModelManifest) -> Objective:
    """The loss with a map between the embeddings of both, those of the teacher standardised from now on."""
    own_dim = manifest.config.embedding_dim
    if own_dim is None or teacher.embedding_dim is None:
        raise SettingsError(
            "loss.embedding needs a network and a teacher with an embedding; set it to 0, or take others"
        )
    teacher.standardise(heard)
    objective = Objective(loss, embedding_dims=(own_dim, len(teacher.mean)))
    if own_dim == len(teacher.mean):  # as of a network that begins as its own teacher
        objective.begin_as_standardisation(torch.from_numpy(teacher.mean), torch.from_numpy(teacher.scale))
    return objective


def probs_of(teacher: Teacher, heard: ClipAudio, path: Path, *, world: World, on_progress: OnProgress) -> Array:
    """What a teacher says of every clip, asked by the first process while the others wait."""
    if not world.is_first:
        world.wait()
        return cached_probs(teacher, heard, path)
    probs = cached_probs(teacher, heard, path, on_progress)
    world.wait()
    return probs
