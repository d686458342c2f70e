from __future__ import annotations

import pytest

from panns.data.manifest import Clip, read_manifest, write_manifest

CLIPS = [
    Clip("a/b.ogg", ("Chicken, rooster", "Cluck"), "17", "train", "CC0 1.0", 'he said "hen", by 文'),
    Clip("c.ogg", (), "18", "train", "CC BY 3.0", ""),
]


def test_clips_come_back_as_they_were(tmp_path):
    write_manifest(tmp_path / "m.csv", CLIPS)
    assert read_manifest(tmp_path / "m.csv") == CLIPS


def test_another_table_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text("path,label\na,b\n", encoding="utf-8")
    with pytest.raises(ValueError, match="begins with 'path,label'; a manifest begins with 'path,labels"):
        read_manifest(tmp_path / "m.csv")


def test_a_short_line_is_named(tmp_path):
    write_manifest(tmp_path / "m.csv", CLIPS)
    with (tmp_path / "m.csv").open("a", encoding="utf-8") as file:
        file.write("d.ogg,Dog\n")
    with pytest.raises(ValueError, match="line 4: 2 columns; a manifest has 6"):
        read_manifest(tmp_path / "m.csv")
