"""Batches of clips: cropped, changed and mixed at random as waveforms, then as the front end of a network makes them.

The batch of a step depends on nothing but the seed and the step, also if several processes share it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
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
from panns.training.engine.batch import Batch
from panns.training.engine.distributed import World
from panns.training.engine.frame_targets import frame_targets, on_grid

Array = npt.NDArray[np.float32]
Teacher: TypeAlias = Callable[[Array], Scores]
"""Waveforms `(batch, samples)`, at the rate of the network that learns, to what a trained model says of them."""

# So that no two kinds of choices come from one seed; those of samplers have keys of their own.
_DURATION, _CLIP = 0xD0, 0xC1


@dataclass(frozen=True)
class MixConfig:
    """How two clips become one.

    Attributes:
        kind: "between_class" weighs two waveforms by how loud they are heard; "mixup" as they are.
        share: How many of the clips are mixed with another.
        alpha: Of the beta distribution that "mixup" draws from; at 1 every ratio is as likely.
        labels: "share" weighs the labels of both by their parts of the mixture; with "union" all that was mixed in
            is there in full, as for sounds of which any number may be heard.
    """

    kind: Literal["none", "mixup", "between_class"] = "none"
    share: float = 1.0
    alpha: float = 1.0
    labels: Literal["share", "union"] = "share"

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or not self.alpha > 0:
            raise ValueError(f"share={self.share} must be 0 to 1, and alpha={self.alpha} above 0")


@dataclass(frozen=True)
class MaskConfig:
    """What is hidden of a log-mel (SpecAugment).

    Attributes:
        share: How many of the clips something is hidden of.
        max_s: The longest stretch of time.
        max_bands: The widest stretch of frequency, as a share of all mel bands.
        n_time_masks: Stretches of time.
        n_mel_masks: Stretches of frequency.
    """

    share: float = 0.0
    max_s: float = 0.5
    max_bands: float = 0.15
    n_time_masks: int = 2
    n_mel_masks: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or not 0 <= self.max_bands <= 1 or self.max_s < 0:
            raise ValueError(
                f"share={self.share} and max_bands={self.max_bands} must be 0 to 1, and max_s={self.max_s} at least 0"
            )


@dataclass(frozen=True)
class BatchConfig:
    """What batches are made of.

    Attributes:
        batch_size: Clips in a batch, of all processes together.
        sampling: "shuffled" takes every clip once an epoch; "balanced" every class as often as the others.
        durations_s: Lengths of clips; one is drawn for every batch, so that a network hears several scales.
        augment: What is changed in each waveform.
        mix: How two become one.
        mask: What is hidden of its log-mel.
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
    """What is heard in the clips of a set.

    Attributes:
        classes: Of every clip.
        n_classes: How many there are.
        events: Of every clip class, onset and offset in seconds of what is known to be heard when. A crop does not
            have a class all of whose events lie outside of it; a class without events is taken to be heard throughout.
            None where no clip has any.
        has_frames: Whether frames are taught by the events.
        teacher_probs: `(clips, classes)`, what a teacher said of every clip; None without.
    """

    classes: Sequence[tuple[int, ...]]
    n_classes: int
    events: Sequence[Sequence[tuple[int, float, float]]] | None = None
    has_frames: bool = False
    teacher_probs: Array | None = None


@dataclass
class _Sound:
    """A clip on its way into a batch."""

    waveform: Array
    clean: Array | None  # the same without what makes it hard to hear; None where nobody asks for it
    targets: Array  # (classes,)
    frames: Array | None  # (frames, classes)
    teacher_probs: Array | None  # (classes,)

    @property
    def for_teacher(self) -> Array:
        return self.waveform if self.clean is None else self.clean

    def mixed(
        self, other: _Sound, waveform: Array, clean: Array | None, share: float, labels: Literal["share", "union"]
    ) -> _Sound:
        def both(mine: Array | None, others: Array | None) -> Array | None:
            if mine is None or others is None:
                return None
            if labels == "union":
                return np.maximum(mine, others)
            return np.float32(share) * mine + np.float32(1 - share) * others

        targets = both(self.targets, other.targets)
        assert targets is not None
        frames, teacher_probs = both(self.frames, other.frames), both(self.teacher_probs, other.teacher_probs)
        return _Sound(waveform, clean, targets, frames, teacher_probs)


