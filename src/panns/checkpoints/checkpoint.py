"""A checkpoint: a folder, or one exported `.onnx` file, that runs without any other file.

model.json          the manifest
model.safetensors   the parameters
graph.onnx          from log-mel to scores, without parameters; models with the config of their registered name lack it,
                    because the package has their graph
model.onnx          from log-mel to scores, with parameters, in older checkpoints
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from panns.checkpoints.digest_cache import file_sha256
from panns.checkpoints.graph_files import has_shipped_graph, shipped_graph
from panns.checkpoints.manifest import FileDigest, ModelManifest
from panns.checkpoints.onnx_metadata import check_seal, read_onnx_metadata, refuse_unsafe_graph
from panns.checkpoints.tensor_file import TensorFile
from panns.errors import CheckpointError
from panns.frontend import InputName
from panns.models.parameters import misfit, parameters_of
from panns.models.registry import SHIPPED, find_model
from panns.system.files import read_regular, replacing

MANIFEST_FILE = "model.json"
TORCH_FILE = "model.safetensors"
ONNX_FILE = "model.onnx"
GRAPH_FILE = "graph.onnx"
METADATA_KEY = "panns"
MAX_MANIFEST_BYTES = 64 << 20
_MAX_GRAPH_BYTES = 256 << 20


@dataclass(frozen=True)
class Checkpoint:
    """A manifest and the files that it describes.

    Attributes:
        path: Folder, or exported `.onnx` file.
        manifest: The manifest.
    """

    path: Path
    manifest: ModelManifest

    @property
    def is_exported_file(self) -> bool:
        """True for a single `.onnx` file."""
        return self.path.is_file()

    @property
    def onnx_inputs(self) -> tuple[InputName, ...]:
        """Inputs of the `.onnx` file; in a folder the front end is always outside the file."""
        is_inside = self.is_exported_file and self.manifest.input == "waveform"
        return ("waveform",) if is_inside else self.manifest.config.frontend.inputs

    def has_file(self, name: str) -> bool:
        """True if the checkpoint holds a file of that name."""
        if self.is_exported_file:
            return name == ONNX_FILE
        return name in self.manifest.files and (self.path / name).is_file()

    @property
    def has_graph(self) -> bool:
        """True if the checkpoint has a graph without parameters: its own, or one in the package."""
        return self.has_file(TORCH_FILE) and (self.has_file(GRAPH_FILE) or self._has_shipped_graph)

    @property
    def _has_shipped_graph(self) -> bool:
        manifest = self.manifest
        is_registered = has_shipped_graph(manifest.architecture)
        return (
            is_registered
            and manifest.config == find_model(manifest.architecture).config
            and manifest.activation == "sigmoid"
        )

    def read_graph(self) -> bytes:
        """The graph without parameters: its own, or the one in the package.

        Raises:
            CheckpointError: The file is damaged.
        """
        if not self.has_file(GRAPH_FILE):
            return shipped_graph(self.manifest.architecture)
        path = self.verified_file(GRAPH_FILE)
        try:
            return read_regular(path, max_bytes=_MAX_GRAPH_BYTES)
        except OSError as exc:
            raise CheckpointError(f"cannot read {path}: {exc}") from exc

    def open_parameters(self) -> TensorFile:
        """The parameter file, verified; for a graph in the package, with the names and shapes that this graph needs.

        A runtime may stretch an array of another shape, and give other scores without an error.

        Raises:
            CheckpointError: The file is missing or damaged, or belongs to another model.
        """
        file = TensorFile(self.verified_file(TORCH_FILE).resolve())
        manifest = self.manifest
        is_part_of_package = self.path.is_relative_to(SHIPPED)  # saves reading the table of all models
        if not self.has_file(GRAPH_FILE) and self._has_shipped_graph and not is_part_of_package:
            shapes = {name: array.shape for name, array in file.arrays.items()}
            problem = misfit(shapes, parameters_of(manifest.architecture))
            if problem is not None:
                raise CheckpointError(f"{file.path} does not fit {manifest.architecture}: {problem}; get it again")
        return file

    def verified_file(self, name: str) -> Path:
        """Path of a file of the checkpoint, after a check of its size and digest.

        `open_checkpoint` has checked the digest of a single file.

        Raises:
            CheckpointError: The file is missing, differs from the manifest, or has a graph that no export writes.
        """
        if self.is_exported_file:
            refuse_unsafe_graph(self.path)
            return self.path
        path, expected = self.path / name, self.manifest.files[name]
        remedy = (
            "make the checkpoint again; for one in the cache, with `panns models fetch` and the name or address of the "
            "model"
        )
        if not path.is_file():
            raise CheckpointError(f"{path} is missing, but {MANIFEST_FILE} lists it; {remedy}")
        if path.stat().st_size != expected.n_bytes or file_sha256(path) != expected.sha256:
            raise CheckpointError(f"{path} differs from the size or digest in {MANIFEST_FILE}; {remedy}")
        if name in (ONNX_FILE, GRAPH_FILE):
            refuse_unsafe_graph(path)
        return path

    def verify(self) -> None:
        """Check every file that the manifest lists.

        Raises:
            CheckpointError: A file is missing, or differs from the manifest.
        """
        for name in self.manifest.files:
            self.verified_file(name)

    def record_files(self, *names: str) -> Checkpoint:
        """Write the manifest, with the current size and digest of the named files of the folder.

        Returns:
            The checkpoint with the new manifest.
        """
        new = {name: FileDigest((self.path / name).stat().st_size, file_sha256(self.path / name)) for name in names}
        manifest = replace(self.manifest, files={**self.manifest.files, **new})
        with replacing(self.path / MANIFEST_FILE) as partial:
            partial.write_text(manifest.to_json(), encoding="utf-8")
        return replace(self, manifest=manifest)


def open_checkpoint(path: Path) -> Checkpoint:
    """Read the manifest of a checkpoint folder or of an exported file.

    Raises:
        CheckpointError: `path` is not a checkpoint, or its manifest or the exported file is damaged.
    """
    if path.is_dir():
        manifest_path = path / MANIFEST_FILE
        if not manifest_path.is_file():
            raise CheckpointError(
                f"{path} has no {MANIFEST_FILE}; a checkpoint is a folder with one, or an exported .onnx file"
            )
        try:
            text = read_regular(manifest_path, max_bytes=MAX_MANIFEST_BYTES).decode()
        except (OSError, UnicodeDecodeError) as exc:
            raise CheckpointError(f"cannot read {manifest_path}: {exc}") from exc
        return Checkpoint(path, ModelManifest.from_json(text, where=str(manifest_path)))
    if path.suffix == ".onnx":
        text_or_none = read_onnx_metadata(path).get(METADATA_KEY)
        if text_or_none is None:
            raise CheckpointError(f"{path} has no manifest; use a file that `panns export` wrote")
        check_seal(path)
        return Checkpoint(path, ModelManifest.from_json(text_or_none, where=str(path)))
    raise CheckpointError(
        f"{path} is not a checkpoint; give a folder with {MANIFEST_FILE} or an exported .onnx file. "
        "To load a published file, such as a .pth, give the name of its model with `--weights FILE`"
    )


def open_intact(folder: Path) -> Checkpoint | None:
    """A checkpoint folder whose files all match its manifest; None if it is missing or damaged."""
    try:
        checkpoint = open_checkpoint(folder)
        checkpoint.verify()
    except CheckpointError:
        return None
    return checkpoint
