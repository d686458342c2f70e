"""CNN14 with a new branch: the names of the published CNN14, and initial values of the branch."""

from __future__ import annotations

import numpy as np

from panns.models.parameters import Parameter, parameters_of
from panns.published import cnn
from panns.published.state_dict import Array, StateDict


def attention_from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of the published CNN14, and add a branch of attention."""
    return _with_branch(state_dict, "cnn14_attention")


def recurrence_from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of the published CNN14, and add a recurrent branch."""
    return _with_branch(state_dict, "cnn14_gru")


def _with_branch(state_dict: StateDict, name: str) -> StateDict:
    arrays = {f"cnn.{key}": array for key, array in cnn.from_published(state_dict).items()}
    rng = np.random.default_rng(0)
    branch = {key: one for key, one in parameters_of(name).items() if key.startswith("branch.")}
    return arrays | {key: _initial(key, one, rng) for key, one in branch.items()}


def _initial(key: str, parameter: Parameter, rng: np.random.Generator) -> Array:
    """Initial value, distributed as in training: the last layer is zero, so the scores are those of the CNN."""
    shape = parameter.shape
    if key == "branch.norm.weight":
        return np.ones(shape, np.float32)
    is_recurrent = key.startswith("branch.gru.")
    if not is_recurrent and (len(shape) < 2 or key in ("branch.rows", "branch.restore.weight")):
        return np.zeros(shape, np.float32)
    # Recurrent layers as torch starts them, with three gates of equal width; others by Xavier.
    bound = (shape[0] // 3) ** -0.5 if is_recurrent else (6 / sum(shape)) ** 0.5
    return rng.uniform(-bound, bound, shape).astype(np.float32)
