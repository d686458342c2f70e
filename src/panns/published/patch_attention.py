"""Names and axes in published state dicts of CED."""

from __future__ import annotations

from panns.published.state_dict import Array, Renaming, StateDict, rename


def from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published state dict of CED, and put time before frequency.

    The window and the mel matrix of its front end are dropped.
    """
    kept = {key: _our_axes(key, tensor) for key, tensor in state_dict.items() if not key.startswith("front_end.")}
    return rename(kept, _CED_NAMES)


def _our_axes(key: str, tensor: Array) -> Array:
    if key in ("time_pos_embed", "freq_pos_embed"):  # (1, dim, rows, columns), one of these 1
        return tensor.reshape(tensor.shape[1], -1).T
    if key == "patch_embed.proj.weight":  # (dim, 1, mels, frames)
        return tensor.transpose(0, 1, 3, 2)
    return tensor


_CED_NAMES: tuple[Renaming, ...] = (
    (r"^time_pos_embed$", "time_positions"),
    (r"^freq_pos_embed$", "band_positions"),
    (r"^init_bn\.1\.", "input_norm."),
    (r"^patch_embed\.proj\.", "projection."),
    (r"\.norm1\.", ".attention_norm."),
    (r"\.attn\.qkv\.", ".attention.qkv."),
    (r"\.attn\.proj\.", ".attention.projection."),
    (r"\.norm2\.", ".mlp_norm."),
    (r"\.mlp\.fc1\.", ".mlp.0."),
    (r"\.mlp\.fc2\.", ".mlp.2."),
    (r"^outputlayer\.0\.", "head.norm."),
    (r"^outputlayer\.1\.", "head.classifier."),
)
