"""Shared fixtures: the reference data beside the checkout, and small generated checkpoints."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import hypothesis
import pytest
from filelock import FileLock

# Tests run in parallel, one process per core, so each uses one thread. Set before numpy is imported; child processes
# inherit it.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# A busy machine must not fail a test, so Hypothesis measures no time. `make test-full` draws more examples.
for profile, max_examples in (("default", 15), ("full", 100)):
    hypothesis.settings.register_profile(
        f"panns-{profile}",
        deadline=None,
        max_examples=max_examples,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile("panns-default")

ROOT = Path(__file__).resolve().parent.parent


class _SharedPath(type(Path())):  # type: ignore[misc]  # the class of paths on this system
    """A path below the reference data; a test that joins a missing file or folder to it is skipped."""

    def __truediv__(self, name: str) -> Path:
        path: Path = super().__truediv__(name)
        if not path.exists():
            pytest.skip(f"needs {path.relative_to(ROOT.parent)} beside the checkout")
        return path


SHARED: Path = _SharedPath(ROOT.parent, "shared")

MadeOnce: TypeAlias = Callable[[str, Callable[[Path], object]], Path]
"""Function of a name and of a function that fills a folder; returns the folder of that name."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the reference data (real sounds and weights); a test that joins a missing file to it is skipped."""
    return SHARED


_n_caches = itertools.count()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test an empty cache of its own, made by the first who needs it."""
    monkeypatch.setenv("PANNS_CACHE", str(tmp_path_factory.getbasetemp() / "caches" / str(next(_n_caches))))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """Make a folder of a given name once for all parallel test processes."""
    own = tmp_path_factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, is_made = root / name, root / f"{name}.made"
        with FileLock(root / f"{name}.lock"):
            if not is_made.exists():
                make(folder)
                is_made.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def tiny_checkpoint(made_once: MadeOnce) -> Path:
    """A checkpoint folder of a tiny CNN6 over AudioSet's classes, with clip scores only."""
    from tests.tiny_checkpoints import make_checkpoint

    return made_once("tiny", lambda folder: make_checkpoint(folder, "cnn6", channels=(4, 8, 8, 8), hidden_dim=16))


@pytest.fixture(scope="session")
def tiny_frames_checkpoint(made_once: MadeOnce) -> Path:
    """A checkpoint folder of a small CNN with a decision-level head: frame scores and no embedding."""
    from tests.tiny_checkpoints import make_checkpoint_with_graph

    return made_once("tiny_frames", lambda folder: make_checkpoint_with_graph(folder, "tiny_frames"))


@pytest.fixture(scope="session")
def tiny_stream_checkpoint(made_once: MadeOnce) -> Path:
    """A checkpoint folder of a small streaming model."""
    from tests.tiny_checkpoints import make_checkpoint_with_graph

    return made_once("tiny_stream", lambda folder: make_checkpoint_with_graph(folder, "tiny_stream"))


@pytest.fixture(scope="session")
def exported_file(tiny_checkpoint: Path, made_once: MadeOnce) -> Path:
    """`tiny_checkpoint` exported as by `panns export`: one `.onnx` file that reads a waveform."""
    from panns.checkpoints.checkpoint import open_checkpoint
    from panns.export.to_onnx import export_onnx

    def make(folder: Path) -> None:
        folder.mkdir()
        export_onnx(open_checkpoint(tiny_checkpoint), folder / "tiny.onnx")

    return made_once("exported", make) / "tiny.onnx"


@pytest.fixture(scope="session")
def real_cache(shared: Path, made_once: MadeOnce) -> Path:
    """A cache folder with the published `mn04_as`, ready to run."""
    from panns.hub.download import fetch
    from panns.hub.resolve import resolve
    from panns.models.registry import find_model

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PANNS_CACHE", str(folder))
            weights = find_model("mn04_as").weights
            assert weights is not None
            fetch(weights, from_file=shared / "weights" / weights.file)
            resolve("mn04_as")

    return made_once("real_cache", make)
