"""`panns models fetch`: download models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from panns.cli.terminal.bars import DownloadBars, doing
from panns.cli.terminal.output import complain, print_line

if TYPE_CHECKING:
    from panns.checkpoints.checkpoint import Checkpoint
    from panns.system.progress import OnProgress

N_AT_ONCE = 3  # downloads at a time; more would share the connection, and some publishers refuse them


class _Download(NamedTuple):
    """A model to download.

    Attributes:
        name: Its name or address.
        note: Licence and check of the weights; empty if they are known only afterwards.
        download: Downloads its files.
        finish: Converts and verifies them.
    """

    name: str
    note: str
    download: Callable[[OnProgress], object]
    finish: Callable[[], Checkpoint]


def fetch_models(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL", help="Names from `panns models list`, or addresses: https:// or hf:owner/name."
        ),
    ],
    from_file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Use this file instead of downloading; it is verified as well."),
    ] = None,
) -> None:
    """Download models.

    Verifies the published weights, stores them in the cache, and converts them. An interrupted download is resumed. A
    model at an address is downloaded again if it has changed there.
    """
    names = list(dict.fromkeys(names))
    if from_file is not None and len(names) > 1:
        raise typer.BadParameter("--from FILE is the file of one model; give one name")
    jobs = [job for name in names if (job := _job(name, from_file)) is not None]
    has_failed = False
    with DownloadBars() as bars:
        for job, error in _download_all(jobs, bars):
            try:
                if error is not None:
                    raise error
                with doing(f"converting {job.name}"):
                    checkpoint = job.finish()
                print_line(f"{job.name} is ready: {checkpoint.path}")
            except Exception as problem:
                from panns.errors import PannsError

                if len(jobs) == 1 or not isinstance(problem, PannsError):
                    raise
                complain(str(problem))
                has_failed = True
    if has_failed:
        raise typer.Exit(1)


def _job(name: str, from_file: Path | None) -> _Download | None:
    """The download of a model; None, and a line, for one that is part of this package."""
    from panns.errors import WeightsMissing
    from panns.hub.addresses import is_address, read_address
    from panns.hub.resolve import fetch_published, resolve, verify_or_rebuild
    from panns.hub.shared import fetch_shared
    from panns.models import find_model

    if is_address(name):
        address = read_address(name)
        if from_file is not None:
            raise typer.BadParameter("--from FILE is for a name from `panns models list`; load the file by its path")
        return _Download(
            name, "", lambda on_progress: fetch_shared(address, on_progress=on_progress), lambda: resolve(name)
        )
    entry = find_model(name)
    if entry.shipped is not None:
        print_line(f"{name} is ready: it is part of this package")
        return None
    weights = entry.weights
    if weights is None:
        raise WeightsMissing(entry.missing_weights_message)
    return _Download(
        name,
        f"licence of the weights: {weights.licence}; {weights.describe_check()}",
        lambda on_progress: fetch_published(entry, from_file=from_file, on_progress=on_progress),
        lambda: verify_or_rebuild(entry),
    )


def _download_all(jobs: list[_Download], bars: DownloadBars) -> Iterator[tuple[_Download, Exception | None]]:
    """Download several models at a time; yields each in order, with its error or None."""
    from panns.system.parallel import ordered_map

    for job in jobs:
        if job.note:
            complain(job.note if len(jobs) == 1 else f"{job.name}: {job.note}")

    def download(job: _Download) -> Exception | None:
        try:
            job.download(bars.of(job.name))
        except Exception as error:
            return error
        return None

    # Without waiting at the end: an interrupt should not wait for a silent server.
    results = ordered_map(
        download, jobs, n_threads=N_AT_ONCE, n_ahead=len(jobs), on_wait=lambda: None, waits_on_close=False
    )
    yield from zip(jobs, results, strict=True)
