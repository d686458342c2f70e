"""Confusion matrix: true classes against predicted ones."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from panns.labels import Label
from panns.plot.order import order_by_confusion
from panns.plot.text import Language, drawable, installed_fonts, label_names
from panns.system.extras import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Counts = npt.NDArray[np.int64]

# The smallest cell fits two digits of 8 points, about the smallest size that is easy to read.
MAX_CELL_IN, MIN_CELL_IN = 0.5, 0.17
# Side of the matrix: at most a page, unless the cells would be too small; at least the caption.
MAX_MATRIX_IN, MIN_MATRIX_IN = 7.5, 2.2
BAR_IN = 1.6
DIGIT_EM = 0.64  # width of a digit
MAX_SIDE_PIXELS = 8_000  # some viewers refuse larger pictures
DPI = 150
DARK_SHARE = 0.6  # from this share on, white text is easier to read than black


def draw_confusion(
    confusion: Counts,
    labels: Sequence[Label],
    output: Path,
    *,
    title: str = "",
    order: Literal["similar", "given"] = "similar",
    language: Language = "en",
) -> None:
    """Draw a confusion matrix: true classes in rows, predicted classes in columns.

    The colour of a cell is its share of the row, and its number counts clips. Classes that are neither true nor
    predicted for any clip are left out.

    Args:
        confusion: `(classes, classes)`, clips by true class (rows) and predicted class (columns).
        labels: The classes.
        output: Path of the picture; the suffix sets its format (.png, .svg, .pdf).
        title: Title above the matrix.
        order: "similar" puts confused classes side by side, "given" keeps the order of `labels`.
        language: Language of class names, "en" or "zh"; English if no installed font has Chinese.

    Raises:
        ValueError: The numbers of classes differ, or there are no clips.
        MissingExtra: matplotlib is not installed.
    """
    if confusion.shape != (len(labels), len(labels)) or not confusion.any():
        raise ValueError(
            f"confusion of shape {confusion.shape} with {confusion.sum()} clips does not fit {len(labels)} labels; "
            "use shape (labels, labels) with at least one clip"
        )
    require("matplotlib", what="drawing", extra="plot")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = np.flatnonzero(confusion.any(axis=0) | confusion.any(axis=1))
    if order == "similar":
        shown = shown[order_by_confusion(confusion[np.ix_(shown, shown)])]
    counts = confusion[np.ix_(shown, shown)]
    cell_in = _cell_in(len(shown))
    side_in = len(shown) * cell_in
    font_pt = min(10.0, 0.62 * 72 * cell_in)
    fonts = installed_fonts()
    names = label_names([labels[int(i)] for i in shown], language, fonts)
    with mpl.rc_context({"font.family": fonts, "text.parse_math": False}):
        figure = Figure(figsize=(side_in, side_in))
        axes = figure.add_axes((0, 0, 1, 1))
        _draw_cells(axes, counts, cell_in, font_pt)
        _name_classes(axes, names, font_pt)
        caption = f"{counts.sum()} clips, {counts.trace()} correct"
        title_lines = textwrap.wrap(drawable(title, fonts), max(40, round(11 * side_in)))
        axes.set_title("\n".join([*title_lines, caption]), fontsize=10, loc="left")
        # The labels around the cells take the room they need, since names may be long.
        figure.savefig(output, dpi=min(DPI, MAX_SIDE_PIXELS / (side_in + 6)), bbox_inches="tight", pad_inches=0.1)


def _cell_in(n_classes: int) -> float:
    """Side of a cell, in inches."""
    return max(MIN_MATRIX_IN / n_classes, min(MAX_CELL_IN, max(MIN_CELL_IN, MAX_MATRIX_IN / n_classes)))


def _draw_cells(axes: Axes, counts: Counts, cell_in: float, font_pt: float) -> None:
    """Colour correct predictions blue and wrong ones orange, by their share of the row."""
    clips = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, clips, out=np.zeros(counts.shape), where=clips > 0)
    is_right = np.eye(len(counts), dtype=bool)
    axes.imshow(np.ma.masked_array(shares, ~is_right), vmin=0, vmax=1, cmap="Blues")
    wrong = axes.imshow(np.ma.masked_array(shares, is_right | (counts == 0)), vmin=0, vmax=1, cmap="Oranges")
    for row, column in np.argwhere(counts > 0):
        count = counts[row, column]
        size = min(font_pt, 0.9 * 72 * cell_in / (DIGIT_EM * len(str(count))))
        colour = "white" if shares[row, column] > DARK_SHARE else "black"
        axes.text(column, row, str(count), ha="center", va="center", fontsize=size, color=colour)
    figure = axes.get_figure()
    assert figure is not None
    inch = 1 / (len(counts) * cell_in)
    beside = axes.inset_axes((1 + 0.15 * inch, 0.5 - BAR_IN / 2 * inch, 0.12 * inch, BAR_IN * inch))
    figure.colorbar(wrong, cax=beside).set_label("share of the true class\n(correct in blue)", fontsize=9)


def _name_classes(axes: Axes, names: Sequence[str], font_pt: float) -> None:
    ticks = np.arange(len(names))
    axes.set_yticks(ticks, names, fontsize=font_pt)
    axes.set_xticks(ticks, names, fontsize=font_pt, rotation=90)
    axes.tick_params(length=0)
    axes.set_ylabel("true class")
    axes.set_xlabel("predicted class")
    # Thin lines between cells guide the eye from a number to the names.
    axes.set_xticks(ticks[1:] - 0.5, minor=True)
    axes.set_yticks(ticks[1:] - 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.4)
    axes.tick_params(which="minor", length=0)
