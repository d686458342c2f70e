"""The OpenVINO backend: runs the `.onnx` file in float32."""

from __future__ import annotations

import ctypes
import io
import os
import threading
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from panns.checkpoints.checkpoint import ONNX_FILE, Checkpoint
from panns.checkpoints.graph_files import place_parameters, with_parameters_as_inputs
from panns.checkpoints.tensor_file import TensorFile
from panns.errors import CheckpointError, DeviceUnavailable, one_line
from panns.frontend import InputName
from panns.results import Scores
from panns.runtime.backend import check_graph, choose_n_threads, scores_from_fields
from panns.runtime.call_limit import CALL_LIMIT
from panns.runtime.engines import import_openvino
from panns.system.arrays import Array

if TYPE_CHECKING:
    from openvino import InferRequest, Model


class OpenVinoBackend:
    """A checkpoint in OpenVINO, on the CPU."""

    device: str
    inputs: tuple[InputName, ...]
    state_size: int

    def __init__(self, checkpoint: Checkpoint, device: str = "auto", n_threads: int | None = None) -> None:
        openvino = import_openvino()
        if device not in ("auto", "cpu"):
            raise DeviceUnavailable(
                f"device={device!r} is not available on the backend 'openvino', which supports cpu; use backend='torch'"
            )
        self.device = "cpu"
        self.inputs = checkpoint.onnx_inputs
        self.state_size = checkpoint.manifest.state_size
        settings = {
            # Processors with bfloat16 would otherwise compute in it, and scores would differ by 1e-2.
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": choose_n_threads(n_threads, checkpoint.manifest),
        }
        is_whole = checkpoint.has_file(ONNX_FILE)
        parameters = None if is_whole else checkpoint.open_parameters()
        self._path = path = checkpoint.verified_file(ONNX_FILE) if parameters is None else parameters.path
        try:
            model = str(path) if parameters is None else _with_constants(openvino, checkpoint.read_graph(), parameters)
            self._model = openvino.Core().compile_model(model, "CPU", settings)
        except RuntimeError as exc:
            raise CheckpointError(f"{path} cannot be run by OpenVINO: {one_line(exc)}; export it again") from exc
        self._output_names = [output.get_any_name() for output in self._model.outputs]
        check_graph(path, checkpoint, [one.get_any_name() for one in self._model.inputs], self._output_names)
        self._local = threading.local()
        self._pid = os.getpid()

    def __call__(self, *batch: Array) -> Scores:
        """Score a batch: one array for each of `inputs`."""
        return scores_from_fields(self._output_names, self._infer(*batch))

    def step(self, batch: Array, state: Array) -> tuple[Scores, Array]:
        """Score whole blocks `(batch, ...)` of streams; returns the scores and the next states `(batch, numbers)`."""
        arrays = self._infer(batch, state)
        return scores_from_fields(self._output_names, arrays), arrays[-1]

    def _infer(self, *inputs: Array) -> list[Array]:
        request = self._request()
        try:
            if os.getpid() == self._pid:
                request.start_async(dict(enumerate(inputs)), share_inputs=True)
                has_ended = CALL_LIMIT.waits(lambda seconds: request.wait_for(round(1000 * seconds)))
            else:  # a forked process has no other threads, so nobody would take the call
                request.infer(dict(enumerate(inputs)), share_inputs=True)
                has_ended = True
            if has_ended:
                return [request.get_output_tensor(i).data.copy() for i in range(len(self._output_names))]
        except RuntimeError as exc:
            raise CheckpointError(
                f"{self._path} fails in OpenVINO: {one_line(exc)}; export it again, unless the "
                "machine is short of memory"
            ) from exc
        self._abandon(request)
        raise CheckpointError(
            f"{self._path} computes for longer than {CALL_LIMIT.limit_s:g} s, as no model of panns does; use a file "
            "that `panns export` wrote"
        )

    def _abandon(self, request: InferRequest) -> None:
        """Leave a call to its thread, which ends with the process: OpenVINO cannot stop it within an operator."""
        del self._local.request
        for one in (request, self._model):  # their ends would wait for the call
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))

    def _request(self) -> InferRequest:
        """The inference request of this thread; a request runs one batch at a time."""
        if not hasattr(self._local, "request"):
            self._local.request = self._model.create_infer_request()
        request: InferRequest = self._local.request
        return request


def _with_constants(openvino: ModuleType, graph: bytes, file: TensorFile) -> Model:
    """A graph with its parameters as constants that stay in the mapped file."""
    placed = place_parameters(graph, file)
    model: Model = openvino.Core().read_model(io.BytesIO(with_parameters_as_inputs(graph, placed)))
    parts = {part.value_name: part for part, _array in placed}
    for parameter in model.get_parameters():
        part = parts.get(parameter.get_friendly_name())
        if part is not None:
            array = file.array(part.name)
            rows = array if part.first is None else array[part.first : part.last]
            constant = openvino.opset13.constant(np.asarray(rows, np.float32), shared_memory=True)
            parameter.output(0).replace(constant.output(0))
            model.remove_parameter(parameter)
    model.validate_nodes_and_infer_types()
    return model
