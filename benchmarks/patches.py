"""Cost of patch sizes: the base transformer with patches of 64 x 64, 32 x 32 and 16 x 16."""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.material import FOLDER, noise, random_checkpoint
from benchmarks.measure import cpu_ms, report, require_one_thread
from panns.models import find_model
from panns.models.patch_attention import PatchAttentionConfig
from panns.networks.build import construct_network
from panns.networks.complexity import multiply_adds, n_parameters
from panns.runtime.load import load_model

DURATION_S = 10.0
SIZES = (64, 32, 16)


def main() -> None:
    """Measure and report."""
    base = find_model("patch_attention").config
    assert isinstance(base, PatchAttentionConfig)
    rows: list[dict[str, object]] = []
    for size in SIZES:
        patches = replace(base, patch=(size, size), stride=(size, size)).patches
        assert patches is not None
        n_columns = patches.n_columns(base.frontend.n_frames(round(DURATION_S * base.frontend.sample_rate)))
        config = replace(base, patch=(size, size), stride=(size, size), n_columns=n_columns)
        with torch.device("meta"):
            network = construct_network("patch_attention", config)
        found = random_checkpoint("patch_attention", config, FOLDER / f"patch_attention_{size}x{size}")
        model = load_model(found, n_threads=1)
        waveform = noise(DURATION_S, found.manifest.sample_rate)[:, 0][None]
        rows.append(
            {
                "patch": f"{size} x {size}",
                "patches": n_columns * patches.n_rows(base.frontend.n_mels),
                "frame, s": f"{config.frame_hop_s:.2f}",
                "parameters, M": f"{n_parameters(network) / 1e6:.1f}",
                "multiply-adds, G": f"{multiply_adds(network, DURATION_S) / 1e9:.2f}",
                "CPU-ms": cpu_ms(lambda: model.score(waveform), repeats=5, warm_up=1),
            }
        )
    report("patches", "Patch attention, base width, 10 s from waveform to scores, ONNX Runtime, one thread", rows)


if __name__ == "__main__":
    require_one_thread()
    main()
