"""The loss: a weighted sum of terms, each of them a setting."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.evaluation import Task
from panns.networks.contract import NetworkOutput
from panns.training.engine.batch import Batch


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms of the loss; a term of weight 0 is not computed.

    Attributes:
        task: "multi-label" for any number of classes a clip (sigmoid), "single-label" for exactly one (softmax).
        clip: Weight of the cross-entropy between clip scores and labels; a multi-label loss is summed over classes.
        label_smoothing: Share of a single label that is spread over all classes, at least 0 and below 1 (Szegedy et al.
            2016, arXiv:1512.00567).
        best_frames: Weight of the cross-entropy between the highest frame score of each class and the clip's labels.
            It makes single frames responsible for a class without any times of events.
        frames: Weight of the cross-entropy between frame scores and events, summed over classes, averaged over frames.
        categories: Weight of the cross-entropy between categories; a category scores the log-sum-exp of its classes.
        frame_categories: Weight of the cross-entropy between categories in every frame in which one sounds.
        teacher: Weight of the cross-entropy between clip scores and a teacher's (Hinton et al. 2015, arXiv:1503.02531).
        teacher_frames: Weight of the cross-entropy between frame scores and a teacher's.
        embedding: Weight of the squared distance between a teacher's embedding and a learned linear map of the
            network's. With equal widths the map starts as the standardisation of the teacher's embedding.
        temperature: Divisor of the logits in `teacher` for a single label, above 0; the term is multiplied by its
            square.
    """

    task: Task = "multi-label"
    clip: float = 1.0
    label_smoothing: float = 0.0
    best_frames: float = 0.0
    frames: float = 0.0
    categories: float = 0.0
    frame_categories: float = 0.0
    teacher: float = 0.0
    teacher_frames: float = 0.0
    embedding: float = 0.0
    temperature: float = 1.0

    def __post_init__(self) -> None:
        weights = (
            self.clip, self.best_frames, self.frames, self.categories, self.frame_categories,
            self.teacher, self.teacher_frames, self.embedding,
        )  # fmt: skip
        if min(weights) < 0 or max(weights) == 0:
            raise ValueError(f"the weights of the terms are {weights}; use 0 or more for each, and more than 0 for one")
        if not 0 <= self.label_smoothing < 1 or not self.temperature > 0:
            raise ValueError(
                f"label_smoothing={self.label_smoothing} must be at least 0 and below 1, "
                f"and temperature={self.temperature} above 0"
            )
        if self.label_smoothing and self.task == "multi-label":
            raise ValueError(f"label_smoothing={self.label_smoothing} works with task='single-label' only; use 0")

    @property
    def needs_frames(self) -> bool:
        """True if the network must have frame scores."""
        return max(self.best_frames, self.frames, self.frame_categories, self.teacher_frames) > 0

    @property
    def needs_teacher(self) -> bool:
        """True if a teacher is needed."""
        return max(self.teacher, self.teacher_frames, self.embedding) > 0


