"""Live view of `panns listen`: level, most probable classes and active events, in the last lines of a terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from panns.cli.options import LanguageChoice
from panns.cli.render.event_formats import label_of
from panns.cli.terminal import bars
from panns.system.safe_text import printable

if TYPE_CHECKING:
    from rich.live import Live

    from panns.labels import LabelSet
    from panns.results import Event, StreamScores

DRAW_AGAIN_S = 0.1
# Span of the scores that are shown. Over a shorter span, the classes would change faster than they can be read.
LATEST_S = 0.5
N_TAGS = 5
_LOWEST_DB = -60.0
_LEVEL_CELLS, _TAG_CELLS = 30, 20


class LiveView:
    """Level, most probable classes and active events; draws nothing if stderr is not a terminal.

    Args:
        labels: Labels of the model.
        language: Language of the labels.
        latency_s: Time until the first scores, in seconds.
    """

    def __init__(self, labels: LabelSet, language: LanguageChoice, latency_s: float) -> None:
        self._labels, self._language, self._latency_s = labels, language, latency_s
        self._is_watched = bars.is_watched()
        self._drawn_s = -DRAW_AGAIN_S
        self._peak = 0.0
        self._probs = np.zeros((0, len(labels)), np.float32)
        self._onsets_s = np.zeros(0)
        self._live: Live | None = None

    def update(self, scores: StreamScores, peak: float) -> None:
        """Add the scores of a block, and its peak."""
        if not self._is_watched:
            return
        self._peak = max(self._peak, peak)
        if len(scores.frame_probs):
            onsets_s = np.concatenate([self._onsets_s, scores.frame_onsets_s])
            is_latest = onsets_s > onsets_s[-1] - LATEST_S
            self._probs = np.concatenate([self._probs, scores.frame_probs])[is_latest]
            self._onsets_s = onsets_s[is_latest]

    def draw(self, time_s: float, active: Sequence[Event]) -> None:
        """Draw the view, at most every 0.1 s."""
        now_s = time.monotonic()
        if not self._is_watched or now_s - self._drawn_s < DRAW_AGAIN_S:
            return
        self._drawn_s = now_s
        self._show(view_lines(time_s, self._peak, self._tags(), self._names(active), latency_s=self._latency_s))
        self._peak = 0.0

    def _tags(self) -> list[tuple[str, float]]:
        if not len(self._probs):
            return []
        highest = self._probs.max(axis=0)
        best = np.argsort(-highest, kind="stable")[:N_TAGS]
        is_chinese = self._language == "zh"
        return [(self._labels[int(c)].zh if is_chinese else self._labels[int(c)].en, float(highest[c])) for c in best]

    def _names(self, events: Sequence[Event]) -> list[str]:
        return [f"{label_of(event, self._language)} {event.offset_s - event.onset_s:.1f} s" for event in events]

    def _show(self, lines: Sequence[str]) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        text = Text("\n".join(map(printable, lines)), no_wrap=True, overflow="ellipsis")
        if self._live is None or not self._live.is_started:  # rich would overwrite lines above a stopped one
            self._live = Live(
                console=Console(stderr=True),
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            bars.show(self._live)
        self._live.update(text, refresh=True)

    def __enter__(self) -> LiveView:
        return self

    def __exit__(self, *_: object) -> None:
        bars.clear()


def view_lines(
    time_s: float, peak: float, tags: Sequence[tuple[str, float]], active: Sequence[str], *, latency_s: float
) -> list[str]:
    r"""Lines of the view; their number is constant.

    Args:
        time_s: Duration of the sound so far, in seconds.
        peak: Highest absolute sample since the last drawing.
        tags: Most probable classes with their scores, best first; empty before the first scores.
        active: Active events.
        latency_s: Time until the first scores, in seconds.

    Examples:
        >>> print("\n".join(view_lines(2.5, 0.1, [("Siren", 0.75)], ["Siren 1.2 s"], latency_s=0.05)[:2]))
             2.5 s  [####################..........]  -20.0 dBFS
          0.750 ###############.....  Siren
    """
    level_db = max(_LOWEST_DB, 20 * math.log10(peak)) if peak > 0 else _LOWEST_DB
    level = bar(1 - level_db / _LOWEST_DB, _LEVEL_CELLS)
    lines = [f"{time_s:8.1f} s  [{level}] {level_db:6.1f} dBFS"]
    lines += [f"  {prob:.3f} {bar(prob, _TAG_CELLS)}  {label}" for label, prob in tags]
    if not tags:
        lines.append(f"  first scores after {latency_s:.2g} s")
    lines += [""] * (1 + N_TAGS - len(lines))
    return [*lines, f"  now: {', '.join(active) or '-'}"]


def bar(share: float, n_cells: int) -> str:
    """Bar of ASCII characters for a share between 0 and 1.

    Examples:
        >>> bar(0.5, 10)
        '#####.....'
    """
    n_full = round(min(max(share, 0.0), 1.0) * n_cells)
    return "#" * n_full + "." * (n_cells - n_full)
