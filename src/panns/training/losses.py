"""What a network is asked to make small; the terms are settings, not loops of their own."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.networks.output import NetworkOutput
from panns.training.batch import Batch


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms; a term of weight 0 is not computed.

    Attributes:
        clip: Cross-entropy of the clip probabilities with the targets, summed over classes: labels, or a teacher's
            probabilities (Hinton et al. 2015, arXiv:1503.02531), or both.
        frames: The same for the highest frame score of each class, so that frames answer for what they hear.
        categories: Cross-entropy between categories; each scores as its classes together.
        embedding: Squared distance between a teacher's embedding and a linear map of the network's.
    """

    clip: float = 1.0
    frames: float = 0.0
    categories: float = 0.0
    embedding: float = 0.0


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

    def forward(self, output: NetworkOutput, batch: Batch) -> dict[str, Tensor]:
        """Scalars by name; their sum is what is minimised."""
        config = self.config
        terms = {"clip": config.clip * multi_label_loss(output.clip_logits, batch.targets)}
        if config.frames:
            assert output.frame_logits is not None, "the loss asks for frame scores of a network that has none"
            terms["frames"] = config.frames * multi_label_loss(output.frame_logits.amax(dim=1), batch.targets)
        if config.categories:
            assert batch.categories is not None, "the loss asks for categories of a batch that has none"
            assert self.category_classes is not None, "the loss asks for categories, and none were named"
            terms["categories"] = config.categories * category_loss(
                output.clip_logits, batch.categories, self.category_classes
            )
        if config.embedding:
            assert output.embedding is not None, "the loss asks for the embedding of a network that has none"
            assert batch.teacher_embedding is not None, "the loss asks for a teacher's embedding, and there is none"
            assert self.to_teacher is not None, "the loss asks for a teacher's embedding of unknown width"
            guess = self.to_teacher(output.embedding.float())
            terms["embedding"] = config.embedding * functional.mse_loss(guess, batch.teacher_embedding)
        return terms


def multi_label_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy `(batch, classes)`, summed over classes and averaged over the batch."""
    return functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction="sum") / len(targets)


def category_loss(logits: Tensor, categories: Tensor, category_classes: Tensor) -> Tensor:
    """Cross-entropy of a softmax over categories, each scoring as the log-sum-exp of its classes' logits.

    Args:
        logits: `(batch, classes)`.
        categories: `(batch, categories)`, shares that sum to 1, or all 0 for a clip that no category is known of.
        category_classes: `(categories, classes)`, true where a class belongs to a category.
    """
    members = logits.float()[:, None].masked_fill(~category_classes, float("-inf"))
    log_shares = members.logsumexp(dim=2).log_softmax(dim=1)
    return -(categories * log_shares).sum() / categories.sum().clamp(min=1.0)


def set_prior(classifier: nn.Linear, probs: Tensor) -> None:
    """Start a classifier at the classes' mean probabilities `(classes,)`, so that it need not learn what is rare."""
    with torch.no_grad():
        classifier.bias.copy_(torch.logit(probs, eps=1e-4))
