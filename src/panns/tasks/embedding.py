"""Embedding: a sound as a vector."""

from __future__ import annotations

from panns.audio import Sound
from panns.results import Embedding
from panns.runtime.model import Model
from panns.runtime.pooling import WindowPool
from panns.system.progress import OnProgress, Progress, ignore_progress


def embed(model: Model, sound: Sound, *, on_progress: OnProgress = ignore_progress) -> Embedding:
    """Embed a sound of any length; memory does not grow with its length.

    Args:
        model: The model.
        sound: The sound, at the model's rate.
        on_progress: Called after every window.

    Raises:
        ValueError: The model has no embedding.
    """
    manifest = model.manifest
    if manifest.config.embedding_dim is None:
        raise ValueError(f"{manifest.architecture} has no embedding; use a model that has one (`panns models list`)")
    pool = WindowPool(manifest, keeps_frames=False)
    for window, scores in model.score_windows(model.windows(sound)):
        pool.add(window, scores)
        on_progress(Progress(sound.duration_s, sound.declared_duration_s, "seconds of sound"))
    embedding = pool.result().embedding
    assert embedding is not None
    return Embedding(
        file=sound.name,
        duration_s=sound.duration_s,
        model=manifest.architecture,
        vector=embedding[0],
        warnings=sound.warnings,
        stated_times=sound.stated_times,
    )
