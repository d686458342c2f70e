"""Text in figures: installed fonts, and names that they can draw."""

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
    """Fonts in order of preference: matplotlib's own, then the installed Chinese ones."""
    from matplotlib.font_manager import get_font_names

    return ["DejaVu Sans", *sorted(set(CHINESE_FONTS) & set(get_font_names()), key=CHINESE_FONTS.index)]


def label_names(labels: Iterable[Label], language: Language, fonts: list[str]) -> list[str]:
    """Names of classes to draw. Without a Chinese font they are in English, and a warning is logged."""
    if language == "zh" and set(CHINESE_FONTS).isdisjoint(fonts):
        logger.warning("no font with Chinese is installed, such as %s; class names are in English", CHINESE_FONTS[0])
        language = "en"
    return [drawable(label.zh if language == "zh" else label.en, fonts) for label in labels]


def drawable(text: str, fonts: list[str]) -> str:
    r"""Escape characters that no font has, because identical boxes would make two names look alike.

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
    r"""Shorten a text to a width in letters; a Chinese character is as wide as two.

    >>> shortened("Fire engine, fire truck (siren)", 12), shortened("\u8b66\u7b1b", 4)
    ('Fire engine…', '警笛')
    """
    widths = [2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text]
    if sum(widths) <= n_columns:
        return text
    used, n_kept = 1, 0  # the ellipsis takes one column
    while used + widths[n_kept] <= n_columns:
        used += widths[n_kept]
        n_kept += 1
    return text[:n_kept].rstrip(" ,(") + "\u2026"
