"""Records of the published PANNs weights, which are in one Zenodo record."""

from __future__ import annotations

from panns.models.weights import Weights

_RECORD = "https://zenodo.org/record/3987831/files/"


def zenodo_weights(
    file: str,
    mean_ap: float,
    *,
    n_bytes: int | None = None,
    sha256: str | None = None,
    md5: str | None = None,
    note: str | None = None,
) -> Weights:
    """Record of one weights file of Kong et al. 2020 (arXiv:1912.10211)."""
    return Weights(
        url=f"{_RECORD}{file.replace('=', '%3D')}?download=1",
        file=file,
        licence="CC BY 4.0",
        source="Zenodo record 3987831 (Kong et al. 2020, arXiv:1912.10211)",
        n_bytes=n_bytes,
        sha256=sha256,
        md5=md5,
        metric="mAP",
        value=mean_ap,
        note=note,
    )
