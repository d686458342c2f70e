"""Names in published state dicts of Wavegram-CNN14."""

from __future__ import annotations

from panns.published.state_dict import CONV_NAMES, PANNS_NAMES, Renaming, StateDict, rename


def from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published state dict of a wavegram beside a log-mel.

    `pre_block2.conv1.weight` becomes `wavegram.blocks.1.0.weight`, `conv_block2.conv1.weight` `blocks.0.0.weight`.
    """
    return rename(state_dict, _LAYER_NAMES)


def from_published_alone(state_dict: StateDict) -> StateDict:
    """Rename the entries for a wavegram without a log-mel; the unused log-mel entries are dropped."""
    return rename(
        {key: tensor for key, tensor in state_dict.items() if not key.startswith(("bn0.", "conv_block1."))},
        _LAYER_NAMES,
    )


_LAYER_NAMES: tuple[Renaming, ...] = (
    (r"^pre_conv0\.", "wavegram.stem.0."),
    (r"^pre_bn0\.", "wavegram.stem.1."),
    (r"^(pre_block\d)\.conv(\d)\.", lambda match: f"{match[1]}.{3 * int(match[2]) - 3}."),
    (r"^(pre_block\d)\.bn(\d)\.", lambda match: f"{match[1]}.{3 * int(match[2]) - 2}."),
    (r"^pre_block4\.", "wavegram.last."),
    (r"^pre_block(\d)\.", lambda match: f"wavegram.blocks.{int(match[1]) - 1}."),
    (r"^conv_block1\.", "stem."),
    (r"^conv_block(\d)\.", lambda match: f"blocks.{int(match[1]) - 2}."),
    *CONV_NAMES,
    *PANNS_NAMES,
)
