"""Nothing is reported to anyone: no look-up, no connection, no process, no file in the home folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Only `CI` keeps some packages from reporting, so it must not be set.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"CI", "TF_BUILD", "JENKINS_URL"}}

WATCH = """
import sys
from pathlib import Path
NETWORK = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.connect", "socket.sendto",
           "socket.sendmsg"}
LOCAL = {"ldconfig", "gcc", "cc", "ld", "objdump", "fc-list"}  # how libraries and fonts of the machine are found
def watch(event, args):
    if event in NETWORK:
        print(event, args, flush=True)
    elif event in {"subprocess.Popen", "os.posix_spawn", "os.exec"} and Path(str(args[0])).name not in LOCAL:
        print(event, args[0], flush=True)
sys.addaudithook(watch)
import numpy as np
"""

HEAR = """
import panns
recognizer = panns.load(backend={backend!r}, device="cpu", n_threads=1)
sound = np.zeros(32_000, np.float32), 32_000
recognizer.tag(sound), recognizer.detect(sound), recognizer.embed(sound)
"""

EXTRAS = {
    "media": "import av",
    "mic": """
import contextlib, panns, panns.audio
with contextlib.suppress(panns.PannsError):
    panns.audio.list_microphones()
""",
    "train": """
import tempfile
import torch
from torch.utils.tensorboard import SummaryWriter
SummaryWriter(tempfile.mkdtemp()).close()
import panns.training.run
""",
    "export": "import torch, onnx, onnxscript, panns.export.to_onnx, panns.export.verify",
    "parquet": "import pyarrow.parquet",
}


def run(code, home):
    environment = ENVIRONMENT | {"HOME": str(home), "USERPROFILE": str(home), "PYTHONPATH": str(ROOT / "src")}
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "PANNS_CACHE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", WATCH + code], env=environment, capture_output=True, text=True, check=True, timeout=600
    )
    return done.stdout, sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("backend", ["onnx", "openvino", pytest.param("torch", marks=pytest.mark.slow)])
def test_a_backend_reports_nothing(backend, tmp_path):
    if backend != "onnx":
        pytest.importorskip(backend)
    assert run(HEAR.format(backend=backend), tmp_path) == ("", [])


@pytest.mark.slow
@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_reports_nothing(extra, tmp_path):
    assert run(EXTRAS[extra], tmp_path) == ("", [])


@pytest.mark.slow
def test_drawing_reports_nothing_and_caches_its_fonts(tmp_path):
    output, files = run("import panns.plot.confusion, matplotlib.pyplot", tmp_path)
    assert output == ""
    assert [path for path in files if "matplotlib" not in path] == []


def test_the_reporter_of_openvino_stays_usable_for_others():
    pytest.importorskip("openvino_telemetry")
    code = "from panns.runtime.engines import import_openvino; import_openvino(); import openvino_telemetry"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
