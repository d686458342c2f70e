"""Our checkpoint: a folder, or one exported `.onnx` file, that needs nothing else to be run.

model.json          the manifest
model.safetensors   parameters, for torch
model.onnx          log-mel to scores, for the other backends; made from the former when first asked for
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from panns.checkpoints.manifest import FileDigest, ModelManifest
from panns.checkpoints.onnx_metadata import read_onnx_metadata
from panns.errors import CheckpointError
from panns.frontend import InputName
from panns.system.files import file_digests, replacing

MANIFEST_FILE = "model.json"
TORCH_FILE = "model.safetensors"
ONNX_FILE = "model.onnx"
METADATA_KEY = "panns"


@dataclass(frozen=True)
class Checkpoint:
    """A manifest and where its files are.

    Attributes:
        path: A folder, or one exported `.onnx` file.
        manifest: The manifest.
    """

    path: Path
    manifest: ModelManifest

    @property
    def is_exported_file(self) -> bool:
        """Whether this is a single `.onnx` file."""
        return self.path.is_file()

    @property
    def onnx_inputs(self) -> tuple[InputName, ...]:
        """What its `.onnx` file reads; that of a folder always has the front end outside."""
        is_inside = self.is_exported_file and self.manifest.input == "waveform"
        return ("waveform",) if is_inside else self.manifest.config.frontend.inputs

    def has(self, name: str) -> bool:
        """Whether the checkpoint holds that file."""
        if self.is_exported_file:
            return name == ONNX_FILE
        return name in self.manifest.files and (self.path / name).is_file()

    def file(self, name: str) -> Path:
        """A file of the checkpoint, checked against its digest.

        Raises:
            CheckpointError: It is missing or was changed.
        """
        if self.is_exported_file:
            return self.path
        path, expected = self.path / name, self.manifest.files[name]
        again = f"make the checkpoint again, in the cache by `panns models fetch {self.manifest.architecture}`"
        if not path.is_file():
            raise CheckpointError(f"{path} is missing, though {MANIFEST_FILE} beside it names it; {again}")
        if path.stat().st_size != expected.n_bytes or file_digests(path)["sha256"] != expected.sha256:
            raise CheckpointError(f"{path} is not the file that {MANIFEST_FILE} beside it names; {again}")
        return path

    def check(self) -> None:
        """Check every file that the manifest names.

        Raises:
            CheckpointError: One is missing or was changed.
        """
        for name in self.manifest.files:
            self.file(name)

    def with_files(self, *names: str) -> Checkpoint:
        """The same checkpoint after files of these names were written to its folder; writes the manifest."""
        new = {
            name: FileDigest((self.path / name).stat().st_size, file_digests(self.path / name)["sha256"])
            for name in names
        }
        manifest = replace(self.manifest, files={**self.manifest.files, **new})
        with replacing(self.path / MANIFEST_FILE) as partial:
            partial.write_text(manifest.to_json(), encoding="utf-8")
        return replace(self, manifest=manifest)


def open_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint at a path.

    Raises:
        CheckpointError: There is none, or it is damaged.
    """
    if path.is_dir():
        manifest_path = path / MANIFEST_FILE
        if not manifest_path.is_file():
            raise CheckpointError(
                f"{path} holds no {MANIFEST_FILE}; a checkpoint is a folder with one, or an exported .onnx file"
            )
        try:
            text = manifest_path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise CheckpointError(f"{manifest_path} cannot be read: {exc}") from exc
        return Checkpoint(path, ModelManifest.from_json(text, where=str(manifest_path)))
    if path.suffix == ".onnx":
        text_or_none = read_onnx_metadata(path).get(METADATA_KEY)
        if text_or_none is None:
            raise CheckpointError(
                f"{path} carries no manifest of panns; only models that `panns export` wrote can be run"
            )
        return Checkpoint(path, ModelManifest.from_json(text_or_none, where=str(path)))
    raise CheckpointError(
        f"{path} is not a checkpoint; give a folder with {MANIFEST_FILE} or an exported .onnx file. "
        "A published .pth or .pt file is loaded by the model's name with `--weights FILE`"
    )
