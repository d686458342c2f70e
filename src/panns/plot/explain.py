"""Picture of a sound and its scores: waveform, log-mel, scores over time, events, weights of patches."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from panns.audio import DecodeLimits, Source, load_sound
from panns.detection import WindowConfig
from panns.detection.thresholds import Threshold
from panns.events import EventConfig
from panns.frontend import LogMelConfig, log_mel
from panns.plot.events import COLOURS, LANE_IN, draw_events, event_lanes, write_scores
from panns.plot.text import Language, drawable, installed_fonts, label_names, shortened
from panns.recognizer import Recognizer
from panns.results import Event, Scores
from panns.system.arrays import Array
from panns.system.defaults import DEFAULT_THRESHOLD
from panns.system.extras import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

N_WEIGHTED = 3  # top tags whose patch weights are drawn
NAME_COLUMNS = 42  # letters of a class name; the longest of AudioSet has 40
TITLE_COLUMNS = 70  # letters of the file name in the title
MAX_BAR_IN, BAR_IN = 2.3, 0.115  # length and width of the colour bar
MAX_DURATION_S = 600.0  # a longer sound is unreadable in one picture


@dataclass(frozen=True, eq=False)
class Timeline:
    """Frame scores and events of a sound.

    Attributes:
        onsets_s: `(frames,)`, start of every frame. A frame lasts until the next one, the last frame to the end.
        probs: `(frames, classes)`, frame scores.
        events: Events sorted by onset.
    """

    onsets_s: np.ndarray[Any, np.dtype[np.float64]]
    probs: Array
    events: tuple[Event, ...]


def explain(
    recognizer: Recognizer,
    source: Source,
    output: Path,
    *,
    top: int = 8,
    threshold: Threshold | None = None,
    config: EventConfig | None = None,
    windows: WindowConfig | None = None,
    language: Language = "en",
) -> None:
    """Draw a sound and its scores: waveform, log-mel, the scores of its top tags over time, and the events.

    Scores and events come from `Recognizer.detect`. If the model weights patches of the log-mel, the figure also shows
    the patch weights for the first three tags.

    Args:
        recognizer: The model.
        source: A sound of up to 10 minutes.
        output: Path of the picture; the suffix sets its format (.png, .svg, .pdf).
        top: Maximum number of tags, and of classes with events.
        threshold: Detection threshold; see `Recognizer.detect`.
        config: Settings of events; see `Recognizer.detect`.
        windows: Windows of a model without a state; see `Recognizer.detect`.
        language: Language of class names, "en" or "zh"; English if no installed font has Chinese.

    Raises:
        AudioDecodeError: The sound cannot be read, or is too long.
        MissingExtra: matplotlib is not installed.
        ValueError: The threshold is neither a probability nor a false-alarm rate that the model has thresholds for.
    """
    require("matplotlib", what="drawing", extra="plot")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    waveform = load_sound(
        source, sample_rate=recognizer.sample_rate, limits=DecodeLimits(max_duration_s=MAX_DURATION_S)
    )
    scores = recognizer.run(waveform, patch_weights=True)
    clip_probs = scores.clip_probs[0]
    best = [int(i) for i in np.argsort(-clip_probs, kind="stable")[:top]]
    timeline = timeline_of(recognizer, waveform, threshold=threshold, config=config, windows=windows)
    lanes = event_lanes(timeline.events)
    duration_s = len(waveform) / recognizer.sample_rate
    fonts = installed_fonts()
    names = _names(recognizer, [*best, *(lane.index for lane in lanes[:top])], language, fonts)
    file = Path(source).name if isinstance(source, str | os.PathLike) else "sound"
    title = shortened(drawable(file, fonts), TITLE_COLUMNS)

    with mpl.rc_context({"font.family": fonts, "text.parse_math": False}):
        n_weighted = 0 if scores.patch_weights is None else min(N_WEIGHTED, len(best))
        heights = (1, 2, 0.3 + 0.28 * len(best), LANE_IN * max(1, len(lanes[:top])), *[0.8] * n_weighted)
        figure = Figure(figsize=(10, 1 + sum(heights)), layout="constrained")
        panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        waveform_axes, mel_axes, scores_axes, events_axes, *patch_axes = panels
        _draw_waveform(waveform_axes, waveform, recognizer.sample_rate)
        _draw_log_mel(mel_axes, waveform, recognizer)
        rows = [f"{names[i]}  {clip_probs[i]:.2f}" for i in best]
        image = _draw_timeline(scores_axes, timeline, duration_s, best, rows)
        _draw_colour_bar([scores_axes, events_axes], image, height_in=sum(heights[2:4]))
        for axes, i in zip(patch_axes, best, strict=False):
            _draw_patch_weights(axes, scores, i, names[i], recognizer.manifest.patch_hop_s or 0.0)
        waveform_axes.set_xlim(0, duration_s)
        panels[-1].set_xlabel("seconds")
        waveform_axes.set_title(f"{title}, scored by {recognizer.manifest.architecture}", fontsize=11)
        _set_heading(scores_axes, "top tags: score of the whole sound, and scores over time")
        placeholder = f"no events; the highest frame score is {timeline.probs.max():.2f}"
        draw_events(events_axes, lanes[:top], names, placeholder=placeholder)
        _set_heading(events_axes, _events_heading(recognizer, threshold, len(lanes), top))
        _lay_out_once(figure)
        write_scores(events_axes, lanes[:top])
        figure.savefig(output, dpi=150)


def _lay_out_once(figure: Figure) -> None:
    """Place the axes now, and not again while the figure is drawn, which takes a third of the time."""
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.execute(figure)
    figure.set_layout_engine("none")


def timeline_of(
    recognizer: Recognizer,
    waveform: Array,
    *,
    threshold: Threshold | None = None,
    config: EventConfig | None = None,
    windows: WindowConfig | None = None,
) -> Timeline:
    """Frame scores and events of a waveform, as in `Recognizer.detect`.

    Args:
        recognizer: The model.
        waveform: `(samples,)` at the model's rate, at least one sample.
        threshold: Detection threshold; see `Recognizer.detect`.
        config: Settings of events; see `Recognizer.detect`.
        windows: Windows of a model without a state; see `Recognizer.detect`.
    """
    stream = recognizer.stream(threshold=threshold, config=config, windows=windows)
    first, rest = stream.push(waveform), stream.finish()
    events = sorted((*first.events, *rest.events), key=lambda event: (event.onset_s, event.index))
    return Timeline(
        onsets_s=np.concatenate([first.frame_onsets_s, rest.frame_onsets_s]),
        probs=np.concatenate([first.frame_probs, rest.frame_probs]),
        events=tuple(events),
    )


def _names(recognizer: Recognizer, classes: list[int], language: Language, fonts: list[str]) -> dict[int, str]:
    labels = [recognizer.manifest.labels[i] for i in classes]
    names = (shortened(name, NAME_COLUMNS) for name in label_names(labels, language, fonts))
    return dict(zip(classes, names, strict=True))


def _set_heading(axes: Axes, text: str) -> None:
    axes.set_title(text, fontsize=9, loc="left", color="#505050", pad=3)


def _events_heading(recognizer: Recognizer, threshold: Threshold | None, n_classes: int, n_lanes: int) -> str:
    manifest = recognizer.manifest
    if threshold is None and manifest.operating_points:
        threshold = f"{manifest.operating_points[0].false_alarms_per_hour:g}/h"
    elif threshold is None and manifest.thresholds is None:
        threshold = DEFAULT_THRESHOLD
    if isinstance(threshold, str):
        start = f"thresholds for {threshold}"
    elif isinstance(threshold, int | float):
        start = f"threshold {threshold:g}"
    else:
        start = "one threshold per class"
    shown = f"; {n_lanes} of {n_classes} classes" if n_classes > n_lanes else ""
    return f"events, {start}{shown}"


def _draw_waveform(axes: Axes, waveform: Array, sample_rate: int) -> None:
    """Draw the highest and lowest sample of each of about 2,000 columns, which keeps every peak."""
    step = max(1, len(waveform) // 2000)
    columns = waveform[: len(waveform) // step * step].reshape(-1, step)
    times_s = np.arange(len(columns)) * step / sample_rate
    axes.fill_between(times_s, columns.min(axis=1), columns.max(axis=1), linewidth=0.4, color="#335577")
    axes.set_ylabel("waveform")
    axes.set_ylim(*(np.array([-1.05, 1.05]) * max(float(np.abs(waveform).max()), 1e-3)))


def _draw_log_mel(axes: Axes, waveform: Array, recognizer: Recognizer) -> None:
    config = recognizer.manifest.config.frontend.log_mel
    note = ""
    if config is None:  # the network reads the waveform; a spectrogram still helps the reader
        note = "\n(the model reads the waveform)"
        config = LogMelConfig(sample_rate=recognizer.sample_rate, f_max_hz=0.4375 * recognizer.sample_rate)
    padded = np.pad(
        waveform, (0, max(0, max(config.min_samples, recognizer.manifest.config.min_input_samples) - len(waveform)))
    )
    mel = log_mel(padded, config)
    end_s = len(mel) * config.hop_s
    low = max(float(mel.min()), float(mel.max()) - (80.0 if config.log == "db" else 2.5))
    axes.imshow(mel.T, origin="lower", aspect="auto", extent=(0, end_s, 0, config.n_mels), vmin=low, cmap="magma")
    axes.set_ylabel(f"log-mel, {config.n_mels} bands\n{config.f_min_hz:g} Hz to {config.f_max_hz / 1000:g} kHz{note}")


def _draw_timeline(axes: Axes, timeline: Timeline, end_s: float, classes: list[int], names: list[str]) -> QuadMesh:
    rows = timeline.probs[:, classes].T
    edges = np.append(timeline.onsets_s, end_s)
    image = axes.pcolormesh(edges, np.arange(len(names) + 1), rows, vmin=0, vmax=1, cmap=COLOURS)
    axes.invert_yaxis()
    axes.set_yticks(np.arange(len(names)) + 0.5, names)
    return image


def _draw_colour_bar(axes: Sequence[Axes], image: QuadMesh, *, height_in: float) -> None:
    """Draw the colour bar of scores beside panels of a given height; in a tall figure it stays short."""
    figure = axes[0].get_figure()
    assert figure is not None
    bar_in = min(MAX_BAR_IN, 0.9 * height_in)
    figure.colorbar(image, ax=axes, label="score", shrink=bar_in / height_in, aspect=bar_in / BAR_IN, pad=0.01)


def _draw_patch_weights(axes: Axes, scores: Scores, index: int, name: str, hop_s: float) -> None:
    """Draw the patch weights for one class, as multiples of the mean weight in their window."""
    assert scores.patch_weights is not None
    assert scores.patch_onsets_s is not None
    weights, onsets_s = scores.patch_weights[0, index], scores.patch_onsets_s[0]  # (columns, rows), (columns,)
    is_first = ~np.isclose(np.diff(onsets_s, prepend=-np.inf), hop_s)  # first column of a window
    window = np.cumsum(is_first)
    multiples = weights * (np.bincount(window)[window] * weights.shape[1])[:, None]
    edges = np.append(onsets_s, onsets_s[-1] + hop_s)  # a column ends where the next one begins, also across windows
    image = axes.pcolormesh(edges, np.arange(weights.shape[1] + 1), multiples.T, vmin=0, cmap="magma")
    axes.set_yticks([])
    axes.set_ylabel(f"patches for\n{name}\n(low to high)", rotation=0, ha="right", va="center")
    figure = axes.get_figure()
    assert figure is not None
    figure.colorbar(image, ax=axes, label="x mean", pad=0.01)
