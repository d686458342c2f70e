"""Files of `torch.save`, in both formats, whole and hostile."""

import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from panns.errors import CheckpointError
from panns.published import pickles
from panns.published.pickles import MAX_PICKLE_BYTES
from panns.published.state_dict import read_state_dict
from panns.published.torch_files import UnreadableTorchFile, read_torch_file
from tests.commands import WITHOUT_TORCH, needs_posix, run_python, succeed

TENSORS = {"a": torch.arange(600.0).reshape(20, 30), "b": torch.ones(7, dtype=torch.int64)}
FORMATS = {"zip": True, "old": False}


def save(content, path, *, is_zip=True):
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    return path


def read(path):
    """The tensors of a file as arrays, in whatever containers they are."""
    return {key: tensor.array() for key, tensor in read_torch_file(path).items()}


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    "tensor",
    [
        torch.linspace(-3, 3, 24).reshape(2, 3, 4),
        torch.linspace(-3, 3, 24).reshape(2, 3, 4).permute(2, 0, 1),
        torch.arange(24.0)[5:19:3],
        torch.arange(24.0).reshape(4, 6)[1:3, 2:4],
        torch.tensor(2.5),
        torch.zeros(0, 3),
        torch.arange(4.0).half(),
        torch.arange(4.0).double(),
        torch.arange(300).short(),
        torch.arange(4).to(torch.uint8),
        torch.arange(-4, 4).to(torch.int8),
        torch.tensor([True, False, True]),
        torch.arange(4, dtype=torch.int32),
        torch.nn.Parameter(torch.arange(4.0)),
    ],
    ids=str,
)
def test_every_tensor_is_read_exactly(tmp_path, tensor, is_zip):
    array = read(save({"w": tensor}, tmp_path / "a.pth", is_zip=is_zip))["w"]
    expected = tensor.detach().numpy()
    assert array.dtype == expected.dtype
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_bfloat16_becomes_float32(tmp_path, is_zip):
    tensor = torch.tensor([1.0, -2.5, 3e38, 1e-40, float("inf")]).bfloat16()
    array = read(save({"w": tensor}, tmp_path / "a.pth", is_zip=is_zip))["w"]
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, tensor.float().numpy())


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_other_values_of_a_training_are_read_too(tmp_path, is_zip):
    extras = {"epoch": 7, "loss": 0.25, "name": "Straße", "best": None, "is_done": True, "rates": [0.1, (1, 2, 3, 4)]}
    found = read_torch_file(save({"model": TENSORS, **extras}, tmp_path / "a.pth", is_zip=is_zip))
    assert {key: found[key] for key in extras} == extras


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_the_state_of_a_module_is_read(tmp_path, is_zip):
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    found = read(save(module.state_dict(), tmp_path / "a.pth", is_zip=is_zip))
    assert list(found) == list(module.state_dict())
    assert all(np.array_equal(found[key], value.numpy()) for key, value in module.state_dict().items())


def test_shared_numbers_are_read_for_each_name(tmp_path):
    whole = torch.arange(10.0)
    found = read(save({"a": whole, "b": whole[2:5]}, tmp_path / "a.pth"))
    np.testing.assert_array_equal(found["b"], [2, 3, 4])


def flipped(content, place, bit):
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


@pytest.mark.parametrize("n_changes", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_changed_bit_changes_a_number(tmp_path, n_changes):
    path = save(TENSORS, tmp_path / "a.pt")
    content, rng = path.read_bytes(), np.random.default_rng(0)
    n_refused = 0
    for place, bit in zip(rng.integers(0, len(content), n_changes), rng.integers(0, 8, n_changes), strict=True):
        path.write_bytes(flipped(content, place, bit))
        try:
            found = read(path)
        except UnreadableTorchFile:
            n_refused += 1
        else:  # in padding, or in a date
            assert found.keys() == TENSORS.keys()
            assert all(np.array_equal(found[name], TENSORS[name].numpy()) for name in TENSORS)
    assert n_refused > n_changes / 2


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share, is_zip):
    path = save(TENSORS, tmp_path / "a.pt", is_zip=is_zip)
    os.truncate(path, int(share * path.stat().st_size))
    with pytest.raises(UnreadableTorchFile):
        read_torch_file(path)


