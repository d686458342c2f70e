"""Names in published files of frame-wise MobileNets, those of PretrainedSED and those of EfficientSED."""

from __future__ import annotations

import numpy as np

from panns.published import efficientat
from panns.published.state_dict import Renaming, StateDict, rename

_FREQUENCIES = ".frequencies"  # of rotary positions; the network computes them


def from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published file, whose names have one of several prefixes.

    The classifier of clips, `weak_head`, is dropped: training on AudioSet-Strong leaves it as it began.

    Raises:
        ValueError: A name without its prefix is that of another entry, or the rotary positions are others.
    """
    named = rename(state_dict, _NAMES)
    if len(named) < len(state_dict):
        raise ValueError(f"{len(state_dict) - len(named)} entries have the names of others without their prefixes")
    _check_frequencies(named)
    dropped = {key for key in named if key.startswith("weak_head.") or key.endswith(_FREQUENCIES)}
    return efficientat.from_published({key: array for key, array in named.items() if key not in dropped})


def _check_frequencies(named: StateDict) -> None:
    for key, array in named.items():
        if not key.endswith(_FREQUENCIES):
            continue
        layer = key.removesuffix(_FREQUENCIES)
        n_heads, dim = named[f"{layer}.gates.weight"].shape
        n_pairs = dim // n_heads // 2
        wanted = 10_000.0 ** (-np.arange(n_pairs) / n_pairs)
        if array.shape != wanted.shape or not np.allclose(array.astype(np.float64), wanted, rtol=1e-3):
            raise ValueError(f"the rotary frequencies of {layer} are not {n_pairs} from 1 down to nearly 1/10,000")


_PREFIX = r"^(?:(?:net|model)\.)?(?:(?:model|fmn|frame_mn)\.)?"
_BLOCK = r"^(sequence\.blocks\.\d+)\."
_NAMES: tuple[Renaming, ...] = (
    (_PREFIX + r"(?=(?:features|seq_model|strong_head|weak_head)\.)", ""),
    (r"^strong_head\.", "classifier."),
    (r"^seq_model\.0\.(?:gru|rnn)\.(\w+)_l(\d+)(_reverse)?$", r"sequence.layers.\2.\1_l0\3"),
    (r"^seq_model\.0\.", "sequence.projection."),
    (r"^seq_model\.1\.norm\.gamma$", "sequence.norm.weight"),
    (r"^seq_model\.1\.layers\.", "sequence.blocks."),
    # "tf": 0 is the attention and its norm, 1 the two-layer network and its norm.
    (_BLOCK + r"0\.norm\.gamma$", r"\1.attention_norm.weight"),
    (_BLOCK + r"0\.pos_encoding\.freqs$", rf"\1.attention{_FREQUENCIES}"),
    (_BLOCK + r"0\.to_out\.0\.", r"\1.attention.projection."),
    (_BLOCK + r"0\.to_(qkv|gates)\.", r"\1.attention.\2."),
    (_BLOCK + r"1\.net\.0\.gamma$", r"\1.mlp_norm.weight"),
    (_BLOCK + r"1\.net\.1\.", r"\1.mlp.0."),
    (_BLOCK + r"1\.net\.4\.", r"\1.mlp.2."),
    # "hybrid": 0 is a norm, 1 the attention with its recurrence, 2 a norm, 3 the two-layer network.
    (_BLOCK + r"0\.gamma$", r"\1.attention_norm.weight"),
    (_BLOCK + r"1\.rnn\.(forward|backward)_minGRU\.to_hidden_and_gate\.", r"\1.attention.recurrence.\2s."),
    (_BLOCK + r"1\.rnn\.to_out\.", r"\1.attention.recurrence.projection."),
    (_BLOCK + r"1\.rnn_out_norm\.gamma$", r"\1.attention.recurrence_norm.weight"),
    (_BLOCK + r"1\.attn_out_norm\.gamma$", r"\1.attention.attention_norm.weight"),
    (_BLOCK + r"1\.to_(qkv)\.", r"\1.attention.\2."),
    (_BLOCK + r"1\.to_out\.", r"\1.attention.projection."),
    (_BLOCK + r"2\.gamma$", r"\1.mlp_norm.weight"),
    (_BLOCK + r"3\.(0|2)\.", r"\1.mlp.\2."),
)
