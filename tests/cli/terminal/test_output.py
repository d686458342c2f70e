import io
import json
import os
import sys
from unittest import mock

import pytest
import typer

from panns.cli.options import check_output
from panns.cli.terminal.output import print_csv, print_json, print_line, print_tsv, writing
from panns.system.safe_text import printable
from tests.commands import needs_posix


@pytest.fixture
def stdout(monkeypatch):
    """Replace stdout by a stream with an encoding; returns its bytes."""

    def put(encoding):
        content = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding=encoding, errors="backslashreplace"))
        return content

    return put


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252", "gbk"])
@pytest.mark.parametrize("text", ["caf\xe9", "狗", "\U0001f436", "\udcff", "a\x1b[2J\n", "\x85\u2028"])
def test_json_round_trip_in_any_encoding(stdout, encoding, text):
    content = stdout(encoding)
    print_json({"file": text})
    line = content.getvalue().decode(encoding)
    assert json.loads(line) == {"file": text}
    assert line.count("\n") == 1


def test_json_in_utf8_is_not_escaped(stdout):
    content = stdout("UTF8")
    print_json({"label_zh": "狗"})
    assert "狗" in content.getvalue().decode()


def test_control_characters_are_escaped(stdout):
    content = stdout("utf-8")
    print_line("a\x1b[31m\r\n\x9b\u202egnp.wav 狗")
    assert content.getvalue().decode() == "a\\x1b[31m\\r\\n\\x9b\\u202egnp.wav 狗\n"
    assert printable("plain 狗 \U0001f436") == "plain 狗 \U0001f436"


UNSAFE = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, 0x2028, 0x202E, 0x2066]))


@pytest.mark.parametrize("print_it", [lambda text: print_json({"file": text}), lambda text: print_csv([(text,)])])
def test_control_and_direction_signs_never_reach_the_terminal(stdout, print_it):
    content = stdout("utf-8")
    print_it(f"a{UNSAFE}b")
    text = content.getvalue().decode("utf-8")
    assert text.count("\n") == 1
    assert not set(UNSAFE) & set(text.rstrip("\n"))
    if text.startswith("{"):
        assert json.loads(text) == {"file": f"a{UNSAFE}b"}


@pytest.mark.parametrize("print_rows", [print_csv, print_tsv])
def test_a_spreadsheet_computes_no_cell(stdout, print_rows):
    content = stdout("utf-8")
    print_rows([("=1+1.wav", "+a", "-a", "@a", "\t=a", "a=b", "-", -0.5, 2)])
    cells = content.getvalue().decode("utf-8").rstrip("\n").split("," if print_rows is print_csv else "\t")
    assert cells == ["'=1+1.wav", "'+a", "'-a", "'@a", "\\t=a", "a=b", "-", "-0.5", "2"]


@needs_posix
def test_writing_follows_links_and_keeps_permissions(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "real.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    with writing(tmp_path / "link.txt") as partial:
        partial.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
    assert (tmp_path / "real.txt").stat().st_mode & 0o777 == 0o640


@needs_posix
def test_a_device_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.npz")
    with pytest.raises(typer.BadParameter, match="is a device or a pipe; give the name of a file"):
        check_output(tmp_path / "a.npz", ".npz")


def test_a_closed_folder_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", mock.Mock(side_effect=OSError(30, "Read-only file system")))
    with pytest.raises(typer.BadParameter, match=r"nothing can be written to .* \(Read-only file system\)"):
        check_output(tmp_path / "b.npz", ".npz")
