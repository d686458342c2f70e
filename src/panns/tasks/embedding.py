"""A sound as a vector: what a model knows of it beside its classes."""

from __future__ import annotations

from panns.audio import Sound
from panns.results import Embedding
from panns.runtime.model import Model
from panns.runtime.pooling import WindowPool
from panns.system.progress import OnProgress, Progress, ignore_progress


def embed(model: Model, stream: Sound, *, on_progress: OnProgress = ignore_progress) -> Embedding:
    """The embedding of a sound of any length, in memory that does not grow with it.

    Args:
        model: The model.
        stream: The sound, at the model's rate.
        on_progress: Called after every window with the seconds heard and those declared by the source, if it says so.

    Raises:
        ValueError: The model has no embedding.
    """
    manifest = model.manifest
    if manifest.config.embedding_dim is None:
        raise ValueError(f"{manifest.architecture} has no embedding; use a model that has one (`panns models list`)")
    pool = WindowPool(manifest, keeps_frames=False)
    for window, scores in model.score_windows(model.windows(stream)):
        pool.add(window, scores)
        on_progress(Progress(stream.duration_s, stream.declared_duration_s, "seconds of sound"))
    embedding = pool.result().embedding
    assert embedding is not None
    return Embedding(
        file=stream.name,
        duration_s=stream.duration_s,
        model=manifest.architecture,
        vector=embedding[0],
        warnings=stream.warnings,
    )
