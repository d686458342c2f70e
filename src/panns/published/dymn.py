"""Names and shapes in published state dicts of dynamic MobileNets."""

from __future__ import annotations

import math
import re

from panns.published.state_dict import Renaming, StateDict, rename


def from_published(state_dict: StateDict) -> StateDict:
    """Rename and reshape the entries of a published state dict of a dynamic MobileNet.

    The published kernels are flat, `(1, 1, kernels, numbers)`. The constants of the dynamic ReLU are dropped.
    """
    shaped = {}
    for key, tensor in state_dict.items():
        if match := re.fullmatch(r"(layers\.\d+\.(exp|depth|proj))_conv\.weight", key):
            n_kernels, n_out = tensor.shape[2], len(state_dict[f"{match[1]}_norm.weight"])
            n_rest = tensor.shape[3] // n_out
            rest = (math.isqrt(n_rest),) * 2 if match[2] == "depth" else (n_rest,)
            shaped[key] = tensor.reshape(n_kernels, n_out, *rest)
        elif not key.endswith((".lambdas", ".init_v")):
            shaped[key] = tensor
    return rename(shaped, _NAMES)


_NAMES: tuple[Renaming, ...] = (
    (r"^in_c\.", "stem."),
    (r"^out_c\.", "last."),
    (r"^classifier\.2\.", "hidden."),
    (r"^classifier\.5\.", "classifier."),
    (r"^layers\.", "blocks."),
    (r"\.exp_conv\.", ".expand."),
    (r"\.exp_norm\.", ".expand_norm."),
    (r"\.depth_conv\.", ".depthwise."),
    (r"\.depth_norm\.", ".depthwise_norm."),
    (r"\.depth_act\.coef_net\.0\.", ".dynamic_relu.linear."),
    (r"\.proj_conv\.", ".project."),
    (r"\.proj_norm\.", ".project_norm."),
    (r"\.residuals\.0\.", ".weights.linear."),
    (r"\.(expand|depthwise|project)\.weight$", r".\1.kernels"),
    (r"\.context_gen\.joint_conv\.", ".context.squeeze.0."),
    (r"\.context_gen\.joint_norm\.", ".context.squeeze.1."),
    (r"\.context_gen\.conv_f\.", ".context.mels."),
    (r"\.context_gen\.conv_t\.", ".context.frames."),
)
