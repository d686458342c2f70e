"""Benchmarks import, and pages show their stored results. Nothing is measured here."""

from __future__ import annotations

import importlib
import json

import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.measure import RESULTS, Timing, timing
from benchmarks.render import TABLE, pages, rendered


@pytest.mark.parametrize("name", [*BENCHMARKS, "picture"])
def test_benchmark_imports_and_has_a_main(name):
    module = importlib.import_module(f"benchmarks.{name}")
    assert callable(module.main)
    assert module.__doc__


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_page_shows_stored_results(page):
    text = page.read_text(encoding="utf-8")
    assert TABLE.sub(rendered, text) == text, "run `python -m benchmarks.render`"


@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.json")), ids=lambda file: file.stem)
def test_stored_result_renders_as_a_table(file):
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    mark = TABLE.fullmatch(f"<!-- table: {file.stem} --><!-- end -->")
    lines = rendered(mark).splitlines()
    assert sum(line.startswith("| ") for line in lines) == 1 + len(rows)
    assert {line.count(" | ") for line in lines if line.startswith("| ")} == {len(rows[0]) - 1}


def test_timing_is_median_and_quartiles():
    assert timing([4.0, 1.0, 3.0, 2.0, 5.0]) == Timing(3.0, 2.0, 4.0, 5)
    assert str(Timing(12.34, 11.0, 13.0, 5)) == "12.3 (11.0..13.0)"
