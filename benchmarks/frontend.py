"""Log-mel of 10 s of sound, in numpy, torch and librosa."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.material import noise
from benchmarks.measure import cpu_ms, report, require_one_thread
from panns.frontend import LogMelConfig, log_mel
from panns.models.efficientat import KALDI_LOGMEL

Array = npt.NDArray[np.floating]


def main() -> None:
    """Measure and report."""
    import torch

    from panns.networks.frontend import LogMel

    torch.set_num_threads(1)
    rows: list[dict[str, object]] = []
    for title, config in (
        ("PANNs, 64 bands", LogMelConfig()),
        ("PANNs, 128 bands", LogMelConfig(n_mels=128)),
        ("EfficientAT, 128 bands", KALDI_LOGMEL),
    ):
        waveform = noise(10, config.sample_rate)[:, 0]
        batch, module = torch.from_numpy(waveform)[None], LogMel(config)
        ours = cpu_ms(lambda: log_mel(waveform, config))
        rows.append({"log-mel": title, "by": "panns, numpy", "CPU-ms": ours, "ratio": "1"})
        with torch.inference_mode():
            twin = cpu_ms(lambda: module(batch))
        rows.append(
            {"log-mel": title, "by": "panns, torch", "CPU-ms": twin, "ratio": f"{twin.median / ours.median:.1f}"}
        )
        if config.mel_scale == "slaney":
            theirs = cpu_ms(lambda: _librosa(waveform, config))
            row = {"log-mel": title, "by": "librosa", "CPU-ms": theirs, "ratio": f"{theirs.median / ours.median:.1f}"}
            rows.append(row)
    report("frontend", "Log-mel of 10 s at 32 kHz, one thread", rows)


def _librosa(waveform: Array, config: LogMelConfig) -> Array:
    import librosa

    mel = librosa.feature.melspectrogram(
        y=waveform, sr=config.sample_rate, n_fft=config.n_fft, hop_length=config.hop_samples,
        n_mels=config.n_mels, fmin=config.f_min_hz, fmax=config.f_max_hz, pad_mode="reflect",
    )  # fmt: skip
    decibels: Array = librosa.power_to_db(mel, amin=1e-10, top_db=None)
    return decibels


if __name__ == "__main__":
    require_one_thread()
    main()
