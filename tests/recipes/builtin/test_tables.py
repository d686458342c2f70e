"""Tables of the built-in model: the pages show the stored results."""

from __future__ import annotations

import json

import pytest

from recipes.builtin.settings import HERE
from recipes.builtin.tables import CARD, branches_table, classes_text, languages_table, measures_table

RESULTS = json.loads((HERE / "results.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", [HERE / "README.md", CARD], ids=["README", "card"])
def test_pages_show_the_stored_results(page):
    assert measures_table(RESULTS) in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("render", [branches_table, languages_table, classes_text])
def test_the_card_shows_branches_languages_and_classes(render):
    assert render(RESULTS) in CARD.read_text(encoding="utf-8")


def test_every_row_has_a_value_of_every_model():
    head, rule, *rows = measures_table(RESULTS).splitlines()
    assert {line.count("|") for line in (head, rule, *rows)} == {head.count("|")}
    assert "teacher" in head
    assert len(rows) == 17
