"""Fixtures that many tests share: the reference data beside the checkout, and small checkpoints made on the spot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Tests run side by side, one a core; more threads in each would only get in each other's way. Set before numpy is
# imported, and inherited by the processes that tests start.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the reference data, real sounds and real weights; skips the test where it is not there."""
    if not SHARED.is_dir():
        pytest.skip(f"the reference data is not beside the checkout, at {SHARED.name}/")
    return SHARED


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the cache of whoever runs it."""
    monkeypatch.setenv("PANNS_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of a CNN6 of a few thousand parameters over AudioSet's classes, with clip scores only."""
    from tests.checkpoints import make_checkpoint

    return make_checkpoint(tmp_path_factory.mktemp("tiny"), "cnn6", channels=(4, 8, 8, 8), hidden_dim=16)


@pytest.fixture(scope="session")
def tiny_frames_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a decision-level head: frame scores and no embedding."""
    from tests.checkpoints import make_checkpoint

    return make_checkpoint(
        tmp_path_factory.mktemp("tiny_frames"),
        "cnn14_decision_level_max",
        channels=(4, 4, 8, 8, 8, 8),
        hidden_dim=16,
    )


@pytest.fixture(scope="session")
def tiny_stream_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of a small network that carries its past on in a state."""
    from tests.checkpoints import make_checkpoint

    return make_checkpoint(
        tmp_path_factory.mktemp("tiny_stream"),
        "stream",
        stem_channels=4,
        channels=(4, 8, 8),
        embedding_dim=16,
        n_heads=2,
    )


@pytest.fixture(scope="session")
def exported_file(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny_checkpoint` as `panns export` writes it: one `.onnx` file that reads a waveform."""
    from panns.export.to_onnx import export_onnx
    from panns.models.checkpoint import open_checkpoint

    path = tmp_path_factory.mktemp("exported") / "tiny.onnx"
    export_onnx(open_checkpoint(tiny_checkpoint), path)
    return path


@pytest.fixture(scope="session")
def real_cache(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder in which the published `mn04_as` lies ready to run."""
    from panns.export.prepare import prepare
    from panns.models.download import fetch
    from panns.models.registry import find_model

    folder = tmp_path_factory.mktemp("real_cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PANNS_CACHE", str(folder))
        weights = find_model("mn04_as").weights
        assert weights is not None
        fetch(weights, from_file=shared / "weights" / weights.file)
        prepare("mn04_as")
    return folder
