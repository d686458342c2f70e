"""What a network is asked to make small; the terms are settings, not loops of their own."""

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
    """Weights of the terms; a term of weight 0 is not computed.

    Attributes:
        task: "multi-label": every class is there or not, and scores are sigmoids; "single-label": exactly one is, and
            scores are a softmax.
        clip: Cross-entropy of the clip scores with the targets; of several labels summed over the classes.
        label_smoothing: Share of a single label that is spread over all classes (Szegedy et al. 2016,
            arXiv:1512.00567).
        best_frames: Cross-entropy of the highest frame score of each class with the clip's targets, so that frames
            answer for what they hear.
        frames: Cross-entropy of all frame scores with the targets of frames; summed over classes, mean over frames.
        categories: Cross-entropy between categories; each scores as its classes together.
        frame_categories: The same for every frame in which one sounds.
        teacher: Cross-entropy of the clip scores with a teacher's (Hinton et al. 2015, arXiv:1503.02531).
        teacher_frames: The same for frame scores.
        embedding: Squared distance between a teacher's embedding and a linear map of the network's; where both are
            equally wide, the map begins as what standardises the teacher's.
        temperature: What logits are divided by in `teacher` of a single label; the term is multiplied by its square.
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
            raise ValueError(f"weights of the terms are {weights}; none may be below 0, and one must be above")
        if not 0 <= self.label_smoothing < 1 or not self.temperature > 0:
            raise ValueError(
                f"label_smoothing={self.label_smoothing} must be at least 0 and below 1, "
                f"and temperature={self.temperature} above 0"
            )
        if self.label_smoothing and self.task == "multi-label":
            raise ValueError(f"label_smoothing={self.label_smoothing} goes with task='single-label' alone; use 0")

    @property
    def needs_frames(self) -> bool:
        """Whether the network must have frame scores."""
        return max(self.best_frames, self.frames, self.frame_categories, self.teacher_frames) > 0

    @property
    def needs_teacher(self) -> bool:
        """Whether there must be a teacher."""
        return max(self.teacher, self.teacher_frames, self.embedding) > 0


class Objective(nn.Module):
    """The weighted terms of one batch. The map to the teacher's embedding is learned here and not kept afterwards.

    Args:
        config: Weights of the terms.
        category_classes: `(categories, classes)`, true where a class belongs to a category; None without that term.
        embedding_dims: Width of the network's embedding and of the teacher's; None without that term.
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

    def begin_as_standardisation(self, mean: Tensor, scale: Tensor) -> None:
        """Let the map to the teacher's embedding begin as what standardises that.

        A network that begins as its own teacher is then led by what it unlearns, and by nothing that chance put there.

        Args:
            mean: `(dim,)`, of the teacher's embedding.
            scale: `(dim,)`, its deviation.

        Raises:
            ValueError: The embeddings of network and teacher are not equally wide.
        """
        assert self.to_teacher is not None, "without the term embedding there is no map"
        if self.to_teacher.in_features != self.to_teacher.out_features:
            raise ValueError(f"{self.to_teacher} is no map of an embedding to one equally wide")
        with torch.no_grad():
            self.to_teacher.weight.copy_(torch.diag(1 / scale))
            self.to_teacher.bias.copy_(-mean / scale)

    def forward(self, output: NetworkOutput, batch: Batch) -> dict[str, Tensor]:
        """Scalars by name; their sum is what is minimised."""
        config = self.config
        clip_logits = output.clip_logits.float()
        terms = {}
        if config.clip:
            terms["clip"] = config.clip * self._cross_entropy(clip_logits, self._smoothed(batch.targets))
        if config.categories:
            assert batch.categories is not None, "the loss asks for categories of a batch that has none"
            assert self.category_classes is not None, "the loss asks for categories, and none were named"
            terms["categories"] = config.categories * category_loss(
                clip_logits, batch.categories, self.category_classes
            )
        if config.teacher:
            assert batch.teacher_probs is not None, "the loss asks for a teacher, and the batch has no answer of one"
            terms["teacher"] = config.teacher * self._teacher_loss(clip_logits, batch.teacher_probs)
        if config.needs_frames:
            assert output.frame_logits is not None, "the loss asks for frame scores of a network that has none"
            terms |= self._frame_terms(output.frame_logits.float(), batch)
        if config.embedding:
            assert output.embedding is not None, "the loss asks for the embedding of a network that has none"
            assert batch.teacher_embedding is not None, "the loss asks for a teacher's embedding, and there is none"
            assert self.to_teacher is not None, "the loss asks for a teacher's embedding of unknown width"
            guess = self.to_teacher(output.embedding.float())
            terms["embedding"] = config.embedding * functional.mse_loss(guess, batch.teacher_embedding)
        return terms

    def _frame_terms(self, logits: Tensor, batch: Batch) -> dict[str, Tensor]:
        config, terms = self.config, {}
        if config.best_frames:
            terms["best_frames"] = config.best_frames * self._cross_entropy(logits.amax(dim=1), batch.targets)
        for name, targets in (("frames", batch.frame_targets), ("teacher_frames", batch.teacher_frames)):
            if weight := getattr(config, name):
                assert targets is not None, f"the loss asks for {name}, and the batch has no targets for frames"
                terms[name] = weight * self._cross_entropy(_at(logits, targets), targets.flatten(0, 1))
        if config.frame_categories:
            assert batch.frame_categories is not None, "the loss asks for categories of frames, and the batch has none"
            assert self.category_classes is not None, "the loss asks for categories, and none were named"
            terms["frame_categories"] = config.frame_categories * category_loss(
                _at(logits, batch.frame_categories), batch.frame_categories.flatten(0, 1), self.category_classes
            )
        return terms

    def _cross_entropy(self, logits: Tensor, targets: Tensor) -> Tensor:
        loss = multi_label_loss if self.config.task == "multi-label" else single_label_loss
        return loss(logits, targets)

    def _teacher_loss(self, logits: Tensor, probs: Tensor) -> Tensor:
        temperature = self.config.temperature
        if self.config.task == "multi-label":
            return multi_label_loss(logits, probs)
        # Of a teacher whose classes do not exclude each other, such as AudioSet's, this makes shares of one.
        softened = (probs.clamp(min=1e-8).log() / temperature).softmax(dim=-1)
        return temperature**2 * single_label_loss(logits / temperature, softened)

    def _smoothed(self, targets: Tensor) -> Tensor:
        smoothing = self.config.label_smoothing
        return targets * (1 - smoothing) + smoothing / targets.shape[-1] if smoothing else targets


def _at(logits: Tensor, targets: Tensor) -> Tensor:
    """The frames `(batch * targets, classes)` that have targets: all, or the last of every so many."""
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
        categories: `(batch, categories)`, shares that sum to 1, or all 0 for a clip that no category is known of.
        category_classes: `(categories, classes)`, true where a class belongs to a category.
    """
    # Few classes belong to each category: only these are looked at, filled up to as many as the largest one has.
    is_member, members = category_classes.sort(dim=1, descending=True, stable=True)
    n_most = int(category_classes.sum(dim=1).max())
    is_member, members = is_member[:, :n_most], members[:, :n_most]
    scores = logits.float()[:, members].masked_fill(~is_member, float("-inf"))  # (batch, categories, most)
    log_shares = scores.logsumexp(dim=2).log_softmax(dim=1)
    return -(categories * log_shares).sum() / categories.sum().clamp(min=1.0)


def set_prior(classifier: nn.Linear, probs: Tensor) -> None:
    """Start a classifier at the classes' mean probabilities `(classes,)`, so that it need not learn what is rare."""
    with torch.no_grad():
        classifier.bias.copy_(torch.logit(probs, eps=1e-4))
