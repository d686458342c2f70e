"""Picture of a soundscape: its spectrogram, its events, and the detections of each system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from panns.audio import load_sound
from panns.frontend import log_mel
from panns.metrics import ClipEvents
from panns.models.causal_crnn import CausalCrnnConfig

TRUTH = "true events"


def draw(sound: Path, lanes: dict[str, ClipEvents], names: Sequence[str], file: Path) -> None:
    """Draw one soundscape.

    Args:
        sound: Sound file.
        lanes: Events `(category, onset_s, offset_s)` by title of the lane, the true events first.
        names: Names of the categories.
        file: Output file, a .png.
    """
    from matplotlib.figure import Figure

    config = CausalCrnnConfig().frontend
    features = log_mel(load_sound(sound, sample_rate=config.sample_rate), config)
    duration_s = len(features) * config.hop_s
    figure = Figure(figsize=(10, 2 + 0.9 * len(lanes)), layout="constrained")
    axes = figure.subplots(len(lanes) + 1, 1, sharex=True, height_ratios=[2, *[1] * len(lanes)])
    axes[0].imshow(features.T, origin="lower", aspect="auto", extent=(0, duration_s, 0, config.n_mels), cmap="magma")
    axes[0].set_ylabel("mel band")
    present = {index for events in lanes.values() for index, _, _ in events}
    colours = {index: f"C{place % 10}" for place, index in enumerate(sorted(present))}
    for lane, (what, events) in zip(axes[1:], lanes.items(), strict=True):
        ends: list[float] = []  # of the rows; overlapping events go to different rows
        for index, onset_s, offset_s in sorted(events, key=lambda event: event[1]):
            row = next((row for row, end_s in enumerate(ends) if end_s <= onset_s), len(ends))
            ends[row : row + 1] = [max(offset_s, onset_s + 0.13 * len(names[index]))]  # room for its name
            lane.barh(row, offset_s - onset_s, left=onset_s, height=0.8, color=colours[index], alpha=0.5)
            lane.text(onset_s, row, f" {names[index].replace('_', ' ')}", va="center", fontsize=7, clip_on=True)
        lane.set_ylim(-0.6, max(len(ends), 1) - 0.4)
        lane.set_yticks([])
        lane.set_title(what.replace("`", ""), loc="left", fontsize=8, pad=2)
    axes[-1].set_xlim(0, duration_s)
    axes[-1].set_xlabel("s")
    figure.savefig(file, dpi=110)
