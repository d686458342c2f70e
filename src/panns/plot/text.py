"""Text in pictures: the fonts that there are, and names as these can draw them."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable
from typing import Literal, TypeAlias

from panns.labels import Label

Language: TypeAlias = Literal["en", "zh"]

CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
)

logger = logging.getLogger(__name__)


def installed_fonts() -> list[str]:
    """The fonts to draw with, each for what those before it lack: matplotlib's own, then the Chinese ones here."""
    from matplotlib.font_manager import get_font_names

    return ["DejaVu Sans", *sorted(set(CHINESE_FONTS) & set(get_font_names()), key=CHINESE_FONTS.index)]


def label_names(labels: Iterable[Label], language: Language, fonts: list[str]) -> list[str]:
    """Names of classes to draw; in English where Chinese is asked for and no font has it, which is logged."""
    if language == "zh" and set(CHINESE_FONTS).isdisjoint(fonts):
        logger.warning("no font with Chinese is installed, such as %s; the labels are in English", CHINESE_FONTS[0])
        language = "en"
    return [drawable(label.zh if language == "zh" else label.en, fonts) for label in labels]


def drawable(text: str, fonts: list[str]) -> str:
    r"""The text with what no font can draw as escapes: a box, which is all it would be, tells two files not apart.

    >>> drawable("caf\u00e9\n\u12a0.wav", ["DejaVu Sans"])
    'café\\n\\u12a0.wav'
    """
    from matplotlib.font_manager import findfont, get_font

    known = [get_font(findfont(font)).get_charmap() for font in fonts]
    return "".join(
        character if any(ord(character) in one for one in known) else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def shortened(text: str, n_columns: int) -> str:
    r"""The text, with its end left out where it is wider than so many letters; a Chinese character is as wide as two.

    >>> shortened("Fire engine, fire truck (siren)", 12), shortened("\u8b66\u7b1b", 4)
    ('Fire engine…', '警笛')
    """
    widths = [2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text]
    if sum(widths) <= n_columns:
        return text
    used, n_kept = 1, 0  # the dots take one
    while used + widths[n_kept] <= n_columns:
        used += widths[n_kept]
        n_kept += 1
    return text[:n_kept].rstrip(" ,(") + "\u2026"
