"""Start the student from the parameters of the teacher, resampled to the coarser grid of the student.

Student and teacher have the same layers. Where the student's maps have half the resolution, a kernel's taps lie at half
their distance and fall between two positions; each is divided between both, by linear interpolation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from panns.networks.efficientat import LARGE, MobileNet
from panns.networks.strided_mobilenet import StridedMobileNet

MELS, TIME = 2, 3  # dimensions of a kernel


def start_from_teacher(student: StridedMobileNet, teacher: MobileNet) -> None:
    """Copy the parameters of a teacher, in place.

    Args:
        student: Network with half the mel bands, half the frames and fewer strides in time.
        teacher: Network of the same width.

    Raises:
        ValueError: The widths differ.
    """
    if student.config.width != teacher.config.width:
        raise ValueError(f"the widths differ: {student.config.width} and {teacher.config.width}")
    parameters = dict(teacher.state_dict())
    is_coarse = [True] * (1 + len(LARGE))  # in time: the stem, then the rows
    n_strides, hops_per_hop = 1, 2  # a frame of the student lasts two of the teacher, until the student stops to stride
    for i, row in enumerate(LARGE, start=1):
        is_coarse[i] = hops_per_hop > 1
        if row.stride > 1:
            n_strides += 1
            hops_per_hop = 1 if n_strides > student.config.n_time_strides else hops_per_hop
    names = ["stem.0.weight", *(f"blocks.{i}.depthwise.0.weight" for i in range(len(LARGE)))]
    for name, coarse_in_time in zip(names, is_coarse, strict=True):
        kernel = coarsen(parameters[name], MELS)
        parameters[name] = coarsen(kernel, TIME) if coarse_in_time else kernel
    kept = most_used(teacher.hidden, teacher.classifier, student.config.hidden_dim)
    parameters |= {f"hidden.{key}": value[kept] for key, value in teacher.hidden.state_dict().items()}
    parameters["classifier.weight"] = teacher.classifier.weight[:, kept]
    own = {f"pool.{key}": value for key, value in student.pool.state_dict().items()}
    student.load_state_dict({**parameters, **own})


def coarsen(kernel: Tensor, dim: int) -> Tensor:
    """A kernel of odd length for a grid of twice the step, of the same length.

    Examples:
        >>> coarsen(torch.tensor([1.0, 10.0, 2.0]), 0).tolist()
        [0.5, 11.5, 1.0]
    """
    length = kernel.shape[dim]
    middle = length // 2
    shares = torch.zeros(length, length)
    for tap in range(length):
        position = middle + (tap - middle) / 2
        below = int(position)
        shares[below, tap] += 1 - (position - below)
        if position > below:
            shares[below + 1, tap] += position - below
    return (kernel.movedim(dim, -1) @ shares.to(kernel).T).movedim(-1, dim)


def most_used(hidden: nn.Linear, classifier: nn.Linear, n_kept: int) -> Tensor:
    """Indices of the hidden units with the largest weights into the classifier and from the embedding."""
    use: Tensor = hidden.weight.norm(dim=1) * classifier.weight.norm(dim=0)
    return use.argsort(descending=True)[:n_kept].sort().values
