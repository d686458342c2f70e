"""A picture of what a model hears: waveform, log-mel, when its top tags sound, and what attention looked at."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from panns.audio import DecodeLimits, Source, load_audio
from panns.extras import require
from panns.frontend import LogMelConfig, log_mel
from panns.plot.text import Language, drawable, installed_fonts, label_names
from panns.recognizer import Recognizer
from panns.results import Array, Scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_WEIGHTED = 3  # of the top tags, for which weights of patches are drawn
MAX_DURATION_S = 600.0  # more would not be readable in one picture
# A model without frame scores is asked about windows: long enough to know a sound, short enough to place it.
WINDOW_S, WINDOW_HOP_S = 2.0, 0.5


@dataclass(frozen=True, eq=False)
class Timeline:
    """Scores over time.

    Attributes:
        onsets_s: `(frames,)`, start of every frame.
        hop_s: Seconds from one to the next.
        probs: `(frames, classes)`.
    """

    onsets_s: np.ndarray[tuple[int], np.dtype[np.float64]]
    hop_s: float
    probs: Array


def explain(recognizer: Recognizer, source: Source, output: Path, *, top: int = 8, language: Language = "en") -> None:
    """Draw a sound as a model hears it: its waveform, its log-mel, and its top tags over time.

    Of a model that weighs patches of the log-mel, the weights for the first tags are drawn too.

    Args:
        recognizer: The model.
        source: A sound of up to 10 minutes.
        output: The picture to write; the suffix names its format (.png, .svg, .pdf).
        top: How many tags.
        language: "en" or "zh", of the tags; English where no installed font has Chinese.

    Raises:
        AudioDecodeError: The sound cannot be read, or is too long.
        MissingExtra: matplotlib is not installed.
    """
    require("matplotlib", what="drawing", extra="plot")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    waveform = load_audio(
        source, sample_rate=recognizer.sample_rate, limits=DecodeLimits(max_duration_s=MAX_DURATION_S)
    )
    labels = recognizer.manifest.labels
    scores = recognizer.run(waveform, patch_weights=True)
    clip_probs = scores.clip_probs[0]
    best = np.argsort(-clip_probs, kind="stable")[:top]
    fonts = installed_fonts()
    names = label_names([labels[int(i)] for i in best], language, fonts)
    timeline = score_timeline(recognizer, waveform, scores)
    title = drawable(Path(source).name if isinstance(source, str | os.PathLike) else "sound", fonts)

    with mpl.rc_context({"font.family": fonts, "text.parse_math": False}):
        n_weighted = 0 if scores.patch_weights is None else min(N_WEIGHTED, len(best))
        heights = (1, 2, 0.3 + 0.28 * len(best), *[0.8] * n_weighted)
        figure = Figure(figsize=(10, 1 + sum(heights)), layout="constrained")
        axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        _draw_waveform(axes[0], waveform, recognizer.sample_rate)
        _draw_log_mel(axes[1], waveform, recognizer)
        _draw_timeline(
            axes[2], timeline, best, [f"{name}  {clip_probs[i]:.2f}" for name, i in zip(names, best, strict=True)]
        )
        for panel, name, i in zip(axes[3:], names, best, strict=False):
            _draw_patch_weights(panel, scores, int(i), name, recognizer.manifest.patch_hop_s or 0.0)
        axes[-1].set_xlim(0, len(waveform) / recognizer.sample_rate)
        axes[-1].set_xlabel("seconds")
        axes[0].set_title(f"{title}, as {recognizer.manifest.architecture} hears it", fontsize=11)
        figure.savefig(output, dpi=150)


def score_timeline(recognizer: Recognizer, waveform: Array, scores: Scores) -> Timeline:
    """Scores over time: the model's own frames, or overlapping windows of 2 s where it has none.

    Args:
        recognizer: The model.
        waveform: `(samples,)`.
        scores: What the model answered of the whole.
    """
    frame_hop_s = recognizer.manifest.config.frame_hop_s
    if frame_hop_s is not None and scores.frame_probs is not None and scores.frame_onsets_s is not None:
        return Timeline(scores.frame_onsets_s[0], frame_hop_s, scores.frame_probs[0])
    window, hop = round(WINDOW_S * recognizer.sample_rate), round(WINDOW_HOP_S * recognizer.sample_rate)
    half = (window - hop) // 2  # a window stands for the middle of it
    padded = np.pad(waveform, half)
    starts = range(0, max(len(waveform), 1), hop)
    windows = [
        np.pad(piece, (0, window - len(piece))) for start in starts if (piece := padded[start : start + window]).size
    ]
    onsets_s = np.arange(len(windows), dtype=np.float64) * WINDOW_HOP_S
    return Timeline(onsets_s, WINDOW_HOP_S, recognizer.run(windows).clip_probs)


def _draw_waveform(axes: Axes, waveform: Array, sample_rate: int) -> None:
    """The highest and lowest sample of each of some 2,000 columns, so that no peak is lost."""
    step = max(1, len(waveform) // 2000)
    columns = waveform[: len(waveform) // step * step].reshape(-1, step)
    times_s = np.arange(len(columns)) * step / sample_rate
    axes.fill_between(times_s, columns.min(axis=1), columns.max(axis=1), linewidth=0.4, color="#335577")
    axes.set_ylabel("waveform")
    axes.set_ylim(*(np.array([-1.05, 1.05]) * max(float(np.abs(waveform).max()), 1e-3)))


def _draw_log_mel(axes: Axes, waveform: Array, recognizer: Recognizer) -> None:
    config = recognizer.manifest.config.frontend.log_mel
    is_heard = config is not None
    if config is None:  # a network that reads the waveform; people like to see a spectrogram all the same
        config = LogMelConfig(sample_rate=recognizer.sample_rate, f_max_hz=0.4375 * recognizer.sample_rate)
    padded = np.pad(
        waveform, (0, max(0, max(config.min_samples, recognizer.manifest.config.min_input_samples) - len(waveform)))
    )
    mel = log_mel(padded, config)
    end_s = len(mel) * config.hop_s
    low = max(float(mel.min()), float(mel.max()) - (80.0 if config.log == "db" else 2.5))
    axes.imshow(mel.T, origin="lower", aspect="auto", extent=(0, end_s, 0, config.n_mels), vmin=low, cmap="magma")
    heard = "" if is_heard else "\n(the model reads the waveform)"
    axes.set_ylabel(f"log-mel, {config.n_mels} bands\n{config.f_min_hz:g} Hz to {config.f_max_hz / 1000:g} kHz{heard}")


def _draw_timeline(
    axes: Axes, timeline: Timeline, classes: np.ndarray[Any, np.dtype[np.intp]], names: list[str]
) -> None:
    rows = timeline.probs[:, classes].T
    edges = _edges(timeline.onsets_s, timeline.hop_s)
    image = axes.pcolormesh(edges, np.arange(len(names) + 1), rows, vmin=0, vmax=1, cmap="viridis")
    axes.invert_yaxis()
    axes.set_yticks(np.arange(len(names)) + 0.5, names)
    figure = axes.get_figure()
    assert figure is not None
    figure.colorbar(image, ax=axes, label="probability", shrink=0.9, pad=0.01)


def _draw_patch_weights(axes: Axes, scores: Scores, index: int, name: str, hop_s: float) -> None:
    """How much each patch counted for one class, in multiples of what it would if all of its window counted alike."""
    assert scores.patch_weights is not None
    assert scores.patch_onsets_s is not None
    weights, onsets_s = scores.patch_weights[0, index], scores.patch_onsets_s[0]  # (columns, rows), (columns,)
    is_first = ~np.isclose(np.diff(onsets_s, prepend=-np.inf), hop_s)  # of a window
    window = np.cumsum(is_first)
    multiples = weights * (np.bincount(window)[window] * weights.shape[1])[:, None]
    image = axes.pcolormesh(_edges(onsets_s, hop_s), np.arange(weights.shape[1] + 1), multiples.T, vmin=0, cmap="magma")
    axes.set_yticks([])
    axes.set_ylabel(f"patches for\n{name}\n(low to high)", rotation=0, ha="right", va="center")
    figure = axes.get_figure()
    assert figure is not None
    figure.colorbar(image, ax=axes, label="x mean", pad=0.01)


def _edges(onsets_s: np.ndarray[Any, np.dtype[np.float64]], hop_s: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Of columns that begin at `onsets_s`: one ends where the next begins, whatever the windows of a long sound did."""
    return np.append(onsets_s, onsets_s[-1] + hop_s)
