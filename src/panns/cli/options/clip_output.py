"""Options of `panns detect` that write the sounds of events as clips for review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from panns.batch.inputs import STDIN
from panns.cli.options import wrong_usage

if TYPE_CHECKING:
    from panns.audio.limits import DecodeLimits
    from panns.data.review.clip_folder import ClipFolder
    from panns.results import Detection
    from panns.system.progress import OnProgress


@dataclass(frozen=True)
class ClipOutputOptions:
    """Folder of clips; a group of options."""

    clips: Annotated[
        Path | None,
        typer.Option(
            "--clips",
            metavar="FOLDER",
            help="Write the sound of each event to a WAV file in this folder, with a table for the reviewer. "
            "`panns review` makes a clip list of the answers.",
        ),
    ] = None
    margin_s: Annotated[
        float, typer.Option("--clip-margin", metavar="S", help="Sound before and after an event, in seconds.")
    ] = 0.5
    max_s: Annotated[
        float,
        typer.Option("--clip-length", metavar="S", help="Longer events are cut into several clips, in seconds."),
    ] = 30.0
    n_per_class: Annotated[
        int | None,
        typer.Option(
            "--clips-per-class",
            metavar="N",
            help="Maximum number of clips of a class in each sound, those with the highest scores. Default: all.",
            show_default=False,
        ),
    ] = None

    def open_folder(self, files: list[str], *, done: set[str] | None, limits: DecodeLimits) -> ClipFolder | None:
        """The folder of clips; None if it is not wanted.

        Args:
            files: All sounds.
            done: Sounds whose clips are kept; None to begin anew.
            limits: Limits on decoding.
        """
        from panns.data.review.clip_folder import ClipFolder
        from panns.data.review.detected_clips import ClipSettings

        with wrong_usage("--clip-margin", "--clip-length", "--clips-per-class"):
            settings = ClipSettings(self.margin_s, self.max_s, self.n_per_class)
        if self.clips is None:
            return None
        if STDIN in files:
            raise typer.BadParameter("--clips reads a sound twice, and standard input comes once; give a file")
        if self.clips.exists() and not self.clips.is_dir():
            raise typer.BadParameter(f"--clips {self.clips} is a file; give a folder")
        return ClipFolder(self.clips, files, settings, done=done, limits=limits)


def with_clips(
    detect_in_file: Callable[[str | BinaryIO, OnProgress], Detection], folder: ClipFolder | None
) -> Callable[[str | BinaryIO, OnProgress], Detection]:
    """A function that also writes the clips of what it detects."""
    if folder is None:
        return detect_in_file

    def detect_and_write(source: str | BinaryIO, on_progress: OnProgress) -> Detection:
        detection = detect_in_file(source, on_progress)
        assert isinstance(source, str)
        folder.write_clips(source, detection)
        return detection

    return detect_and_write
