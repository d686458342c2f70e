import os
import zipfile

import numpy as np
import pytest

from panns.system.array_files import DamagedArrays, read_arrays
from tests.commands import needs_posix

ARRAYS = {
    "numbers": np.arange(12, dtype=np.int32).reshape(3, 4),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "texts": np.array(["dog", "狗"]),
    "nothing": np.zeros((0, 3), np.float32),
    "one": np.array(5),
    "empty": np.array([""])[:0],
}


@pytest.fixture
def path(tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    return tmp_path / "a.npz"


def test_arrays_come_back(path):
    found = read_arrays(path)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_no_changed_bit_changes_a_number(path):
    content = path.read_bytes()
    for place in range(0, len(content), 11):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :])
        try:
            found = read_arrays(path)
        except DamagedArrays:
            continue
        for name in found.keys() & ARRAYS.keys():
            np.testing.assert_array_equal(found[name], ARRAYS[name])


def member(header):
    text = (repr(header) + " " * 200)[:197] + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        member({"descr": "<f4", "fortran_order": False, "shape": (10**15,)}),
        member({"descr": "<f4", "fortran_order": False, "shape": (-1,)}),
        member({"descr": "|O", "fortran_order": False, "shape": (0,)}),
        member({"descr": [("a", "<f4")], "fortran_order": False, "shape": (0,)}),
        member({"descr": "<c8", "fortran_order": False, "shape": (0,)}),
        member("no header"),
        b"",
    ],
)
def test_odd_arrays_are_refused(path, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(DamagedArrays, match=r"a\.npz cannot be read"):
        read_arrays(path)


def test_compressed_arrays_and_other_files_are_refused(path, tmp_path):
    np.savez_compressed(path, a=np.zeros(1000))
    with pytest.raises(DamagedArrays, match="compressed"):
        read_arrays(path)
    np.savez(path, a=np.array([{}], object))
    with pytest.raises(DamagedArrays):
        read_arrays(path)
    path.write_bytes(b"")
    with pytest.raises(DamagedArrays):
        read_arrays(path)
    for file in (tmp_path / "none", tmp_path):
        with pytest.raises(DamagedArrays):
            read_arrays(file)


@needs_posix
def test_a_pipe_is_refused(path):
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DamagedArrays):
        read_arrays(path)
