"""What is heard at the moment, in a few lines at the end of a terminal that are drawn again and again."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from panns.cli.options import LanguageChoice
from panns.cli.render.event_formats import label_of
from panns.cli.terminal import bars
from panns.cli.terminal.output import printable

if TYPE_CHECKING:
    from rich.live import Live

    from panns.labels import LabelSet
    from panns.results import Event, StreamScores

DRAW_AGAIN_S = 0.1
# Over which the latest scores count: shorter, and the most probable classes would jump faster than they can be read.
LATEST_S = 0.5
N_TAGS = 5
_LOWEST_DB = -60.0
_LEVEL_CELLS, _TAG_CELLS = 30, 20


class LiveView:
    """Level, the most probable classes and what sounds; nothing at all where nobody watches.

    Args:
        labels: Of the model.
        language: Of their names.
        latency_s: After which the first answer comes.
    """

    def __init__(self, labels: LabelSet, language: LanguageChoice, latency_s: float) -> None:
        self._labels, self._language, self._latency_s = labels, language, latency_s
        self._is_watched = bars.is_watched()
        self._drawn_s = -DRAW_AGAIN_S
        self._peak = 0.0
        self._probs = np.zeros((0, len(labels)), np.float32)
        self._onsets_s = np.zeros(0)
        self._live: Live | None = None

    def take(self, scores: StreamScores, peak: float) -> None:
        """What became known by a push, and the peak of what was pushed."""
        if not self._is_watched:
            return
        self._peak = max(self._peak, peak)
        if len(scores.frame_probs):
            onsets_s = np.concatenate([self._onsets_s, scores.frame_onsets_s])
            is_latest = onsets_s > onsets_s[-1] - LATEST_S
            self._probs = np.concatenate([self._probs, scores.frame_probs])[is_latest]
            self._onsets_s = onsets_s[is_latest]

    def draw(self, time_s: float, going_on: Sequence[Event]) -> None:
        """Draw it, unless that was done a moment ago."""
        now_s = time.monotonic()
        if not self._is_watched or now_s - self._drawn_s < DRAW_AGAIN_S:
            return
        self._drawn_s = now_s
        self._show(view_lines(time_s, self._peak, self._tags(), self._names(going_on), latency_s=self._latency_s))
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
        if self._live is None or not self._live.is_started:  # a new one, as rich would go up from where the old one was
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
    time_s: float, peak: float, tags: Sequence[tuple[str, float]], going_on: Sequence[str], *, latency_s: float
) -> list[str]:
    r"""The lines, always as many.

    Args:
        time_s: How much was heard.
        peak: Highest absolute sample of late.
        tags: The most probable classes, best first; none where the model has not answered yet.
        going_on: What sounds.
        latency_s: After which the first answer comes.

    Example:
        >>> print("\n".join(view_lines(2.5, 0.1, [("Siren", 0.75)], ["Siren 1.2 s"], latency_s=0.05)[:2]))
             2.5 s  [####################..........]  -20.0 dBFS
          0.750 ###############.....  Siren
    """
    level_db = max(_LOWEST_DB, 20 * math.log10(peak)) if peak > 0 else _LOWEST_DB
    level = bar(1 - level_db / _LOWEST_DB, _LEVEL_CELLS)
    lines = [f"{time_s:8.1f} s  [{level}] {level_db:6.1f} dBFS"]
    lines += [f"  {prob:.3f} {bar(prob, _TAG_CELLS)}  {label}" for label, prob in tags]
    if not tags:
        lines.append(f"  the first answer comes after {latency_s:.2g} s")
    lines += [""] * (1 + N_TAGS - len(lines))
    return [*lines, f"  now: {', '.join(going_on) or '-'}"]


def bar(share: float, n_cells: int) -> str:
    """A share as a bar, of signs that every terminal has.

    Example:
        >>> bar(0.5, 10)
        '#####.....'
    """
    n_full = round(min(max(share, 0.0), 1.0) * n_cells)
    return "#" * n_full + "." * (n_cells - n_full)
