"""Reliability diagram: the share of correct predictions at each score."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from panns.metrics import Reliability
from panns.plot.text import drawable, installed_fonts
from panns.system.extras import require


def draw_reliability(diagram: Reliability, output: Path, *, title: str = "") -> None:
    """Draw a reliability diagram, and below it the number of predictions at each score.

    Args:
        diagram: The diagram.
        output: Path of the picture; the suffix sets its format (.png, .svg, .pdf).
        title: Title above the diagram.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require("matplotlib", what="drawing", extra="plot")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    is_used = diagram.counts > 0
    lefts, widths = diagram.edges[:-1][is_used], np.diff(diagram.edges)[is_used]
    fonts = installed_fonts()
    with mpl.rc_context({"font.family": fonts, "text.parse_math": False}):
        figure = Figure(figsize=(5, 6), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        above.bar(lefts, diagram.share_right[is_used], widths, align="edge", color="#99bbdd", edgecolor="white")
        above.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle="--", label="perfect calibration")
        confidence, share = diagram.confidence[is_used], diagram.share_right[is_used]
        above.vlines(confidence, confidence, share, color="#cc3311", linewidth=1.5, label="gap")
        above.set(xlim=(0, 1), ylim=(0, 1), ylabel="share correct")
        above.legend(loc="upper left", title=f"calibration error {diagram.expected_error:.3f}", alignment="left")
        below.bar(lefts, diagram.counts[is_used], widths, align="edge", color="#aaaaaa", edgecolor="white")
        below.set(xlabel="score", ylabel="predictions", yscale="log" if diagram.counts.max() > 1_000 else "linear")
        if title:
            above.set_title(drawable(title, fonts), fontsize=10, loc="left")
        figure.savefig(output, dpi=150)
