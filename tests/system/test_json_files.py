import json
import os
import re

import pytest

from panns.system.json_files import DamagedJson, parse_json, read_json, read_json_object, to_json, write_json
from tests.commands import needs_posix
from tests.test_layers import FILES


def test_numbers_that_json_lacks_become_null(tmp_path):
    value = {"scores": (0.5, float("nan")), "limits": [float("inf"), {"low": float("-inf")}], "n": 3}
    plain = {"scores": [0.5, None], "limits": [None, {"low": None}], "n": 3}
    assert json.loads(to_json(value)) == plain
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == plain


def test_no_other_module_reads_or_writes_json():
    """Python reads and writes NaN, which is not JSON; only `parse_json` and `to_json` have to know it."""
    users = [path for path in FILES if re.search(r"\bjson\.(dump|load)s?\b", path.read_text(encoding="utf-8"))]
    assert [path.name for path in users] == ["json_files.py"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"9" * 5000, "not JSON"),
        (b'{"threshold": 1e999}', "the number 1e999 is too large"),
        (b"[-1e400]", "the number -1e400 is too large"),
        (b'{"a": [NaN]}', "NaN is not part of JSON; write null"),
        (b"-Infinity", "-Infinity is not part of JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
    ],
)
def test_a_damaged_file_is_a_message(tmp_path, content, word):
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(DamagedJson, match=rf"a\.json is .*{word}"):
        read_json_object(file)


def test_what_is_not_a_file_is_a_message(tmp_path):
    with pytest.raises(DamagedJson, match="No such file"):
        read_json(tmp_path / "none.json")
    with pytest.raises(DamagedJson, match="instead of a regular file"):
        read_json(tmp_path)


@needs_posix
def test_a_pipe_and_a_device_are_sentences(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(DamagedJson, match="instead of a regular file"):
        read_json(tmp_path / "pipe.json")
    (tmp_path / "endless.json").symlink_to("/dev/zero")
    with pytest.raises(DamagedJson, match="instead of a regular file"):
        read_json(tmp_path / "endless.json")


def test_deep_nesting_is_a_value_error():
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json("[" * 200_000)
