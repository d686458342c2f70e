import os
import subprocess
import sys

import numpy as np
import pytest

from panns.frontend import LogMelConfig, mel_bin_range, mel_filters
from panns.frontend.mel_filters import apply_mel_filters, frames_per_product, mel_groups
from panns.models import find_model, list_models
from panns.system.cores import n_cores

ODD = LogMelConfig(sample_rate=48_000, n_fft=8_192, window_samples=4_096, n_mels=250, f_max_hz=24_000)
SPARSE = LogMelConfig(sample_rate=8_000, n_fft=128, window_samples=128, n_mels=64, f_min_hz=0, f_max_hz=4_000)
CONFIGS = {config for entry in list_models() if (config := entry.config.frontend.log_mel) is not None} | {ODD, SPARSE}
ALL = sorted(CONFIGS, key=repr)
STREAM = find_model("stream").config.frontend.log_mel


def describe(config):
    return f"{config.sample_rate}Hz-{config.n_fft}-{config.n_mels}mels-{config.mel_scale}-{config.alignment}"


def random_power(n_frames, config):
    low, high = mel_bin_range(config)
    return np.random.default_rng(0).random((n_frames, high - low), dtype=np.float32)


def apply(power, config):
    out = np.full((len(power), config.n_mels), np.nan, np.float32)
    apply_mel_filters(power, config, out)
    return out


@pytest.mark.parametrize("n_frames", [1, 3, 4, 20])
@pytest.mark.parametrize("config", ALL, ids=describe)
def test_groups_give_the_product_with_the_whole_filter_bank(config, n_frames):
    power, (low, high) = random_power(n_frames, config), mel_bin_range(config)
    expected = power.astype(np.float64) @ mel_filters(config)[low:high].astype(np.float64)
    np.testing.assert_allclose(apply(power, config), expected, rtol=2e-6, atol=0)


@pytest.mark.parametrize("config", ALL, ids=describe)
def test_products_stay_below_the_size_that_openblas_divides_among_threads(config):
    n_frames = frames_per_product(config, 64)
    assert n_frames % 4 == 0
    assert 4 <= n_frames <= 64
    assert n_frames == 4 or max(n_frames * group.weights.size for group in mel_groups(config)) <= 4 * 65_536


def test_four_frames_of_a_stream_have_the_same_bits_in_any_company():
    power = random_power(64, STREAM)
    together = apply(power, STREAM)
    for start in range(0, 64, 4):
        np.testing.assert_array_equal(apply(power[start : start + 4], STREAM), together[start : start + 4])


IDLE_THREADS = """
import threading, time
from pathlib import Path
import numpy as np
import panns

def cpu_ns_of_other_threads():
    mine = str(threading.get_native_id())
    stats = [one for one in Path("/proc/self/task").iterdir() if one.name != mine]
    return len(stats), sum(int((one / "schedstat").read_text().split()[0]) for one in stats)

sound = np.random.default_rng(0).standard_normal(88_200).astype(np.float32) / 10, 44_100
until_s = time.monotonic() + 300
stream, tagger = panns.load("stream"), panns.load(n_threads=1)
n_threads, least = 0, None
while least != 0:  # new threads spin for a moment, soon or late, before they sleep; threads at work are never still
    _, before = cpu_ns_of_other_threads()
    stream.detect(sound)
    tagger.tag(sound)
    n_threads, after = cpu_ns_of_other_threads()
    least = after - before
    if time.monotonic() > until_s:
        break
print(n_threads, least)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux") or n_cores() < 2, reason="reads /proc; needs two cores")
def test_other_threads_stay_idle_whatever_the_environment():
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "4")
    done = subprocess.run(
        [sys.executable, "-c", IDLE_THREADS],
        env=os.environ | threads,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    n_threads, cpu_ns = map(int, done.stdout.split())
    assert n_threads >= 1  # that of BLAS is there
    assert cpu_ns == 0
