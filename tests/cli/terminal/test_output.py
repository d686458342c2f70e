import io
import json
import sys

import pytest

from panns.cli.terminal.output import print_json, print_line, printable


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
