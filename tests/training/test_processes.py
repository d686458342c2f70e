"""Several processes: what takes long is done by the first one, while the others wait, and all read the same."""

from __future__ import annotations

import numpy as np
import pytest

from panns.data.clip_lists import read_clip_list
from panns.data.clips.audio import FileAudio
from panns.data.shards import decoded
from panns.training import dataset, teaching
from panns.training.dataset import audio_at
from panns.training.engine.distributed import World


class Watched(World):
    """One of two processes, whose waiting is written down."""

    def __init__(self, rank, happened):
        super().__init__(rank, 2)
        object.__setattr__(self, "happened", happened)

    def wait(self):
        self.happened.append("waits")


@pytest.mark.parametrize(("rank", "order"), [(0, ["decodes", "waits"]), (1, ["waits", "reads"])])
def test_the_first_process_decodes(manifest_file, tmp_path, monkeypatch, rank, order):
    happened = []

    def cached(*arguments, **options):
        happened.append("reads" if rank else "decodes")
        return decoded.decode_once(*arguments, **options)

    monkeypatch.setattr(dataset, "decode_once", cached)
    if rank:
        decoded.decode_once(read_clip_list(manifest_file), 32_000, tmp_path)
    audio = audio_at(manifest_file, 32_000, decoded=str(tmp_path), world=Watched(rank, happened))
    assert happened == order
    assert len(audio) == len(read_clip_list(manifest_file).clips)


def test_nobody_waits_where_nothing_is_decoded_before(manifest_file):
    happened = []
    assert isinstance(audio_at(manifest_file, 32_000, decoded="", world=Watched(1, happened)), FileAudio)
    assert happened == []


@pytest.mark.parametrize(("rank", "order"), [(0, ["asks", "waits"]), (1, ["waits", "reads"])])
def test_the_first_process_asks_the_teacher(tmp_path, monkeypatch, rank, order):
    happened = []

    def probs_of(*_):
        happened.append("reads" if rank else "asks")
        return np.zeros((1, 2), np.float32)

    monkeypatch.setattr(teaching, "cached_probs", probs_of)
    world = Watched(rank, happened)
    teaching.probs_of(None, None, tmp_path / "teacher.npz", world=world, on_progress=lambda *_: None)
    assert happened == order
