"""A graph that computes for too long in OpenVINO, which cannot stop it: its call ends, and so does the process."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from panns.errors import CheckpointError
from panns.runtime import openvino_backend
from panns.runtime.call_limit import CallLimit
from panns.runtime.openvino_backend import OpenVinoBackend


class Request:
    """An inference request that ends at a certain look."""

    def __init__(self, n_looks):
        self._left = n_looks

    def start_async(self, inputs, *, share_inputs):
        assert share_inputs
        self.data = 2 * inputs[0]

    def wait_for(self, milliseconds):
        assert milliseconds == 1
        self._left -= 1
        return self._left <= 0

    def get_output_tensor(self, _number):
        return self


def backend_of(model, request=None):
    backend = OpenVinoBackend.__new__(OpenVinoBackend)
    backend._path, backend._output_names, backend._model = Path("endless.onnx"), ["y"], model
    backend._local, backend._pid = threading.local(), os.getpid()
    if request is not None:
        backend._local.request = request
    return backend


@pytest.mark.parametrize(("n_looks", "is_stopped"), [(1, False), (4, False), (5, True)])
def test_a_call_has_its_time_and_no_more(n_looks, is_stopped, monkeypatch):
    monkeypatch.setattr(openvino_backend, "CALL_LIMIT", CallLimit(0.004, tick_s=0.001))
    backend = backend_of(object(), Request(n_looks))
    if is_stopped:
        with pytest.raises(CheckpointError, match=r"endless\.onnx computes for longer than 0\.004 s"):
            backend._infer(np.ones(3, np.float32))
        assert not hasattr(backend._local, "request")  # the next call gets another one
    else:
        assert backend._infer(np.ones(3, np.float32))[0].tolist() == [2, 2, 2]


ENDLESS = """
import sys
import numpy as np
import onnx
from onnx import helper, TensorProto
from panns.runtime import openvino_backend
from panns.runtime.call_limit import CallLimit
from panns.runtime.engines import import_openvino
from tests.runtime.test_openvino_backend import backend_of

value = helper.make_tensor_value_info
numbers = [TensorProto.FLOAT, [1, 8]]
body = helper.make_graph(
    [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Sin", ["a"], ["b"])],
    "body",
    [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("a", *numbers)],
    [value("go_on", TensorProto.BOOL, []), value("b", *numbers)],
)
constants = [
    helper.make_tensor("n", TensorProto.INT64, [], [2**40]),
    helper.make_tensor("t", TensorProto.BOOL, [], [True]),
]
loop = helper.make_node("Loop", ["n", "t", "x"], ["y"], body=body)
graph = helper.make_graph([loop], "graph", [value("x", *numbers)], [value("y", *numbers)], constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.save(model, sys.argv[1])
compiled = import_openvino().Core().compile_model(sys.argv[1], "CPU", {"INFERENCE_NUM_THREADS": 1})
openvino_backend.CALL_LIMIT = CallLimit(0.2, tick_s=0.1)
backend_of(compiled)._infer(np.ones((1, 8), np.float32))
"""


@pytest.mark.slow
def test_a_process_ends_beside_an_endless_call(tmp_path):
    pytest.importorskip("openvino")
    pytest.importorskip("onnx")
    command = [sys.executable, "-c", ENDLESS, str(tmp_path / "loop.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 1
    assert "endless.onnx computes for longer than 0.2 s" in done.stderr.splitlines()[-1]
