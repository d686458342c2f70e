"""Choose clips: samplers for training batches, and splits into training and held-out clips."""

from __future__ import annotations

from panns.data.sampling.groups import DuplicateGroups
from panns.data.sampling.sampler import BalancedSampler, Sampler, ShuffledSampler
from panns.data.sampling.split import Split, hold_out_fold, split_by_source

__all__ = [
    "BalancedSampler",
    "DuplicateGroups",
    "Sampler",
    "ShuffledSampler",
    "Split",
    "hold_out_fold",
    "split_by_source",
]