def test_an_extended_old_file_is_refused(tmp_path):
    path = save(TENSORS, tmp_path / "a.pt", is_zip=False)
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(UnreadableTorchFile, match="4 bytes follow"):
        read_torch_file(path)


def rezipped(path, change, compression=zipfile.ZIP_STORED):
    """The zip file with its members changed by a function from name and content to such pairs."""
    with zipfile.ZipFile(path) as old:
        members = [(name, old.read(name)) for name in old.namelist()]
    with zipfile.ZipFile(path, "w", compression) as new:
        for name, content in members:
            for changed in change(name, content):
                new.writestr(*changed)
    return path


def test_a_compressed_file_is_refused(tmp_path):
    """A megabyte of it may unpack to a gigabyte."""
    path = rezipped(save(TENSORS, tmp_path / "a.pt"), lambda *member: [member], zipfile.ZIP_DEFLATED)
    with pytest.raises(UnreadableTorchFile, match="compressed"):
        read_torch_file(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_that_exists_twice_is_refused(tmp_path):
    path = rezipped(save(TENSORS, tmp_path / "a.pt"), lambda *member: [member, member])
    with pytest.raises(UnreadableTorchFile, match="two parts named"):
        read_torch_file(path)


@pytest.mark.parametrize("n_extra", [-4, 4])
def test_numbers_of_another_size_are_refused(tmp_path, n_extra):
    def change(name, content):
        return [(name, (content + bytes(8))[: len(content) + n_extra] if name.endswith("data/0") else content)]

    path = rezipped(save(TENSORS, tmp_path / "a.pt"), change)
    with pytest.raises(UnreadableTorchFile, match=f"2,400 bytes has its numbers {2400 + n_extra:,} bytes"):
        read_torch_file(path)


def test_missing_numbers_are_refused(tmp_path):
    path = rezipped(
        save(TENSORS, tmp_path / "a.pt"), lambda name, content: [] if name.endswith("data/1") else [(name, content)]
    )
    with pytest.raises(UnreadableTorchFile, match="numbers missing"):
        read_torch_file(path)


def test_overlapping_parts_are_refused(tmp_path):
    """A zip bomb without compression: each entry of the list is a copy of one part."""
    path = save({"w": torch.zeros(1000)}, tmp_path / "a.pt")
    content = path.read_bytes()
    place = content.index(b"PK\x01\x02")
    with zipfile.ZipFile(path) as file:
        infos = file.infolist()
    largest = max(infos, key=lambda info: info.file_size)
    entries = b""
    for i in range(200):
        name = f"x/{i:03}".encode()
        entries += struct.pack(
            "<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 33, largest.CRC, largest.file_size,
            largest.file_size, len(name), 0, 0, 0, 0, 0, largest.header_offset,
        ) + name  # fmt: skip
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 200, 200, len(entries), place, 0)
    path.write_bytes(content[:place] + entries + end)
    with pytest.raises(UnreadableTorchFile, match=r"overlap|damaged"):
        read_torch_file(path)


@needs_posix
def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "a.pt")
    with pytest.raises(UnreadableTorchFile):
        read_torch_file(tmp_path / "a.pt")


def zip_around(pickled):
    """A zip file as torch writes it around a pickle."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("archive/data.pkl", pickled)
        file.writestr("archive/data/0", bytes(4096))
    return packed.getvalue()


def old_around(pickled):
    """A file in the older format around a pickle."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, system)]
    return b"".join(parts) + pickled + pickle.dumps([], 2) + bytes(8192)


AROUND = {"zip": zip_around, "old": old_around}


