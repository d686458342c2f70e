import io
import os
import zipfile

import numpy as np
import pytest
import torch

from panns.errors import SettingsError
from panns.training.engine.state_file import read_state, write_state
from tests.commands import needs_posix

TENSORS = {"a": torch.arange(600.0).reshape(20, 30), "b": torch.ones(7, dtype=torch.int64)}
KEYS = set(TENSORS)


@pytest.mark.parametrize("n_changes", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_changed_bit_changes_a_number(tmp_path, n_changes):
    """torch reads a file with a changed bit as other numbers; of 40 such training states, 39 were trained on."""
    path = tmp_path / "state.pt"
    write_state(path, TENSORS)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    n_refused = 0
    for place, bit in zip(rng.integers(0, len(content), n_changes), rng.integers(0, 8, n_changes), strict=True):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])
        try:
            found = read_state(path, KEYS)
        except SettingsError:
            n_refused += 1
        else:  # in padding, or in a date
            assert found.keys() == TENSORS.keys()
            assert all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)
    assert n_refused > n_changes / 2


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = tmp_path / "state.pt"
    write_state(path, TENSORS)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(SettingsError, match="damaged"):
        read_state(path, KEYS)


def test_a_compressed_file_is_refused(tmp_path):
    """A megabyte of it may unpack to a gigabyte."""
    plain = io.BytesIO()
    torch.save(TENSORS, plain)
    with zipfile.ZipFile(plain) as stored, zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    with pytest.raises(SettingsError, match="damaged"):
        read_state(tmp_path / "a.pt", KEYS)


@needs_posix
def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "a.pt")
    with pytest.raises(SettingsError, match="damaged"):
        read_state(tmp_path / "a.pt", KEYS)