class ClipBatches:
    """Makes the batch of any step, for one of the processes that train together; the same one each time.

    Args:
        audio: The clips to learn from.
        targets: What is heard in them.
        model: Config of the network.
        config: What batches are made of.
        seed: Of all choices.
        noise: Recordings of noise, for `config.augment.recorded_noise_share`.
        teacher: Is asked about every batch, as the network will hear it but without what is hidden.
        teacher_hears_clean: Whether the teacher hears it without room, noise, filters, gain and codec too.
        world: Which process this is.

    Attributes:
        sampler: Chooses the clips.
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
        teacher: Teacher | None = None,
        teacher_hears_clean: bool = False,
        world: World | None = None,
    ) -> None:
        self._audio = audio
        self._targets = targets
        self._model = model
        self._config = config
        self._seed = seed
        self._noise = noise
        self._teacher = teacher
        self._needs_clean = teacher is not None and teacher_hears_clean
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
        """The batch of a step, counted from 0."""
        duration_s = float(self._rng(_DURATION, step).choice(self._config.durations_s))
        n_samples = max(round(duration_s * self._audio.sample_rate), self._model.min_input_samples)
        chosen = self.sampler.indices(step)
        mine = range(self._world.rank, len(chosen), self._world.size)
        sounds, inputs = [], []
        for place in mine:
            rng = self._rng(_CLIP, step, place)
            sound = self._sound(int(chosen[place]), n_samples, rng)
            sounds.append(sound)
            inputs.append(self._inputs(sound.waveform, rng))
        frames = [sound.frames for sound in sounds if sound.frames is not None]
        probs = [sound.teacher_probs for sound in sounds if sound.teacher_probs is not None]
        batch = Batch(
            inputs=tuple(torch.from_numpy(np.stack(each)) for each in zip(*inputs, strict=True)),
            targets=torch.from_numpy(np.stack([sound.targets for sound in sounds])),
            frame_targets=torch.from_numpy(np.stack(frames)) if frames else None,
            teacher_probs=torch.from_numpy(np.stack(probs)) if probs else None,
        )
        if self._teacher is None:
            return batch
        return self._taught(batch, np.stack([sound.for_teacher for sound in sounds]))

    def _rng(self, kind: int, *number: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(kind, *number)))

    def _sound(self, clip: int, n_samples: int, rng: np.random.Generator) -> _Sound:
        """A clip, mixed with another one where chance wants it."""
        sound, mix = self._single(clip, n_samples, rng), self._config.mix
        if mix.kind == "none" or rng.random() >= mix.share:
            return sound
        other = self._single(self.sampler.draw(rng), n_samples, rng)
        if mix.kind == "mixup":
            mixture = mixup(sound.waveform, other.waveform, rng, alpha=mix.alpha)
        else:
            mixture = mix_between_classes(sound.waveform, other.waveform, self._audio.sample_rate, rng)
        clean = None
        if sound.clean is not None and other.clean is not None:
            clean = (
                mix_linearly(sound.clean, other.clean, share=mixture.share)
                if mix.kind == "mixup"
                else mix_by_loudness(sound.clean, other.clean, self._audio.sample_rate, share=mixture.share)
            )
        return sound.mixed(other, mixture.waveform, clean, mixture.share, mix.labels)

    def _single(self, clip: int, n_samples: int, rng: np.random.Generator) -> _Sound:
        targets, rate = self._targets, self._audio.sample_rate
        whole = self._audio.waveform(clip)
        onset = draw_onset(whole, n_samples, rng)
        stretch, augment = take_segment(whole, onset, n_samples), self._config.augment
        clean = None
        if self._needs_clean:
            # From the same state of chance, so that it moves in the same way.
            clean = augment_waveform(stretch, augment.time_changes, rate, copy.deepcopy(rng))
        noise = None if self._noise is None else self._random_noise
        waveform = augment_waveform(stretch, augment, rate, rng, noise=noise)
        events = [
            (class_, begin_s - onset / rate, end_s - onset / rate)
            for class_, begin_s, end_s in (targets.events[clip] if targets.events else ())
        ]
        is_there = np.zeros(targets.n_classes, np.float32)
        is_there[list(targets.classes[clip])] = 1.0
        is_there[[class_ for class_, *_ in events]] = 0.0
        is_there[[class_ for class_, begin_s, end_s in events if end_s > 0 and begin_s < n_samples / rate]] = 1.0
        return _Sound(
            waveform,
            clean,
            is_there,
            self._frames(events, n_samples) if targets.has_frames else None,
            None if targets.teacher_probs is None else targets.teacher_probs[clip],
        )

    def _random_noise(self, rng: np.random.Generator) -> Array:
        assert self._noise is not None
        return self._noise.waveform(int(rng.integers(len(self._noise))))

    def _frames(self, events: Sequence[tuple[int, float, float]], n_samples: int) -> Array:
        """What sounds when in a stretch, by its own time."""
        hop_s = self._model.frame_hop_s
        assert hop_s is not None, "times of labels are asked for by a network without frame scores"
        return frame_targets(events, self._model.n_frames(n_samples), hop_s, self._targets.n_classes)

    def _inputs(self, waveform: Array, rng: np.random.Generator) -> tuple[Array, ...]:
        """What the front end makes of a waveform, partly hidden where chance wants it."""
        frontend, hidden = self._model.frontend, self._config.mask
        arrays = tuple(array[0] for array in network_inputs(waveform[None], frontend))
        config = frontend.log_mel
        if config is None or rng.random() >= hidden.share:
            return arrays
        features = mask(
            arrays[-1],
            max_frames=round(hidden.max_s / config.hop_s),
            max_mels=round(hidden.max_bands * config.n_mels),
            n_time_masks=hidden.n_time_masks,
            n_mel_masks=hidden.n_mel_masks,
            rng=rng,
        )
        return (*arrays[:-1], features)

    def _taught(self, batch: Batch, waveforms: Array) -> Batch:
        """The batch with what the teacher says of it."""
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
            frames = torch.from_numpy(on_grid(scores.frame_probs, hop_s, n_frames, self._model.frame_hop_s))
        return replace(
            batch,
            teacher_probs=torch.from_numpy(scores.clip_probs),
            teacher_frames=frames,
            teacher_embedding=None if scores.embedding is None else torch.from_numpy(scores.embedding),
        )