class Touches:
    """Unpickled by Python, this makes a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def named(module, name, arguments=b")"):
    """The pickle of a call of a name."""
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + arguments + b"R."


STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuM\x00\x04tQ"

LARGE_STORAGE = STORAGE.replace(b"M\x00\x04", b"\x8a\x06" + b"\xff" * 5 + b"\x00")


def rebuilt(shape, strides, storage=STORAGE, offset=0):
    """The pickle of {"w": tensor} over 1,024 stored numbers."""
    parts = b"".join(pickle.dumps(part, 2)[2:-1] for part in (offset, shape, strides))
    call = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + parts + b"\x89}tR"
    return b"\x80\x02}X\x01\x00\x00\x00w" + call + b"s."


REMEMBERED_PAIRS = b"](" + b"".join(b"M" + struct.pack("<H", i) + b"N\x86" for i in range(2000)) + b"eq\x00"
REMEMBERED_ITEMS = b"](" + b"N" * 2000 + b"eq\x00"


def calls_of_a_list(name, remembered, n_calls=2000):
    """The pickle of many calls with one list."""
    return b"\x80\x02" + remembered + b"c" + name + b"q\x01" + b"h\x01h\x00\x85R" * n_calls + b"."


def number_keys(numbers):
    """The pickle of a dictionary with whole numbers as keys."""
    return b"\x80\x02}(" + b"".join(b"\x8a\x0c" + n.to_bytes(12, "little", signed=True) + b"N" for n in numbers) + b"u."


HOSTILE = {
    "copies of pairs": (
        calls_of_a_list(b"collections\nOrderedDict\n", REMEMBERED_PAIRS),
        "copy more than 200,000 items",
    ),
    "copies of shapes": (calls_of_a_list(b"torch\nSize\n", REMEMBERED_ITEMS), "shape of 2,000 dimensions"),
    "equal hashes": (number_keys(i * (2**61 - 1) for i in range(20_000)), r"number of 2\^60 or more as a key"),
    "many numbers as keys": (number_keys(range(10_001)), "more than 10,000 numbers as keys"),
    "NaN as a key": (b"\x80\x02}G\x7f\xf8" + bytes(6) + b"Ns.", r"number of 2\^60 or more as a key"),
    "equal hashes in pairs": (
        named("collections", "OrderedDict", b"(]\x8a\x0c" + (2**61 - 1).to_bytes(12, "little") + b"N\x86at"),
        r"number of 2\^60 or more as a key",
    ),
    "a long name": (
        b"\x80\x02X\x02\x00\x00\x00os" + b"X\x50\xc3\x00\x00" + b"\x1b" * 50_000 + b"\x93.",
        r"names os\.(\\x1b){97}, which",
    ),
    "system": (named("os", "system", b"(X\x04\x00\x00\x00truet"), "names os.system"),
    "eval": (named("builtins", "eval", b"(X\x01\x00\x00\x001t"), "names builtins.eval"),
    "dotted": (named("torch", "serialization.os.system"), "names torch.serialization.os.system"),
    "getattr": (named("builtins", "getattr"), "names builtins.getattr"),
    "load": (named("torch", "load", b"(X\x01\x00\x00\x00at"), "names torch.load"),
    "a call of a value": (b"\x80\x02K\x01)R.", "damaged"),
    "a call of a type of storage": (named("torch", "FloatStorage"), "damaged"),
    "an object": (b"\x80\x02c__builtin__\nobject\n)\x81.", "names __builtin__.object"),
    "no end": (b"\x80\x02}", "truncated|instruction"),
    "a large text": (b"\x80\x02X\xff\xff\xff\xffabc.", "truncated"),
    "negative text": (b"\x80\x02T\xfb\xff\xff\xff.", "truncated"),
    "a large memo": (b"\x80\x02}r\xff\xff\xff\xff.", None),  # `pickle` takes 64 GB
    "lists in lists": (b"\x80\x02" + b"]" * 20_000 + b"a" * 19_999 + b".", None),
    "tuples in tuples": (b"\x80\x02)" + b"\x85" * 20_000 + b".", None),
    "tuples as a key": (b"\x80\x02})" + b"\x85" * 20_000 + b"Ns.", "keys"),
    "a long pickle": (b"\x80\x02B" + struct.pack("<I", MAX_PICKLE_BYTES) + bytes(MAX_PICKLE_BYTES) + b"0.", "MiB"),
    "no mark": (b"\x80\x02NNt.", "damaged"),
    "an empty stack": (b"\x80\x02.", "damaged"),
    "a number as a storage": (b"\x80\x02K\x01Q.", "damaged"),
    "too many numbers": (rebuilt((1_000_000, 1_000_000), (0, 0)), "more numbers than are stored"),
    "beyond the end": (rebuilt((1024,), (1,), offset=1), "more numbers than are stored"),
    "a wide step": (rebuilt((2,), (1024,)), "more numbers than are stored"),
    "a negative step": (rebuilt((2,), (-1,), offset=5), "size -1"),
    "a negative size": (rebuilt((-2,), (1,)), "size -2"),
    "an absurd size": (rebuilt((2**62,), (0,)), "sizes are whole numbers"),
    "a size that is a text": (rebuilt(("9",), (1,)), "size str"),
    "an absurd empty shape": (rebuilt((0, 2**40, 2**40), (1, 1, 1)), "shape"),
    "many dimensions": (rebuilt((1,) * 17, (1,) * 17), "17 dimensions"),
    "other steps": (rebuilt((1, 1), (1,)), "2 dimensions and 1 steps"),
    "an absurd storage": (rebuilt((1,), (1,), LARGE_STORAGE), "bytes"),
}


@pytest.fixture
def little_memory():
    """A limit on the memory of the process: 1 GB more than it has now."""
    resource = pytest.importorskip("resource")
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + (1 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the size of the process from /proc")
@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize(("pickled", "words"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused(tmp_path, pickled, words, around):
    path = tmp_path / "a.pth"
    # In the older format the description of a storage has one more field.
    path.write_bytes(around(pickled if around is zip_around else pickled.replace(b"tQ", b"NtQ")))
    with pytest.raises(CheckpointError, match=words or r"state dict|bytes follow"):
        read_state_dict(path)


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_many_instructions_are_refused(tmp_path, monkeypatch, around):
    monkeypatch.setattr(pickles, "MAX_INSTRUCTIONS", 1000)
    (tmp_path / "a.pth").write_bytes(around(b"\x80\x02" + b"N" * 1001 + b"."))
    with pytest.raises(UnreadableTorchFile, match="more than 1,000 instructions"):
        read_torch_file(tmp_path / "a.pth")


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_code_in_a_file_is_never_run(tmp_path, is_zip):
    mark = tmp_path / "run"
    save({"model": TENSORS, "optimizer": Touches(mark)}, tmp_path / "a.pth", is_zip=is_zip)
    with pytest.raises(UnreadableTorchFile, match="nothing of it was run"):
        read_torch_file(tmp_path / "a.pth")
    assert not mark.exists()


def test_one_tensor_under_many_names_is_refused(tmp_path):
    """Each name would be written out in full."""
    large = torch.zeros(10_000)
    save({f"w{i}": large for i in range(1000)}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"take 40,000,000 bytes"):
        read_state_dict(tmp_path / "a.pth")


def quantised():
    return torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.qint8)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: torch.ones(2, 2).to_sparse(), "_rebuild_sparse_tensor"),
        (lambda: torch.ones(2, 2).to_sparse_csr(), "_rebuild_sparse_tensor"),
        (quantised, "QInt8Storage|_rebuild_qtensor"),
        (lambda: torch.ones(2, dtype=torch.complex64), "ComplexFloatStorage"),
        (lambda: torch.ones(2).to(torch.float8_e5m2), "names torch"),
        (lambda: torch.ones(1).expand(1_000_000, 1_000_000), "more numbers than are stored"),
    ],
)
def test_odd_tensors_are_messages(tmp_path, make, words):
    torch.save({"a": make()}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=words):
        read_state_dict(tmp_path / "a.pth")


def test_a_file_is_read_without_torch(tmp_path):
    path = save(TENSORS, tmp_path / "a.pth")
    code = WITHOUT_TORCH + (
        "import sys, json; from pathlib import Path; from panns.published.state_dict import read_state_dict\n"
        "print(json.dumps({key: array.tolist() for key, array in read_state_dict(Path(sys.argv[1])).items()}))"
    )
    found = json.loads(succeed(run_python(code, path)))
    assert found == {key: value.tolist() for key, value in TENSORS.items()}
