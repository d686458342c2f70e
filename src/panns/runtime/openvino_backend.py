"""The OpenVINO backend: runs the `.onnx` file in float32."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from panns.checkpoints.checkpoint import ONNX_FILE, Checkpoint
from panns.errors import CheckpointError, DeviceUnavailable
from panns.frontend import InputName
from panns.results import Array, Scores
from panns.runtime.backend import check_graph, choose_n_threads, scores_from_fields
from panns.runtime.engines import import_openvino

if TYPE_CHECKING:
    from openvino import InferRequest


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
        self._path = path = checkpoint.verified_file(ONNX_FILE)
        try:
            self._model = openvino.Core().compile_model(str(path), "CPU", settings)
        except RuntimeError as exc:
            raise CheckpointError(f"{path} cannot be run by OpenVINO: {exc}; export it again") from exc
        self._output_names = [output.get_any_name() for output in self._model.outputs]
        check_graph(path, checkpoint, [one.get_any_name() for one in self._model.inputs], self._output_names)
        self._local = threading.local()

    def __call__(self, *batch: Array) -> Scores:
        """Score a batch: one array for each of `inputs`."""
        return scores_from_fields(self._output_names, self._infer(*batch))

    def step(self, batch: Array, state: Array) -> tuple[Scores, Array]:
        """Score whole blocks `(batch, ...)` of streams; returns the scores and the next states `(batch, numbers)`."""
        arrays = self._infer(batch, state)
        return scores_from_fields(self._output_names, arrays), arrays[-1]

    def _infer(self, *inputs: Array) -> list[Array]:
        try:
            result = self._request().infer(dict(enumerate(inputs)), share_inputs=True)
        except RuntimeError as exc:
            raise CheckpointError(
                f"{self._path} fails in OpenVINO: {exc}; export it again, unless the machine is short of memory"
            ) from exc
        return [result[i].copy() for i in range(len(self._output_names))]

    def _request(self) -> InferRequest:
        """The inference request of this thread; a request runs one batch at a time."""
        if not hasattr(self._local, "request"):
            self._local.request = self._model.create_infer_request()
        request: InferRequest = self._local.request
        return request
