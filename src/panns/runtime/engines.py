"""Imports of the inference engines, with their telemetry off. No other module imports them.

Importing OpenVINO looks up an analytics host and writes an identity into the home folder, unless the variable `CI` is
set. ONNX Runtime has telemetry on some systems.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from types import ModuleType

from panns.system.extras import require

_TELEMETRY = "openvino_telemetry"
_lock = threading.Lock()


def import_onnxruntime() -> ModuleType:
    """Import ONNX Runtime."""
    # Its own switch takes effect only after the import, which is too late.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return importlib.import_module("onnxruntime")


def import_openvino() -> ModuleType:
    """Import OpenVINO.

    Raises:
        MissingExtra: OpenVINO is not installed.
    """
    with _lock:
        # Without this package OpenVINO uses a stub. Declining in a file of the home folder would change the decision of
        # the user for other programs, and `CI` would tell other packages that this is a test machine.
        reporter = sys.modules.get(_TELEMETRY)
        # None is how Python marks a module that cannot be imported.
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
        try:
            require("openvino", what="the backend 'openvino'", extra="openvino")
        finally:
            del sys.modules[_TELEMETRY]
            if reporter is not None:
                sys.modules[_TELEMETRY] = reporter
    return importlib.import_module("openvino")
