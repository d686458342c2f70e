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

# A cell takes two digits of 8 points, the least that is pleasant to read.
MAX_CELL_IN, MIN_CELL_IN = 0.5, 0.17
# The side of all cells: at most what a page takes, unless they are too many, and at least what its caption takes.
MAX_MATRIX_IN, MIN_MATRIX_IN = 7.5, 2.2
BAR_IN = 1.6
DIGIT_EM = 0.64  # how wide one is
MAX_SIDE_PIXELS = 8_000  # more, and viewers begin to refuse
DPI = 150
DARK_SHARE = 0.6  # from here on white is easier to read on the colour than black


def draw_confusion(
    confusion: Counts,
    labels: Sequence[Label],
    output: Path,
    *,
    title: str = "",
    order: Literal["similar", "given"] = "similar",
    language: Language = "en",
) -> None:
    """Draw a confusion matrix: rows the true class, columns what it was taken for.

    The colour of a cell is its share of the row, the number in it counts clips. Classes that no clip has and none was
    taken for are left out.

    Args:
        confusion: `(classes, classes)`, how many clips of each class (rows) were taken for each (columns).
        labels: The classes.
        output: The picture to write; the suffix names its format (.png, .svg, .pdf).
        title: A line above it.
        order: "similar" puts classes that are confused with each other side by side, "given" leaves them as they are.
        language: "en" or "zh", of the classes; English where no installed font has Chinese.

    Raises:
        ValueError: The numbers of classes differ, or there is no clip.
        MissingExtra: matplotlib is not installed.
    """
    if confusion.shape != (len(labels), len(labels)) or not confusion.any():
        raise ValueError(
            f"confusion of shape {confusion.shape} with {confusion.sum()} clips given for {len(labels)} labels; "
            "(labels, labels) with at least one clip is needed"
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
        caption = f"{counts.sum()} clips, {counts.trace()} of them right"
        title_lines = textwrap.wrap(drawable(title, fonts), max(40, round(11 * side_in)))
        axes.set_title("\n".join([*title_lines, caption]), fontsize=10, loc="left")
        # What stands around the cells takes as much room as it needs: a name may be long.
        figure.savefig(output, dpi=min(DPI, MAX_SIDE_PIXELS / (side_in + 6)), bbox_inches="tight", pad_inches=0.1)


def _cell_in(n_classes: int) -> float:
    """The side of a cell."""
    return max(MIN_MATRIX_IN / n_classes, min(MAX_CELL_IN, max(MIN_CELL_IN, MAX_MATRIX_IN / n_classes)))


def _draw_cells(axes: Axes, counts: Counts, cell_in: float, font_pt: float) -> None:
    """Right answers in blue, wrong ones in orange, as dark as their share of the row."""
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
    figure.colorbar(wrong, cax=beside).set_label("share of the class's clips\n(right ones in blue)", fontsize=9)


def _name_classes(axes: Axes, names: Sequence[str], font_pt: float) -> None:
    places = np.arange(len(names))
    axes.set_yticks(places, names, fontsize=font_pt)
    axes.set_xticks(places, names, fontsize=font_pt, rotation=90)
    axes.tick_params(length=0)
    axes.set_ylabel("true class")
    axes.set_xlabel("taken for")
    # Thin lines between cells, so that a number far from the names can be followed to them.
    axes.set_xticks(places[1:] - 0.5, minor=True)
    axes.set_yticks(places[1:] - 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.4)
    axes.tick_params(which="minor", length=0)
