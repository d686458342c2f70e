"""Names in published state dicts of CNN6, CNN10 and CNN14."""

from __future__ import annotations

from panns.published.state_dict import CONV_NAMES, PANNS_NAMES, Renaming, StateDict, rename


def from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published state dict.

    The attention convolutions of width 1 become linear layers. The batch norm of the published attention block, which
    its forward pass never uses, is dropped.
    """
    kept = {
        key: tensor[..., 0] if key in ("att_block.att.weight", "att_block.cla.weight") else tensor
        for key, tensor in state_dict.items()
        if not key.startswith("att_block.bn_att.")
    }
    return rename(kept, (*BLOCK_NAMES, *PANNS_NAMES))


# `conv_block3.bn1.weight` becomes `blocks.2.1.weight`.
BLOCK_NAMES: tuple[Renaming, ...] = (
    (r"^conv_block(\d+)\.", lambda match: f"blocks.{int(match[1]) - 1}."),
    *CONV_NAMES,
    (r"^att_block\.att\.", "head.attention."),
    (r"^att_block\.cla\.", "head.classifier."),
)
