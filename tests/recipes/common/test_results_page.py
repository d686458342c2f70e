"""The page of results: what stands there is what the recipes have written, and every claim finds its figure."""

from __future__ import annotations

import pytest

from recipes.common.paths import RECIPES
from recipes.common.results_page import PAGE, Claim, read_claims, read_figure, render_comparison, render_results
from recipes.common.runs import read_rows


def test_page_shows_stored_results():
    text = PAGE.read_text(encoding="utf-8")
    assert render_results() in text, "run `python -m recipes.common.results_page`"
    assert render_comparison(read_claims()) in text, "run `python -m recipes.common.results_page`"


@pytest.mark.parametrize("claim", read_claims(), ids=lambda claim: claim.what)
def test_every_claim_has_a_figure_or_a_reason(claim):
    if claim.command:
        assert claim.command in [row.command for row in read_rows(RECIPES / claim.recipe)]
    assert bool(claim.recipe) == bool(claim.command or claim.key)
    assert bool(claim.key) == bool(claim.how)
    assert claim.recipe or claim.note


def test_only_means_have_a_deviation():
    assert "±" in read_figure(Claim("x", recipe="few_shot", key="accuracy.10"))
    assert "±" not in read_figure(Claim("x", recipe="builtin", key="top1_fold5.teacher.esc10"))
    assert read_figure(Claim("x")) == "not measured"
    assert read_figure(Claim("x", recipe="esc50", command="panns train something.toml")) == "not run"
