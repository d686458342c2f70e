"""The log-mel of `panns.frontend` in torch: for training and, as convolutions, inside exported graphs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.frontend import LogMelConfig, fft_window, mel_bin_range, mel_filters
from panns.networks.contract import Network


class LogMel(nn.Module):
    """Waveform `(batch, samples)` to log-mel `(batch, frames, mels)`.

    The filters follow from the config, so a state dict leaves them out.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, config: LogMelConfig) -> None:
        super().__init__()
        self.config = config
        self.set_filters()

    def set_filters(self) -> None:
        """Derive the filters from the config."""
        self.register_buffer("window", torch.tensor(fft_window(self.config)), persistent=False)
        self.register_buffer("filters", torch.tensor(mel_filters(self.config)), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """`(batch, samples)`, at least `config.min_samples` of them, to `(batch, frames, mels)` float32."""
        config = self.config
        if config.pre_emphasis is not None and config.pre_emphasis_in == "waveform":
            waveform = waveform[:, 1:] - config.pre_emphasis * waveform[:, :-1]
        if config.alignment == "causal":
            padded = functional.pad(waveform, (config.n_overlap, -waveform.shape[-1] % config.hop_samples))
        elif config.alignment == "whole":
            after = config.n_fft - config.window_samples - config.window_start
            padded = functional.pad(self._filled(waveform), (config.window_start, after))
        else:
            padded = functional.pad(waveform[:, None], (config.n_fft // 2, config.n_fft // 2), mode="reflect")[:, 0]
        return self.of_padded(padded)

    def _filled(self, waveform: Tensor) -> Tensor:
        """The waveform with the zeros of `config.fill`, as `config.filled` counts them."""
        config = self.config
        if config.fill is None:
            return waveform
        n_first, step = config.filled(1), config.fill[1] * config.hop_samples
        waveform = pad_to_min(waveform, n_first)
        return functional.pad(waveform, (0, (n_first - waveform.shape[-1]) % step))

    def of_padded(self, padded: Tensor) -> Tensor:
        """Log-mel of a waveform that is already padded for its first and last frames."""
        config = self.config
        mel = self._mel_of_convolutions(padded) if torch.compiler.is_exporting() else self._mel_of_ffts(padded)
        # float32 even under autocast: half precision turns the floor of -100 dB into minus infinity.
        mel = mel.float()
        if config.log == "db":
            mel = 10.0 * torch.log10(mel.clamp(min=config.log_floor))
            if config.range_db is not None:
                mel = torch.maximum(mel, mel.amax(dim=(1, 2), keepdim=True) - config.range_db)
        elif config.log == "ln":
            mel = torch.log(mel + config.log_floor)
        else:
            mel = torch.log(mel.clamp(min=config.log_floor))
        return (mel + config.shift) * config.scale

    def _mel_of_ffts(self, padded: Tensor) -> Tensor:
        with torch.autocast(padded.device.type, enabled=False):
            frames = padded.float().unfold(-1, self.config.n_fft, self.config.hop_samples)
            spectrum = torch.fft.rfft(self._windowed(frames), self.config.n_fft)
            if self.config.spectrum == "magnitude":
                mel: Tensor = spectrum.abs() @ self.filters  # abs() has the gradient 0 at 0; that of sqrt() is infinite
            else:
                mel = (spectrum.real.square() + spectrum.imag.square()) @ self.filters
            return mel

    def _windowed(self, frames: Tensor) -> Tensor:
        """Frames `(batch, frames, n_fft)` under the window; those with pre-emphasis without the zeros beside it."""
        config = self.config
        if config.pre_emphasis is None or config.pre_emphasis_in == "waveform":
            return frames * self.window
        under = slice(config.window_start, config.window_start + config.window_samples)
        frames = frames[..., under] - frames[..., under].mean(dim=-1, keepdim=True)
        before = torch.cat([frames[..., :1], frames[..., :-1]], dim=-1)
        return (frames - config.pre_emphasis * before) * self.window[under]

    def _mel_of_convolutions(self, padded: Tensor) -> Tensor:
        """Mel power with the Fourier transform as two convolutions, which every graph runtime supports.

        The convolutions cover only the samples under the window and the bins under the mel filters.
        """
        low, high = mel_bin_range(self.config)
        start = self.config.window_start
        signal = padded[:, None, start : start + padded.shape[-1] - self.config.n_fft + self.config.window_samples]
        spectrum = functional.conv1d(signal, _fourier_kernels(self.config), stride=self.config.hop_samples)
        power = spectrum[:, : high - low].square() + spectrum[:, high - low :].square()
        if self.config.spectrum == "magnitude":
            power = power.sqrt()
        return power.transpose(1, 2) @ self.filters[low:high]


def _fourier_kernels(config: LogMelConfig) -> Tensor:
    """Windowed cosines, then sines, of the bins under the mel filters: `(2 * bins, 1, window_samples)`."""
    samples = np.arange(config.window_start, config.window_start + config.window_samples)
    angle = 2 * np.pi * np.outer(np.arange(*mel_bin_range(config)), samples) / config.n_fft
    kernels = np.concatenate([np.cos(angle), np.sin(angle)]) * fft_window(config)[samples]
    if config.pre_emphasis is not None and config.pre_emphasis_in == "frame":
        # Both steps are linear: k . E (x - mean(x)) = (k E - mean(k E)) . x.
        sample_before = np.eye(config.window_samples)[np.maximum(np.arange(config.window_samples) - 1, 0)]
        kernels -= config.pre_emphasis * (kernels @ sample_before)
        kernels -= kernels.mean(axis=1, keepdims=True)
    # float32 before torch: an exported graph keeps the type, and float64 would double its size.
    return torch.from_numpy(kernels[:, None].astype(np.float32))


def pad_to_min(waveform: Tensor, min_samples: int) -> Tensor:
    """Zeros at the end of a waveform `(batch, samples)` that is shorter than `min_samples`, exactly up to it."""
    missing = torch.sym_max(min_samples - waveform.shape[-1], 0)  # type: ignore[no-untyped-call] # max() of an exported size
    return functional.pad(waveform, (0, missing))


def log_mel_of(network: Network, waveform: Tensor) -> Tensor:
    """Input of `forward_features` for a waveform `(batch, samples)`, by the front end of a network or of its parts."""
    frontend = next(module for module in network.modules() if isinstance(module, LogMel))
    features: Tensor = frontend(pad_to_min(waveform, network.config.min_input_samples))
    return features
