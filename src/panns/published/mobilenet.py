"""Names in published state dicts of the MobileNets of the PANNs."""

from __future__ import annotations

from panns.published.state_dict import PANNS_NAMES, StateDict, rename


def from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published state dict, which numbers its layers as this network does."""
    return rename(state_dict, PANNS_NAMES)
