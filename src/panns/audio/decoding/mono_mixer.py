"""Mix channels to mono: their mean, or the louder channel where they cancel each other."""

from __future__ import annotations

import numpy as np

from panns.audio.decoding.samples import Waveform, mix_to_mono

# Energy of the sum of all channels over the sum of their energies: 1 for unrelated channels, the number of channels for
# equal ones, 0 for opposite ones. Below the first value (a correlation of -0.75 in stereo) the mean loses most of the
# sound; above the second it is used again.
_CANCELS, _COHERES = 0.25, 0.5
# Time over which the energies are averaged, so that single waves do not decide.
_AVERAGED_S = 0.1
_FADE_S = 0.01


class MonoMixer:
    """Mixes the blocks of one sound, from first to last.

    A cable with reversed polarity, or a player's "karaoke" setting, makes one channel the negative of the other. Their
    mean is silence.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._n_channels = 0
        self._channel: int | None = None  # None: the mean
        self._energy = self._summed = 0.0
        self._n_samples = 0
        self._n_cancelled = 0
        self._first_cancelled_s = 0.0
        self._used: set[int] = set()

    def mix(self, samples: Waveform) -> Waveform:
        """Mix `(samples, channels)` to `(samples,)`.

        Examples:
            >>> MonoMixer(8_000).mix(np.array([[0.5, -0.5], [-1.0, 1.0]], dtype=np.float32))
            array([ 0.5, -1. ], dtype=float32)
        """
        mean = mix_to_mono(samples)
        if samples.shape[1] == 1 or not len(samples):
            self._n_samples += len(samples)
            return mean
        before = self._channel
        is_first = samples.shape[1] != self._n_channels
        if is_first:
            self._n_channels, before = samples.shape[1], None
            self._channel, self._energy, self._summed = None, 0.0, 0.0
        self._choose(samples, mean)
        mono = _take(samples, mean, self._channel)
        if self._channel != before and not is_first:
            mono = self._fade(_take(samples, mean, before), mono)
        if self._channel is not None:
            if not self._n_cancelled:
                self._first_cancelled_s = self._n_samples / self._sample_rate
            self._n_cancelled += len(samples)
            self._used.add(self._channel)
        self._n_samples += len(samples)
        return mono

    def _choose(self, samples: Waveform, mean: Waveform) -> None:
        # Not `np.dot`, whose library starts threads.
        with np.errstate(over="ignore", invalid="ignore"):  # checked after mixing
            energy = float(np.einsum("ij,ij->", samples, samples))
            summed = float(np.einsum("i,i->", mean, mean)) * self._n_channels**2
        kept = max(1 - len(samples) / (_AVERAGED_S * self._sample_rate), 0.0)
        self._energy = kept * self._energy + energy
        self._summed = kept * self._summed + summed
        if not 0 < self._energy < np.inf:  # silence, or values that will be refused
            if not self._energy < np.inf:
                self._channel, self._energy, self._summed = None, 0.0, 0.0
            return
        ratio = self._summed / self._energy
        if self._channel is None and ratio < _CANCELS:
            self._channel = int(np.argmax(np.einsum("ij,ij->j", samples, samples)))
        elif self._channel is not None and not ratio <= _COHERES:
            self._channel = None

    def _fade(self, old: Waveform, new: Waveform) -> Waveform:
        n_fade = min(round(_FADE_S * self._sample_rate), len(new))
        rising = np.linspace(0, 1, n_fade, dtype=np.float32)
        mono = new.copy()
        with np.errstate(invalid="ignore"):
            mono[:n_fade] = old[:n_fade] * (1 - rising) + new[:n_fade] * rising
        return mono

    def describe_losses(self) -> list[str]:
        """A message about channels that cancel each other, if there are any."""
        if not self._n_cancelled:
            return []
        channels = " or ".join(f"channel {index + 1}" for index in sorted(self._used)[:3])
        message = (
            f"the channels cancel each other for {self._n_cancelled / self._sample_rate:.2f} s, first at "
            f"{self._first_cancelled_s:.2f} s, as with reversed polarity; the loudest ({channels}) replaces their mean"
        )
        return [message]


def _take(samples: Waveform, mean: Waveform, channel: int | None) -> Waveform:
    return mean if channel is None else np.ascontiguousarray(samples[:, channel])
