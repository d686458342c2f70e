"""Recurrent layers with exportable graphs; the exporter of torch would unroll them for one length."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def recur(gru: nn.GRU, x: Tensor) -> Tensor:
    """States of a GRU layer with `batch_first`.

    An exported graph has one operator for it: https://onnx.ai/onnx/operators/onnx__GRU.html

    Args:
        gru: One layer, with one or two directions.
        x: `(batch, frames, dim)`.

    Returns:
        `(batch, frames, directions * hidden)`.
    """
    if not torch.compiler.is_exporting():
        states: Tensor = gru(x)[0]
        return states
    n_clips, n_frames, _ = x.shape
    directions = ["", "_reverse"] if gru.bidirectional else [""]
    # Order of the gates: reset, update, new in torch; update, reset, new in ONNX.
    weights = [
        torch.stack([_reordered(getattr(gru, f"weight_{kind}_l0{d}")) for d in directions]) for kind in ("ih", "hh")
    ]
    biases = [torch.cat([_reordered(getattr(gru, f"bias_{kind}_l0{d}")) for kind in ("ih", "hh")]) for d in directions]
    frames: Tensor = torch.onnx.ops.symbolic(
        "GRU",
        (x.transpose(0, 1), *weights, torch.stack(biases)),
        {
            "hidden_size": gru.hidden_size,
            "direction": "bidirectional" if gru.bidirectional else "forward",
            "linear_before_reset": 1,
        },
        dtype=x.dtype,
        shape=(n_frames, len(directions), n_clips, gru.hidden_size),
        version=14,
    )
    return frames.permute(2, 0, 1, 3).flatten(2)


def _reordered(tensor: Tensor) -> Tensor:
    reset, update, new = tensor.chunk(3)
    return torch.cat([update, reset, new])


class MinGRU(nn.Module):
    """A gated recurrent unit with bounded memory, after minGRU (Feng et al. 2024, arXiv:2410.01201).

    The gate and the candidates depend on the input alone, so a step is one weighted mean. Beyond the paper, a tanh
    bounds the candidates, and the gate is at least `1 / memory`. The difference between two pasts shrinks by that share
    at every step, and vanishes in float32 after some twenty times `memory` steps.

    Args:
        dim: Width of the input and of the states.
        memory: Longest memory, in steps until 1/e of the past is left; at least 1.

    Raises:
        ValueError: `memory` is below 1.
    """

    def __init__(self, dim: int, memory: float) -> None:
        super().__init__()
        if not memory >= 1:
            raise ValueError(f"memory={memory} steps must be at least 1")
        self.least = 1 / memory  # smallest gate
        self.gate = nn.Linear(dim, dim)
        self.candidate = nn.Linear(dim, dim)

    def initialise(self) -> None:
        """Set initial values with memories of all lengths (after Tallec and Ollivier 2018, arXiv:1804.11188)."""
        steps = torch.exp(torch.rand(self.gate.bias.shape) * math.log(1 / self.least / 2))
        with torch.no_grad():
            self.gate.bias.copy_(-torch.log(steps))

    def forward(self, x: Tensor, initial: Tensor) -> Tensor:
        """States `(batch, steps, dim)` for an input of that shape, after the state `(batch, dim)`."""
        shares = self.least + (1 - self.least) * self.gate(x).sigmoid()
        return running_mean(self.candidate(x).tanh(), shares, initial)


class BidirectionalMinGRU(nn.Module):
    """Minimal gated recurrent units in both directions, and a projection of their states.

    Feng et al. 2024, arXiv:2410.01201, section 3.1, with the positive candidates of appendix B.3.

    Args:
        dim: Width of the input, of the states in one direction and of the output.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        # Candidates, then gates.
        self.forwards = nn.Linear(dim, 2 * dim, bias=False)
        self.backwards = nn.Linear(dim, 2 * dim, bias=False)
        self.projection = nn.Linear(2 * dim, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, steps, dim)`."""
        candidates, gates = self.forwards(x).chunk(2, dim=2)
        candidates_back, gates_back = self.backwards(x).flip(1).chunk(2, dim=2)
        # Both directions in one recurrence.
        candidates, gates = torch.cat([candidates, candidates_back], dim=2), torch.cat([gates, gates_back], dim=2)
        candidates = torch.where(candidates >= 0, candidates + 0.5, candidates.sigmoid())
        states, states_back = running_mean(candidates, gates.sigmoid(), torch.zeros_like(gates[:, 0])).chunk(2, dim=2)
        projected: Tensor = self.projection(torch.cat([states, states_back.flip(1)], dim=2))
        return projected


def running_mean(candidates: Tensor, shares: Tensor, initial: Tensor) -> Tensor:
    """States that move to the candidates by a share of the distance at every step.

    Args:
        candidates: `(batch, steps, dim)`.
        shares: Shape of `candidates`, 0 to 1.
        initial: State before the first step, `(batch, dim)`.

    Returns:
        State after every step, in the shape of `candidates`.
    """
    if torch.compiler.is_exporting():
        # One operator for any number of steps (https://onnx.ai/onnx/operators/onnx__Scan.html). Imported here,
        # because torch has no public name for it yet (2.13).
        from torch._higher_order_ops.scan import scan

        in_turn = (candidates.transpose(0, 1), shares.transpose(0, 1))
        _, scanned = scan(_mean_step, initial.contiguous(), in_turn)
        kept: Tensor = scanned.transpose(0, 1)
        return kept
    state, states = initial, []
    for candidate, share in zip(candidates.unbind(1), shares.unbind(1), strict=True):
        state = state + share * (candidate - state)
        states.append(state)
    return torch.stack(states, dim=1)


def _mean_step(state: Tensor, entering: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    candidate, share = entering
    state = state + share * (candidate - state)
    return state, state.clone()  # `scan` requires two tensors