class Objective(nn.Module):
    """The weighted terms of the loss of a batch. Its map to the teacher's embedding is trained, and dropped afterwards.

    Args:
        config: Weights of the terms.
        category_classes: `(categories, classes)`, true where a class belongs to a category; None without these terms.
        embedding_dims: Widths of the network's embedding and of the teacher's; None without that term.
    """

    category_classes: Tensor | None

    def __init__(
        self,
        config: LossConfig,
        *,
        category_classes: Tensor | None = None,
        embedding_dims: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("category_classes", category_classes, persistent=False)
        self.to_teacher = None if embedding_dims is None else nn.Linear(*embedding_dims)

    def initialise_as_standardisation(self, mean: Tensor, scale: Tensor) -> None:
        """Initialise the map to the teacher's embedding as the standardisation of that embedding.

        A network that starts as a copy of its teacher then starts with a loss of 0, not with that of a random map.

        Args:
            mean: `(dim,)`, mean of the teacher's embedding.
            scale: `(dim,)`, deviation of the teacher's embedding.

        Raises:
            ValueError: The embeddings of network and teacher are not equally wide.
        """
        assert self.to_teacher is not None, "the map exists only with the term embedding"
        if self.to_teacher.in_features != self.to_teacher.out_features:
            raise ValueError(f"the embeddings of network and teacher have different widths: {self.to_teacher}")
        with torch.no_grad():
            self.to_teacher.weight.copy_(torch.diag(1 / scale))
            self.to_teacher.bias.copy_(-mean / scale)

    def forward(self, output: NetworkOutput, batch: Batch) -> dict[str, Tensor]:
        """Terms by name, as scalars; the loss is their sum."""
        config = self.config
        clip_logits = output.clip_logits.float()
        terms = {}
        if config.clip:
            terms["clip"] = config.clip * self._cross_entropy(clip_logits, self._smoothed(batch.targets))
        if config.categories:
            assert batch.categories is not None, "the batch lacks categories"
            assert self.category_classes is not None, "category_classes is missing"
            terms["categories"] = config.categories * category_loss(
                clip_logits, batch.categories, self.category_classes
            )
        if config.teacher:
            assert batch.teacher_probs is not None, "the batch lacks a teacher's scores"
            terms["teacher"] = config.teacher * self._teacher_loss(clip_logits, batch.teacher_probs)
        if config.needs_frames:
            assert output.frame_logits is not None, "the network lacks frame scores"
            terms |= self._frame_terms(output.frame_logits.float(), batch)
        if config.embedding:
            assert output.embedding is not None, "the network lacks an embedding"
            assert batch.teacher_embedding is not None, "the batch lacks a teacher's embedding"
            assert self.to_teacher is not None, "embedding_dims is missing"
            guess = self.to_teacher(output.embedding.float())
            terms["embedding"] = config.embedding * functional.mse_loss(guess, batch.teacher_embedding)
        return terms

    def _frame_terms(self, logits: Tensor, batch: Batch) -> dict[str, Tensor]:
        config, terms = self.config, {}
        if config.best_frames:
            terms["best_frames"] = config.best_frames * self._cross_entropy(logits.amax(dim=1), batch.targets)
        for name, targets in (("frames", batch.frame_targets), ("teacher_frames", batch.teacher_frames)):
            if weight := getattr(config, name):
                assert targets is not None, f"the batch lacks targets for {name}"
                terms[name] = weight * self._cross_entropy(_select_frames(logits, targets), targets.flatten(0, 1))
        if config.frame_categories:
            assert batch.frame_categories is not None, "the batch lacks categories of frames"
            assert self.category_classes is not None, "category_classes is missing"
            terms["frame_categories"] = config.frame_categories * category_loss(
                _select_frames(logits, batch.frame_categories),
                batch.frame_categories.flatten(0, 1),
                self.category_classes,
            )
        return terms

    def _cross_entropy(self, logits: Tensor, targets: Tensor) -> Tensor:
        loss = multi_label_loss if self.config.task == "multi-label" else single_label_loss
        return loss(logits, targets)

    def _teacher_loss(self, logits: Tensor, probs: Tensor) -> Tensor:
        temperature = self.config.temperature
        if self.config.task == "multi-label":
            return multi_label_loss(logits, probs)
        # Normalises the scores of a multi-label teacher, such as one for AudioSet, to a sum of 1.
        softened = (probs.clamp(min=1e-8).log() / temperature).softmax(dim=-1)
        return temperature**2 * single_label_loss(logits / temperature, softened)

    def _smoothed(self, targets: Tensor) -> Tensor:
        smoothing = self.config.label_smoothing
        return targets * (1 - smoothing) + smoothing / targets.shape[-1] if smoothing else targets


def _select_frames(logits: Tensor, targets: Tensor) -> Tensor:
    """The frames that have targets, `(batch * targets, classes)`: all, or the last of every `stride`."""
    stride = logits.shape[1] // targets.shape[1]
    return logits[:, stride - 1 :: stride].flatten(0, 1)


def multi_label_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy `(batch, classes)`, summed over classes and averaged over the batch."""
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / len(targets)


def single_label_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of a softmax with probabilities `(batch, classes)`, averaged over the batch."""
    return functional.cross_entropy(logits, targets)


def category_loss(logits: Tensor, categories: Tensor, category_classes: Tensor) -> Tensor:
    """Cross-entropy of a softmax over categories, each scoring as the log-sum-exp of its classes' logits.

    Args:
        logits: `(batch, classes)`.
        categories: `(batch, categories)`, shares that sum to 1, or all 0 for a clip of unknown category.
        category_classes: `(categories, classes)`, true where a class belongs to a category.
    """
    # A category has few classes: gather only these, padded to the size of the largest category.
    is_member, members = category_classes.sort(dim=1, descending=True, stable=True)
    n_most = int(category_classes.sum(dim=1).max())
    is_member, members = is_member[:, :n_most], members[:, :n_most]
    scores = logits.float()[:, members].masked_fill(~is_member, float("-inf"))  # (batch, categories, most)
    log_shares = scores.logsumexp(dim=2).log_softmax(dim=1)
    return -(categories * log_shares).sum() / categories.sum().clamp(min=1.0)


def set_prior(classifier: nn.Linear, probs: Tensor) -> None:
    """Set the bias of a classifier to the mean probabilities `(classes,)`, where training then starts."""
    with torch.no_grad():
        classifier.bias.copy_(torch.logit(probs, eps=1e-4))
