"""Links between pages lead somewhere, and the README stays short."""

import re

import pytest

from tests.docs.pages import PAGES, ROOT, without_code

LINK = re.compile(r"\]\(([^)\s]+)\)")
MAX_README_WORDS = 900


def id_of(path):
    return path.relative_to(ROOT).as_posix()


def anchors_of(markdown):
    """Anchors of the headings, as GitHub and the documentation site make them."""
    headings = re.findall(r"^#+ +(.+)$", without_code(markdown), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_relative_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    missing = []
    for link in LINK.findall(without_code(text)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        has_anchor = not anchor or target.suffix != ".md" or anchor in anchors_of(target.read_text(encoding="utf-8"))
        if not (target.exists() and has_anchor):
            missing.append(link)
    assert missing == []


def test_anchors_are_those_of_headings():
    assert anchors_of("# A `b` c\n\n## Of events, in time\n```\n# no\n```\n") == {"a-b-c", "of-events-in-time"}


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= MAX_README_WORDS


def test_make_targets_of_the_readme_exist():
    named = set(re.findall(r"\bmake ([\w-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test", "check"} <= named <= targets


def test_both_readmes_link_to_each_other():
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
    assert "(README.zh.md)" in english
    assert "(README.md)" in chinese


def test_every_how_to_page_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [path for path in PAGES if path.parent.name in {"how-to", "reference"}]
    assert [path.name for path in pages if f"({path.relative_to(ROOT / 'docs').as_posix()})" not in index] == []


def test_every_page_is_in_the_navigation():
    navigation = re.findall(r" (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(navigation) == sorted(map(id_of, PAGES))


def test_the_glossary_is_sorted():
    terms = re.findall(r"^\| \*\*(.+?)\*\*", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(terms) > 30
    assert terms == sorted(terms, key=lambda term: term.casefold().replace("-", " "))
