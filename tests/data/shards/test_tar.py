from __future__ import annotations

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from panns.data.shards.tar import BLOCK, TarWriter


@given(st.lists(st.binary(max_size=1_100), max_size=5))
def test_round_trip(contents):
    file = io.BytesIO()
    tar = TarWriter(file)
    offsets = [tar.add(f"{i:09d}.bin", content) for i, content in enumerate(contents)]
    tar.finish()
    data = file.getvalue()
    assert len(data) == tar.n_bytes
    assert len(data) % tarfile.RECORDSIZE == 0
    for content, offset in zip(contents, offsets, strict=True):
        assert offset % BLOCK == 0
        assert data[offset : offset + len(content)] == content
    with tarfile.open(fileobj=io.BytesIO(data)) as read:
        members = read.getmembers()
        assert [read.extractfile(member).read() for member in members] == contents
        assert [member.name for member in members] == [f"{i:09d}.bin" for i in range(len(contents))]
        assert {(member.mtime, member.uid, member.uname, member.mode) for member in members} <= {(0, 0, "", 0o644)}


def test_bytes_equal_those_of_tarfile():
    file, expected = io.BytesIO(), io.BytesIO()
    tar = TarWriter(file)
    tar.add("a.json", b"{}")
    tar.finish()
    with tarfile.open(fileobj=expected, mode="w", format=tarfile.USTAR_FORMAT) as other:
        member = tarfile.TarInfo("a.json")
        member.size = 2
        other.addfile(member, io.BytesIO(b"{}"))
    assert file.getvalue() == expected.getvalue()
