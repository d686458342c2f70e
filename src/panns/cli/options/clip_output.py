"""Options of `panns detect` that write the sounds of events as clips for review."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from panns.batch.inputs import STDIN
from panns.cli.options import flag_of, wrong_usage

if TYPE_CHECKING:
    from panns.audio.limits import DecodeLimits
    from panns.data.review.clip_folder import ClipFolder
    from panns.data.review.detected_clips import ClipSettings
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
    clip_margin_s: Annotated[
        float, typer.Option("--clip-margin", metavar="S", help="Sound before and after an event, in seconds.")
    ] = 0.5
    clip_length_s: Annotated[
        float,
        typer.Option("--clip-length", metavar="S", help="Longer events are cut into several clips, in seconds."),
    ] = 30.0
    clips_per_class: Annotated[
        int | None,
        typer.Option(
            "--clips-per-class",
            metavar="N",
            help="Maximum number of clips of a class in each sound, those with the highest scores. Default: all.",
            show_default=False,
        ),
    ] = None

    @property
    def described(self) -> dict[str, object]:
        """Everything that decides the clips, beside the events; empty without clips."""
        return {} if self.clips is None else {"clips": str(self.clips), **asdict(self._settings)}

    @property
    def _settings(self) -> ClipSettings:
        from panns.data.review.detected_clips import ClipSettings

        with wrong_usage("--clip-margin", "--clip-length", "--clips-per-class"):
            return ClipSettings(self.clip_margin_s, self.clip_length_s, self.clips_per_class)

    def check(self) -> None:
        """Refuse wrong options before a model is loaded."""
        for one in fields(self):
            if self.clips is None and getattr(self, one.name) != one.default:
                raise typer.BadParameter(f"{flag_of(one.name)} needs --clips FOLDER, the folder of the clips")
        if self.clips is not None and self.clips.exists() and not self.clips.is_dir():
            raise typer.BadParameter(f"--clips {self.clips} is a file; give a folder")
        _ = self._settings

    def open_folder(
        self,
        files: list[str],
        *,
        detected_by: dict[str, str],
        done: Collection[str] | None,
        limits: DecodeLimits,
        has_clock: bool,
    ) -> AbstractContextManager[ClipFolder | None]:
        """The folder of clips, for a `with` block; None in it if it is not wanted.

        Args:
            files: All sounds.
            detected_by: Everything that decides the events.
            done: Sounds whose clips an earlier run wrote; None to begin a new folder.
            limits: Limits on decoding.
            has_clock: True if the results have clock times.
        """
        from panns.data.review.clip_folder import ClipFolder, is_clip_folder

        if self.clips is None:
            return nullcontext()
        if STDIN in files:
            raise typer.BadParameter("--clips reads a sound twice, and standard input comes once; give a file")
        if done and not is_clip_folder(str(self.clips)):
            raise typer.BadParameter(
                f"--clips {self.clips} holds no clips of the {len(done)} sounds in the file of -o; give their folder, "
                "or another file to begin anew"
            )
        return ClipFolder(
            self.clips,
            files,
            self._settings,
            detected_by=detected_by,
            resume=done is not None,
            limits=limits,
            has_clock=has_clock,
        )


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
