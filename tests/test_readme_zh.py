"""The Chinese page shows what the English one shows: the same blocks, tables, links and sections."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENGLISH, CHINESE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))

FENCED = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^<!-- .*? -->$", re.MULTILINE)
TABLE = re.compile(r"^<!-- table: \w+ -->\n.*?^<!-- end -->$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
LANGUAGES = {"README.md", "README.zh.md"}


@pytest.mark.parametrize("pattern", [FENCED, MARK, TABLE], ids=["blocks", "marks", "tables"])
def test_both_pages_show_the_same(pattern):
    found = pattern.findall(ENGLISH)
    assert found
    assert pattern.findall(CHINESE) == found


def test_links_lead_to_the_same_places():
    english, chinese = (sorted(LINK.findall(FENCED.sub("", page))) for page in (ENGLISH, CHINESE))
    assert [link for link in chinese if link not in LANGUAGES] == [link for link in english if link not in LANGUAGES]


def test_each_page_links_to_the_other():
    assert "[中文](README.zh.md)" in ENGLISH
    assert "[English](README.md)" in CHINESE


def test_sections_are_as_many():
    english, chinese = (re.findall(r"^#+ ", FENCED.sub("", page), re.MULTILINE) for page in (ENGLISH, CHINESE))
    assert chinese == english
    assert "## " in english
