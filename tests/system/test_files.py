import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from panns.system.files import file_digests, replacing


def write(path, text):
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def test_the_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old and longer", encoding="utf-8")
    with replacing(path) as partial:
        partial.write_text("新", encoding="utf-8")
        assert partial.suffix == path.suffix
        assert path.read_text(encoding="utf-8") == "old and longer"
    assert path.read_text(encoding="utf-8") == "新"
    assert list(tmp_path.iterdir()) == [path]


def fail_half_way(path):
    with replacing(path) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt


def test_after_an_exception_the_old_file_stays(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        fail_half_way(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_concurrent_writers_leave_a_whole_file(tmp_path):
    path, texts = tmp_path / "model.json", [str(i) * 100_000 for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: [write(path, text) for _ in range(20)], texts))
    assert path.read_text() in texts
    assert [file.name for file in tmp_path.iterdir()] == ["model.json"]


def test_digests_come_from_one_pass(tmp_path):
    path = tmp_path / "big"
    content = bytes(range(256)) * 10_000
    path.write_bytes(content)
    expected = {name: hashlib.new(name, content).hexdigest() for name in ("sha256", "md5")}
    assert file_digests(path, ["sha256", "md5"]) == expected
    assert file_digests(path) == {"sha256": expected["sha256"]}
