"""Front ends: from a waveform to the input of a network, in numpy.

`config.py` holds the settings, `log_mel.py` computes log-mel spectrograms with the filter banks of `mel_filters.py`.
"""

from panns.frontend.config import Frontend, InputName, LogMelConfig, WaveformAndLogMelConfig, WaveformConfig
from panns.frontend.log_mel import compress, fft_window, log_mel, log_mel_block, network_inputs, silence
from panns.frontend.mel_filters import mel_bin_range, mel_filters

__all__ = [
    "Frontend",
    "InputName",
    "LogMelConfig",
    "WaveformAndLogMelConfig",
    "WaveformConfig",
    "compress",
    "fft_window",
    "log_mel",
    "log_mel_block",
    "mel_bin_range",
    "mel_filters",
    "network_inputs",
    "silence",
]
