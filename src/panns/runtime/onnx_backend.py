"""The default backend: ONNX Runtime, without torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from panns.checkpoints.checkpoint import ONNX_FILE, Checkpoint
from panns.checkpoints.graph_files import place_parameters, with_external_parameters
from panns.checkpoints.manifest import STATE
from panns.errors import CheckpointError, DeviceUnavailable, one_line
from panns.frontend import InputName
from panns.results import Scores
from panns.runtime.backend import check_graph, choose_n_threads, scores_from_fields
from panns.runtime.call_limit import CALL_LIMIT
from panns.runtime.engines import import_onnxruntime
from panns.system.arrays import Array


class OnnxBackend:
    """A checkpoint in ONNX Runtime, on the CPU or on CUDA."""

    device: str
    inputs: tuple[InputName, ...]
    state_size: int

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str = "auto",
        n_threads: int | None = None,
        *,
        graph: bytes | None = None,
    ) -> None:
        """Load a checkpoint.

        Args:
            checkpoint: The checkpoint.
            device: "auto", "cpu" or "cuda".
            n_threads: Threads for one call; None for the default.
            graph: Graph without parameters to use in place of the checkpoint's own.

        Raises:
            DeviceUnavailable: The device is missing.
            CheckpointError: A file is missing or damaged, or the graph differs from the manifest.
        """
        onnxruntime = import_onnxruntime()
        from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

        available = onnxruntime.get_available_providers()
        has_cuda = "CUDAExecutionProvider" in available
        if device == "cuda" and not has_cuda:
            raise DeviceUnavailable(
                "device='cuda' is not available: the installed onnxruntime runs on the CPU only; "
                "install onnxruntime-gpu in its place, or use backend='torch' or device='cpu'"
            )
        if device == "mps":
            raise DeviceUnavailable(
                "device='mps' is not available on the backend 'onnx', which supports cpu and cuda; use backend='torch'"
            )
        self.device = "cuda" if device == "cuda" or (device == "auto" and has_cuda) else "cpu"
        self.inputs = checkpoint.onnx_inputs
        self.state_size = checkpoint.manifest.state_size
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = choose_n_threads(n_threads, checkpoint.manifest)
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors only; a user cannot act on warnings of the optimiser
        # With memory patterns, every new length of a window would keep its own buffers.
        options.enable_mem_pattern = False
        providers = (
            ["CPUExecutionProvider"] if self.device == "cpu" else ["CUDAExecutionProvider", "CPUExecutionProvider"]
        )
        self._run_options = onnxruntime.RunOptions
        model: str | bytes
        if graph is None and checkpoint.has_file(ONNX_FILE):
            path = checkpoint.verified_file(ONNX_FILE)
            model = str(path)
        else:
            parameters = checkpoint.open_parameters()
            path = parameters.path
            graph = checkpoint.read_graph() if graph is None else graph
            model = with_external_parameters(graph, place_parameters(graph, parameters), path.name)
            # ONNX Runtime maps the file, so parameters that it does not rearrange take no memory of the process.
            options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(path.parent))
        self._path = path
        self._errors = (
            ort_errors.Fail,
            ort_errors.InvalidArgument,
            ort_errors.InvalidGraph,
            ort_errors.InvalidProtobuf,
            ort_errors.NotImplemented,
            ort_errors.RuntimeException,
            UnicodeDecodeError,  # the error message itself contains a damaged name
        )
        try:
            self._session = onnxruntime.InferenceSession(model, sess_options=options, providers=providers)
        except self._errors as exc:
            raise CheckpointError(f"{path} cannot be run by ONNX Runtime: {one_line(exc)}; export it again") from exc
        if self.device == "cuda" and "CUDAExecutionProvider" not in self._session.get_providers():
            if device == "cuda":
                raise DeviceUnavailable(
                    "device='cuda' is not available: ONNX Runtime found no usable GPU; use device='cpu'"
                )
            self.device = "cpu"
        self._output_names = [output.name for output in self._session.get_outputs()]
        check_graph(path, checkpoint, [one.name for one in self._session.get_inputs()], self._output_names)

    def __call__(self, *batch: Array) -> Scores:
        """Score a batch: one array for each of `inputs`."""
        arrays = map(np.ascontiguousarray, batch)
        return scores_from_fields(self._output_names, self._run(dict(zip(self.inputs, arrays, strict=True))))

    def step(self, batch: Array, state: Array) -> tuple[Scores, Array]:
        """Score whole blocks `(batch, ...)` of streams; returns the scores and the next states `(batch, numbers)`."""
        (name,) = self.inputs
        arrays = self._run({name: np.ascontiguousarray(batch), STATE: state})
        return scores_from_fields(self._output_names, arrays), arrays[-1]

    def _run(self, inputs: Mapping[str, Array]) -> list[Array]:
        options = self._run_options()
        options.log_severity_level = 4  # errors are raised; only what ends the process is printed
        try:
            with CALL_LIMIT.limited(lambda: setattr(options, "terminate", True)):
                arrays: list[Array] = self._session.run(self._output_names, inputs, options)
        except self._errors as exc:
            if options.terminate:
                raise CheckpointError(
                    f"{self._path} computes for longer than {CALL_LIMIT.limit_s:g} s, as no model of panns does; use "
                    "a file that `panns export` wrote"
                ) from exc
            raise CheckpointError(
                f"{self._path} fails in ONNX Runtime: {one_line(exc)}; export it again, unless the "
                "machine is short of memory"
            ) from exc
        return arrays
