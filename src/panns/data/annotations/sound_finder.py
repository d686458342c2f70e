"""Find the sounds that annotation programs name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath, PureWindowsPath

from panns.audio.sound_files import find_sound_files
from panns.errors import DataError
from panns.system.files import is_file


class SoundFinder:
    """Finds sounds that annotation programs name: by path, by path from a folder, or by name below the folder.

    Programs store a path of another computer, a name without folder, or a name without suffix.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_name: dict[str, list[Path]] | None = None

    def find(self, file: str) -> Path:
        """The sound that a file names.

        Raises:
            DataError: There is none, or several have its name.
        """
        for candidate in (self._folder / file, Path(file)):
            if is_file(candidate):
                return candidate
        name = PureWindowsPath(file).name if "\\" in file else PurePath(file).name
        found = self._named(name)
        if len(found) != 1:
            problem = f"several sounds below {self._folder} have its name" if found else "no such sound"
            raise DataError(
                f"{file:.200}: {problem}; put the annotations beside their sounds"
                + ("" if found else f", or the sound below {self._folder}")
            )
        return found[0]

    def _named(self, name: str) -> Sequence[Path]:
        if self._by_name is None:
            self._by_name = {}
            paths = map(Path, find_sound_files(str(self._folder), on_error=lambda _: None))
            for path in paths:
                for key in {path.name, path.stem}:
                    self._by_name.setdefault(key, []).append(path)
        return self._by_name.get(name, [])
