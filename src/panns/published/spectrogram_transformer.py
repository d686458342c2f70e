"""Names in published files of AST: those of the transformers library, and those of the authors."""

from __future__ import annotations

import re

import numpy as np

from panns.published.state_dict import Renaming, StateDict, rename

_QKV = ("query", "key", "value")


def from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published file of AST, in either form.

    Queries, keys and values become one layer, and the two tokens one array. The classifiers of ImageNet are dropped.
    """
    is_hub = any(key.startswith("audio_spectrogram_transformer.") for key in state_dict)
    kept = {key: array for key, array in state_dict.items() if not re.match(r"v\.head(_dist)?\.", key)}
    named = rename(kept, _HUB_NAMES if is_hub else _AUTHORS_NAMES)
    tokens = [named.pop(key).reshape(1, -1) for key in ("class_token", "distillation_token")]
    positions = named.pop("positions")
    joined = {"tokens": np.concatenate(tokens), "positions": positions.reshape(positions.shape[1:])}
    parts = [re.match(r"(blocks\.\d+\.attention\.)query\.(weight|bias)$", key) for key in named]
    for match in filter(None, parts):
        before, after = match.groups()
        joined[f"{before}qkv.{after}"] = np.concatenate([named.pop(f"{before}{part}.{after}") for part in _QKV])
    return named | joined


_HUB_NAMES: tuple[Renaming, ...] = (
    (r"^audio_spectrogram_transformer\.", ""),
    (r"^embeddings\.cls_token$", "class_token"),
    (r"^embeddings\.distillation_token$", "distillation_token"),
    (r"^embeddings\.position_embeddings$", "positions"),
    (r"^embeddings\.patch_embeddings\.projection\.", "projection."),
    (r"^encoder\.layer\.", "blocks."),
    (r"\.layernorm_before\.", ".attention_norm."),
    (r"\.attention\.attention\.", ".attention."),
    (r"\.attention\.output\.dense\.", ".attention.projection."),
    (r"\.layernorm_after\.", ".mlp_norm."),
    (r"\.intermediate\.dense\.", ".mlp.0."),
    (r"\.output\.dense\.", ".mlp.2."),
    (r"^layernorm\.", "norm."),
    (r"^classifier\.layernorm\.", "head.norm."),
    (r"^classifier\.dense\.", "head.classifier."),
)
_AUTHORS_NAMES: tuple[Renaming, ...] = (
    (r"^v\.", ""),
    (r"^cls_token$", "class_token"),
    (r"^dist_token$", "distillation_token"),
    (r"^pos_embed$", "positions"),
    (r"^patch_embed\.proj\.", "projection."),
    (r"\.norm1\.", ".attention_norm."),
    (r"\.attn\.qkv\.", ".attention.qkv."),
    (r"\.attn\.proj\.", ".attention.projection."),
    (r"\.norm2\.", ".mlp_norm."),
    (r"\.mlp\.fc1\.", ".mlp.0."),
    (r"\.mlp\.fc2\.", ".mlp.2."),
    (r"^mlp_head\.0\.", "head.norm."),
    (r"^mlp_head\.1\.", "head.classifier."),
)
