"""Batches of clips: random crops, augmented and mixed as waveforms, then turned into the inputs of a network.

The batch of a step depends only on the seed and the step, for any number of processes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
import torch

from panns.augment.between_class import mix_between_classes, mix_by_loudness
from panns.augment.chain import AugmentConfig, augment_waveform
from panns.augment.length import draw_onset, take_segment
from panns.augment.masking import mask
from panns.augment.mixup import mix_linearly, mixup
from panns.data.clips.audio import ClipAudio
from panns.data.sampling.sampler import BalancedSampler, Sampler, ShuffledSampler
from panns.frontend import network_inputs
from panns.models.base import ModelConfig
from panns.results import Scores
from panns.system.arrays import Array
from panns.training.engine.batch import Batch
from panns.training.engine.distributed import World
from panns.training.engine.frame_targets import make_frame_targets, resample_frames

TeacherFunction: TypeAlias = Callable[[Array], Scores]
"""Scores waveforms `(batch, samples)`, given at the sample rate of the network in training."""

# Keys of random generators: a separate stream for each kind of choice. Samplers have their own keys.
_DURATION, _CLIP = 0xD0, 0xC1


@dataclass(frozen=True)
class MixConfig:
    """Mixing of two clips into one.

    Attributes:
        kind: "between_class" mixes two waveforms by their perceived loudness (Tokozume et al. 2018, arXiv:1711.10282),
            "mixup" by their samples (Zhang et al. 2018, arXiv:1710.09412), "none" not at all.
        share: Share of the clips that are mixed with another, from 0 to 1.
        alpha: Parameter of the beta distribution of the ratio in "mixup", above 0; 1 makes every ratio equally likely.
        labels: "share" weights the labels of both clips by their part of the mixture, for single labels; "union" keeps
            the labels of both in full, for several labels a clip.
    """

    kind: Literal["none", "mixup", "between_class"] = "none"
    share: float = 1.0
    alpha: float = 1.0
    labels: Literal["share", "union"] = "share"

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or not self.alpha > 0:
            raise ValueError(f"share={self.share} must be from 0 to 1, and alpha={self.alpha} above 0")


@dataclass(frozen=True)
class MaskConfig:
    """Masks on the log-mel spectrogram (SpecAugment, Park et al. 2019, arXiv:1904.08779).

    Attributes:
        share: Share of the clips that are masked, from 0 to 1.
        max_s: Maximum length of a time mask, in seconds.
        max_bands: Maximum width of a frequency mask, as a share of all mel bands, from 0 to 1.
        n_time_masks: Number of time masks.
        n_mel_masks: Number of frequency masks.
    """

    share: float = 0.0
    max_s: float = 0.5
    max_bands: float = 0.15
    n_time_masks: int = 2
    n_mel_masks: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or not 0 <= self.max_bands <= 1 or self.max_s < 0:
            raise ValueError(
                f"share={self.share} and max_bands={self.max_bands} must be from 0 to 1, "
                f"and max_s={self.max_s} at least 0"
            )


@dataclass(frozen=True)
class BatchConfig:
    """Size, sampling and augmentation of batches.

    Attributes:
        batch_size: Number of clips in a batch, over all processes.
        sampling: "shuffled" draws every clip once an epoch; "balanced" draws every class equally often, for data in
            which some classes are rare.
        durations_s: Lengths of crops, in seconds; each batch draws one of them.
        augment: Augmentation of each waveform.
        mix: Mixing of two clips into one.
        mask: Masks on the log-mel spectrogram.
    """

    batch_size: int = 32
    sampling: Literal["shuffled", "balanced"] = "shuffled"
    durations_s: tuple[float, ...] = (10.0,)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    mix: MixConfig = field(default_factory=MixConfig)
    mask: MaskConfig = field(default_factory=MaskConfig)

    def __post_init__(self) -> None:
        if self.batch_size < 1 or not self.durations_s or min(self.durations_s) <= 0:
            raise ValueError(
                f"batch_size={self.batch_size} must be at least 1, and durations_s={self.durations_s} positive"
            )


@dataclass(frozen=True)
class ClipTargets:
    """Targets of the clips of a data set.

    Attributes:
        classes: Indices of the classes of each clip.
        n_classes: Number of classes.
        events: Class, onset and offset in seconds of the events of each clip; None if no clip has any. A crop loses a
            class if all events of that class lie outside of it. A class without events counts for the whole clip.
        has_frames: True to make frame targets from the events.
        teacher_probs: A teacher's scores of each clip, `(clips, classes)`; None without.
    """

    classes: Sequence[tuple[int, ...]]
    n_classes: int
    events: Sequence[Sequence[tuple[int, float, float]]] | None = None
    has_frames: bool = False
    teacher_probs: Array | None = None


@dataclass
class _Example:
    """One clip of a batch, before it becomes inputs of the network."""

    waveform: Array
    clean: Array | None  # the waveform without room, noise, filters, gain and codec; None where no teacher needs it
    targets: Array  # (classes,)
    frames: Array | None  # (frames, classes)
    teacher_probs: Array | None  # (classes,)

    @property
    def for_teacher(self) -> Array:
        """The waveform that a teacher scores."""
        return self.waveform if self.clean is None else self.clean

    def mix_with(
        self, other: _Example, waveform: Array, clean: Array | None, share: float, labels: Literal["share", "union"]
    ) -> _Example:
        def mix_targets(mine: Array | None, others: Array | None) -> Array | None:
            if mine is None or others is None:
                return None
            if labels == "union":
                return np.maximum(mine, others)
            return np.float32(share) * mine + np.float32(1 - share) * others

        targets = mix_targets(self.targets, other.targets)
        assert targets is not None
        frames, teacher_probs = (
            mix_targets(self.frames, other.frames),
            mix_targets(self.teacher_probs, other.teacher_probs),
        )
        return _Example(waveform, clean, targets, frames, teacher_probs)


class ClipBatches:
    """Makes the batch of a step for one process; equal steps give equal batches.

    Args:
        audio: The training clips.
        targets: Targets of the clips.
        model: Config of the network.
        config: Size, sampling and augmentation.
        seed: Random seed.
        noise: Recordings of noise, for `config.augment.recorded_noise_share`.
        teacher: Scores the waveforms of every batch, before masks.
        teacher_sees_clean: True to give the teacher waveforms without room, noise, filters, gain and codec.
        world: This process and the others.

    Attributes:
        sampler: Draws the clips.

    Raises:
        ValueError: The processes cannot share a batch evenly.
    """

    def __init__(
        self,
        audio: ClipAudio,
        targets: ClipTargets,
        model: ModelConfig,
        config: BatchConfig,
        seed: int,
        *,
        noise: ClipAudio | None = None,
        teacher: TeacherFunction | None = None,
        teacher_sees_clean: bool = False,
        world: World | None = None,
    ) -> None:
        self._audio = audio
        self._targets = targets
        self._model = model
        self._config = config
        self._seed = seed
        self._noise = noise
        self._teacher = teacher
        self._needs_clean = teacher is not None and teacher_sees_clean
        self._world = world or World()
        if config.batch_size % self._world.size:
            raise ValueError(
                f"batch_size={config.batch_size} cannot be shared evenly by {self._world.size} processes; "
                "use a multiple of their number"
            )
        self.sampler: Sampler = (
            ShuffledSampler(len(audio), config.batch_size, seed)
            if config.sampling == "shuffled"
            else BalancedSampler(targets.classes, config.batch_size, seed)
        )

    def __call__(self, step: int) -> Batch:
        """Make the batch of a step, counted from 0."""
        duration_s = float(self._rng(_DURATION, step).choice(self._config.durations_s))
        n_samples = max(round(duration_s * self._audio.sample_rate), self._model.min_input_samples)
        indices = self.sampler.indices(step)
        own_places = range(self._world.rank, len(indices), self._world.size)
        examples, inputs = [], []
        for place in own_places:
            rng = self._rng(_CLIP, step, place)
            example = self._make_example(int(indices[place]), n_samples, rng)
            examples.append(example)
            inputs.append(self._make_inputs(example.waveform, rng))
        frames = [one.frames for one in examples if one.frames is not None]
        probs = [one.teacher_probs for one in examples if one.teacher_probs is not None]
        batch = Batch(
            inputs=tuple(torch.from_numpy(np.stack(each)) for each in zip(*inputs, strict=True)),
            targets=torch.from_numpy(np.stack([one.targets for one in examples])),
            frame_targets=torch.from_numpy(np.stack(frames)) if frames else None,
            teacher_probs=torch.from_numpy(np.stack(probs)) if probs else None,
        )
        if self._teacher is None:
            return batch
        return self._add_teacher(batch, np.stack([one.for_teacher for one in examples]))

    def _rng(self, kind: int, *number: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(kind, *number)))

    def _make_example(self, clip: int, n_samples: int, rng: np.random.Generator) -> _Example:
        """Augment a clip, and mix it with another one at random."""
        example, mix = self._augment_clip(clip, n_samples, rng), self._config.mix
        if mix.kind == "none" or rng.random() >= mix.share:
            return example
        other = self._augment_clip(self.sampler.draw(rng), n_samples, rng)
        if mix.kind == "mixup":
            mixture = mixup(example.waveform, other.waveform, rng, alpha=mix.alpha)
        else:
            mixture = mix_between_classes(example.waveform, other.waveform, self._audio.sample_rate, rng)
        clean = None
        if example.clean is not None and other.clean is not None:
            clean = (
                mix_linearly(example.clean, other.clean, share=mixture.share)
                if mix.kind == "mixup"
                else mix_by_loudness(example.clean, other.clean, self._audio.sample_rate, share=mixture.share)
            )
        return example.mix_with(other, mixture.waveform, clean, mixture.share, mix.labels)

    def _augment_clip(self, clip: int, n_samples: int, rng: np.random.Generator) -> _Example:
        """Crop a clip, change it at random, and make its targets."""
        targets, rate = self._targets, self._audio.sample_rate
        whole = self._audio.waveform(clip)
        onset = draw_onset(whole, n_samples, rng)
        crop, augment = take_segment(whole, onset, n_samples), self._config.augment
        clean = None
        if self._needs_clean:
            # With a copy of the generator, so that speed and shift are the same.
            clean = augment_waveform(crop, augment.time_changes, rate, copy.deepcopy(rng))
        noise = None if self._noise is None else self._random_noise
        waveform = augment_waveform(crop, augment, rate, rng, noise=noise)
        events = [
            (class_, onset_s - onset / rate, offset_s - onset / rate)
            for class_, onset_s, offset_s in (targets.events[clip] if targets.events else ())
        ]
        clip_targets = np.zeros(targets.n_classes, np.float32)
        clip_targets[list(targets.classes[clip])] = 1.0
        clip_targets[[class_ for class_, *_ in events]] = 0.0
        inside = [class_ for class_, onset_s, offset_s in events if offset_s > 0 and onset_s < n_samples / rate]
        clip_targets[inside] = 1.0
        return _Example(
            waveform,
            clean,
            clip_targets,
            self._make_frames(events, n_samples) if targets.has_frames else None,
            None if targets.teacher_probs is None else targets.teacher_probs[clip],
        )

    def _random_noise(self, rng: np.random.Generator) -> Array:
        """Draw a recording of noise."""
        assert self._noise is not None
        return self._noise.waveform(int(rng.integers(len(self._noise))))

    def _make_frames(self, events: Sequence[tuple[int, float, float]], n_samples: int) -> Array:
        """Frame targets of a crop."""
        hop_s = self._model.frame_hop_s
        assert hop_s is not None, "frame targets need a network with frame scores"
        return make_frame_targets(events, self._model.n_frames(n_samples), hop_s, self._targets.n_classes)

    def _make_inputs(self, waveform: Array, rng: np.random.Generator) -> tuple[Array, ...]:
        """Inputs of the network, with the log-mel masked at random."""
        frontend, settings = self._model.frontend, self._config.mask
        arrays = tuple(array[0] for array in network_inputs(waveform[None], frontend))
        config = frontend.log_mel
        if config is None or rng.random() >= settings.share:
            return arrays
        features = mask(
            arrays[-1],
            max_frames=round(settings.max_s / config.hop_s),
            max_mels=round(settings.max_bands * config.n_mels),
            n_time_masks=settings.n_time_masks,
            n_mel_masks=settings.n_mel_masks,
            rng=rng,
        )
        return (*arrays[:-1], features)

    def _add_teacher(self, batch: Batch, waveforms: Array) -> Batch:
        """Add the teacher's scores and embedding to a batch."""
        assert self._teacher is not None
        scores = self._teacher(waveforms)
        frames = None
        if scores.frame_probs is not None and self._model.frame_hop_s is not None:
            assert scores.frame_onsets_s is not None
            onsets_s = scores.frame_onsets_s[0]
            hop_s = (
                float(onsets_s[1] - onsets_s[0]) if len(onsets_s) > 1 else waveforms.shape[1] / self._audio.sample_rate
            )
            n_frames = self._model.n_frames(waveforms.shape[1])
            frames = torch.from_numpy(resample_frames(scores.frame_probs, hop_s, n_frames, self._model.frame_hop_s))
        return replace(
            batch,
            teacher_probs=torch.from_numpy(scores.clip_probs),
            teacher_frames=frames,
            teacher_embedding=None if scores.embedding is None else torch.from_numpy(scores.embedding),
        )
