"""Cost of training: a step, its log-mels, its memory, and the time that the network waits for the loader.

Every model runs in its own processes: on one thread with a ready batch, then on all cores with a loader that makes
batches from decoded clips.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.measure import ONE_THREAD, cpu_ms, report, run_process
from panns.data.clip_lists import Clip, ClipList
from panns.data.shards.decoded import decode_once
from panns.frontend import network_inputs
from panns.models.registry import find_model
from panns.training.engine.batch import Batch
from panns.training.engine.clip_batches import BatchConfig, ClipBatches, ClipTargets, MixConfig
from panns.training.engine.loop import TrainConfig, train
from panns.training.engine.losses import LossConfig, Objective
from panns.training.engine.transfer_learning import from_scratch

# Model, seconds of a clip, clips in a batch, steps.
CASES = (("cnn14", 10.0, 4, 5), ("builtin", 5.0, 32, 12), ("mn04_as", 5.0, 32, 12))
N_CLIPS = 64


def main() -> None:
    """Measure every case and report."""
    rows: list[dict[str, object]] = []
    for name, duration_s, batch_size, _ in CASES:
        one = run_process([sys.executable, "-m", "benchmarks.training", name], **ONE_THREAD)
        every_core = dict.fromkeys(ONE_THREAD, str(os.cpu_count()))
        all_cores = run_process([sys.executable, "-m", "benchmarks.training", name, "loader"], **every_core)
        measured, fed = json.loads(one.stdout), json.loads(all_cores.stdout)
        step_ms, log_mel_ms = measured["step"]["median"] / batch_size, measured["log_mel"]["median"]
        rows.append(
            {
                "model": name,
                "clip, s": f"{duration_s:g}",
                "batch": batch_size,
                "step, CPU-ms per clip": f"{step_ms:.1f}",
                "log-mel, CPU-ms per clip": f"{log_mel_ms:.2f}",
                "log-mel, share of the step": f"{log_mel_ms / step_ms:.1%}",
                "whole batch, CPU-ms per clip": f"{measured['batch']['median'] / batch_size:.2f}",
                "waiting for batches": f"{fed['waiting_share']:.1%}",
                "peak MB": f"{all_cores.peak_mb:.0f}",
            }
        )
    notes = (
        f"{N_CLIPS} clips of noise in 16-bit shards, between-class mixing of every clip, float32, AdamW; the loader "
        "shares the cores with the network"
    )
    report("training", "Training from decoded clips; costs on one thread, waiting time on all cores", rows, notes=notes)


def measure(name: str, *, with_loader: bool) -> dict[str, object]:
    """Measure one case."""
    _, duration_s, batch_size, n_steps = next(case for case in CASES if case[0] == name)
    config = find_model(name).config
    rate = config.frontend.sample_rate
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        audio = decode_once(_clips(folder, duration_s, rate), rate, folder / "decoded")
        targets = ClipTargets([(i % 10,) for i in range(N_CLIPS)], 10)
        settings = BatchConfig(batch_size, durations_s=(duration_s,), mix=MixConfig("between_class"))
        start = from_scratch(name, config, 10, seed=0)
        batches = ClipBatches(audio, targets, start.config, settings, 0)
        ready = batches(0)

        def steps(make_batch: Callable[[int], Batch], n: int, where: str) -> float:
            """CPU seconds of a step, after a warm-up step."""
            network = from_scratch(name, config, 10, seed=0).network
            times: list[float] = []
            train(
                network,
                Objective(LossConfig(task="single-label")),
                make_batch,
                TrainConfig(n_steps=n, log_steps=n, checkpoint_steps=10**6),
                folder / where,
                on_progress=lambda _: times.append(time.process_time()),
            )
            return float(np.median(np.diff(times[:-1])))  # the last step writes the state

        if with_loader:
            steps(batches, n_steps, "loaded")
            line = json.loads((folder / "loaded" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
            return {"waiting_share": line["waiting_share"]}
        torch.set_num_threads(1)
        waveform = audio.waveform(0)[None]
        step_ms = 1e3 * steps(lambda _: ready, max(4, n_steps // 2), "ready")
        return {
            "step": {"median": step_ms},
            "log_mel": asdict(cpu_ms(lambda: network_inputs(waveform, config.frontend))),
            "batch": asdict(cpu_ms(lambda: batches(1), repeats=5, warm_up=1)),
        }


def _clips(folder: Path, duration_s: float, rate: int) -> ClipList:
    """Write files of noise."""
    rng = np.random.default_rng(0)
    clips = []
    for i in range(N_CLIPS):
        path = folder / f"{i}.flac"
        soundfile.write(path, rng.normal(0, 0.1, round(duration_s * rate)), rate)
        clips.append(replace(Clip(path.name), labels=(str(i % 10),)))
    return ClipList(folder, tuple(clips))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], with_loader=len(sys.argv) > 2)))
    else:
        main()
