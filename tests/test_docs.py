"""What the pages in docs/ show as settings is read as such."""

import re
from pathlib import Path

import pytest

from panns.training.settings import read_settings

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCKS = re.findall(
    r"^```toml\n(.*?)^```$", (DOCS / "training.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize("text", BLOCKS)
def test_settings_are_read_strictly(text, tmp_path):
    path = tmp_path / "train.toml"
    path.write_text(text, encoding="utf-8")
    assert read_settings(path).model.name == "mn04_as"


def test_there_are_settings():
    assert BLOCKS
