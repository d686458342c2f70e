"""Mono blocks of a live sound from its channels, and what was replaced in them."""

from __future__ import annotations

import numpy as np

from panns.audio.decoding.mono_mixer import MonoMixer
from panns.audio.decoding.samples import Waveform
from panns.audio.live.live_sound import without_invalid


class LiveMix:
    """Mixes the blocks of one live sound, from first to last; invalid samples become zeros.

    Args:
        sample_rate: Sample rate of the sound, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._mixer = MonoMixer(sample_rate)
        self._sample_rate = sample_rate
        self._n_samples = 0
        self._first_invalid_s: float | None = None

    def mix(self, samples: Waveform) -> Waveform:
        """Mix `(samples, channels)` to `(samples,)`.

        Examples:
            >>> LiveMix(8_000).mix(np.array([[0.5, 0.25], [np.nan, 1.0]], dtype=np.float32))
            array([0.375, 0.   ], dtype=float32)
        """
        with np.errstate(invalid="ignore", over="ignore"):
            mono = self._mixer.mix(samples)
        valid = without_invalid(mono)
        if valid is not mono and self._first_invalid_s is None:
            self._first_invalid_s = self._n_samples / self._sample_rate
        self._n_samples += len(mono)
        return valid

    def pass_silence(self, block: Waveform) -> Waveform:
        """Count silence `(samples,)` in place of lost sound, for the times in the warnings; return it."""
        return self.mix(block[:, None])

    def warnings(self) -> list[str]:
        """Messages about channels that cancel each other, and about invalid samples, if there are any so far."""
        messages = self._mixer.describe_losses()
        if self._first_invalid_s is not None:
            messages.append(
                f"zeros replace values that cannot be audio, the first after {self._first_invalid_s:.2f} s; check the "
                "sample format of the program that sends it"
            )
        return messages
