"""Memory does not grow with the duration of a sound."""

import pytest

from tests.commands import needs_posix, run_python, succeed
from tests.sounds import write_silent_wav

PEAK_MB = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "panns", *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(peak / (1e6 if sys.platform == "darwin" else 1e3))
"""

pytestmark = needs_posix


def peak_mb(path, model, timeout_s=600):
    return float(succeed(run_python(PEAK_MB, "tag", path, "--model", model, timeout_s=timeout_s)))


@pytest.mark.slow
def test_ten_minutes_take_no_more_than_one(tiny_checkpoint, tmp_path):
    one = peak_mb(write_silent_wav(tmp_path / "1min.wav", 60), tiny_checkpoint)
    ten = peak_mb(write_silent_wav(tmp_path / "10min.wav", 600), tiny_checkpoint)
    assert ten < one + 40
    assert ten < 300


@pytest.mark.slow
def test_ten_hours_stay_under_300_mb(tiny_checkpoint, tmp_path):
    assert peak_mb(write_silent_wav(tmp_path / "10h.wav", 36_000), tiny_checkpoint, timeout_s=6000) < 300
