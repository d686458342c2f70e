import logging

import pytest

from panns.labels import Label
from panns.plot import text
from panns.plot.text import drawable, installed_fonts, label_names, shortened

DOG = Label(0, "dog", "Dog", "狗")
PLAIN = ["DejaVu Sans"]


def test_characters_without_a_font_are_escaped():
    assert drawable("caf\xe9\n\udcff.wav", PLAIN) == "caf\xe9\\n\\udcff.wav"


def test_names_are_english_without_a_chinese_font(caplog):
    with caplog.at_level(logging.WARNING):
        assert label_names([DOG], "zh", PLAIN) == ["Dog"]
    assert "no font with Chinese" in caplog.text


def test_names_are_chinese_with_a_chinese_font(monkeypatch):
    monkeypatch.setattr(text, "drawable", lambda name, _fonts: name)
    fonts = [*PLAIN, "SimHei"]
    assert label_names([DOG], "zh", fonts) == ["狗"]
    assert label_names([DOG], "en", fonts) == ["Dog"]


@pytest.mark.parametrize("installed", [["SimHei", "Arial", "Noto Sans CJK SC"], ["Arial"]])
def test_chinese_fonts_come_after_the_default(monkeypatch, installed):
    monkeypatch.setattr("matplotlib.font_manager.get_font_names", lambda: installed)
    expected = ["Noto Sans CJK SC", "SimHei"] if "SimHei" in installed else []
    assert installed_fonts() == [*PLAIN, *expected]


@pytest.mark.parametrize(
    ("given", "n_columns", "expected"),
    [
        ("Dog", 3, "Dog"),
        ("Dogs", 3, "Do…"),
        ("Cattle, bovinae", 8, "Cattle…"),
        ("警车警笛", 8, "警车警笛"),
        ("警车警笛", 7, "警车警…"),
    ],
)
def test_long_names_are_shortened(given, n_columns, expected):
    assert shortened(given, n_columns) == expected
