"""Names in published state dicts of LeeNet, DaiNet and Res1dNet."""

from __future__ import annotations

from panns.published.cnn import BLOCK_NAMES
from panns.published.state_dict import PANNS_NAMES, Renaming, StateDict, rename


def leenet_from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published state dict of a LeeNet."""
    return rename(state_dict, (*BLOCK_NAMES, *PANNS_NAMES))


def dainet_from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published state dict of DaiNet19.

    `conv_block2.bn_downsample.weight` becomes `blocks.1.shortcut.norm.weight`. The first block keeps the number of
    channels, so its published shortcut convolution, which is never used, is dropped.
    """
    kept = {
        key: tensor
        for key, tensor in state_dict.items()
        if not key.startswith(("conv_block1.downsample.", "conv_block1.bn_downsample."))
    }
    return rename(kept, (*_STEM_NAMES, *_DAI_NAMES, *PANNS_NAMES))


def res1dnet_from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published state dict of a Res1dNet.

    `resnet.layer2.0.bn1.weight` becomes `stages.1.0.branch.norm1.weight`.
    """
    return rename(state_dict, (*_STEM_NAMES, *_RES1D_NAMES, *PANNS_NAMES))


# Before PANNS_NAMES, because `bn0` normalises the first convolution here, not the mel bands.
_STEM_NAMES: tuple[Renaming, ...] = ((r"^conv0\.", "stem.0."), (r"^bn0\.", "stem.1."))
_DAI_NAMES: tuple[Renaming, ...] = (
    (r"^(conv_block\d)\.downsample\.", r"\1.shortcut.conv."),
    (r"^(conv_block\d)\.bn_downsample\.", r"\1.shortcut.norm."),
    (r"^(conv_block\d)\.conv(\d)\.", r"\1.branch.conv\2."),
    (r"^(conv_block\d)\.bn(\d)\.", r"\1.branch.norm\2."),
    (r"^conv_block(\d)\.", lambda match: f"blocks.{int(match[1]) - 1}."),
)
_RES1D_NAMES: tuple[Renaming, ...] = (
    (r"\.downsample\.1\.", ".shortcut.conv."),  # number 0 is the mean
    (r"\.downsample\.2\.", ".shortcut.norm."),
    (r"^(resnet\..*)\.conv(\d)\.", r"\1.branch.conv\2."),
    (r"^(resnet\..*)\.bn(\d)\.", r"\1.branch.norm\2."),
    (r"^resnet\.layer(\d)\.", lambda match: f"stages.{int(match[1]) - 1}."),
)
