"""The data set of a run: its parts, and what is read how often."""

from __future__ import annotations

from collections import Counter

import pytest

from panns.checkpoints.checkpoint import open_checkpoint
from panns.data.clip_lists import Clip, read_clip_list
from panns.data.clips.audio import FileAudio
from panns.data.shards.decoded import decode_once
from panns.training import dataset, recordings
from panns.training.cross_validation import cross_validate
from panns.training.dataset import split_clips
from panns.training.engine.distributed import World
from panns.training.finetune import FinetuneOptions, finetune
from panns.training.recordings import open_recordings
from panns.training.run import train_model
from panns.training.settings import DataSettings, read_settings

CLIPS = [
    Clip(f"{fold}{label}{i}.wav", (label,), fold=fold, source=f"{fold}{label}{i}")
    for fold in "123"
    for label in ("cat", "dog")
    for i in range(5)
]
SHARED = Clip("other.wav", ("cat",), fold="1", source="3cat0")  # shares a recording with a clip of fold 3


def folds_of(clips, part):
    return {clips[i].fold for i in part}


def test_parts_share_no_source():
    clips = [*CLIPS, SHARED]
    parts = split_clips(clips, DataSettings("x", test_fold="3", validation_fold="2"), seed=0)
    assert folds_of(clips, parts.test) == {"3"}
    assert folds_of(clips, parts.validation) == {"2"}
    assert folds_of(clips, parts.train) == {"1"}
    assert parts.left_out.tolist() == [30]


def test_a_validation_share_comes_from_the_rest():
    parts = split_clips(CLIPS, DataSettings("x", test_fold="3", validation_share=0.2), seed=0)
    assert folds_of(CLIPS, [*parts.train, *parts.validation]) == {"1", "2"}
    assert (len(parts.validation), len(parts.train)) == (4, 16)
    assert sorted([*parts.train, *parts.validation, *parts.test]) == list(range(30))


def test_duplicates_stay_in_one_part():
    settings = DataSettings("x", test_fold="3", validation_share=0.3)
    parts = split_clips(CLIPS, settings, seed=0, duplicates=((0, 29), (1, 11)))
    assert 0 in parts.left_out
    assert (1 in parts.train) == (11 in parts.train)


def test_without_folds_every_clip_trains():
    parts = split_clips(CLIPS, DataSettings("x"), seed=0)
    assert parts.train.tolist() == list(range(30))
    assert not any(map(len, (parts.validation, parts.test, parts.left_out)))


@pytest.fixture
def counted(monkeypatch):
    """Counts the calls that read clip lists, check clips, decode audio and digest files."""
    calls = Counter()

    def count(module, name):
        original = getattr(module, name)

        def counting(*arguments, **options):
            calls[name] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(module, name, counting)

    count(recordings, "read_clip_list")
    count(recordings, "decode_once")
    count(dataset, "check_clips_before_training")
    return calls


ONCE = {"read_clip_list": 1, "decode_once": 1, "check_clips_before_training": 1}


def test_a_run_reads_its_clips_once(settings_file, tmp_path, counted):
    settings = read_settings(settings_file, ("n_steps=1", f"data.decoded={tmp_path / 'decoded'}"))
    train_model(settings, tmp_path / "out")
    assert counted == ONCE


def test_a_run_reads_its_noise_once(settings_file, clip_list_file, tmp_path, counted):
    changes = ("n_steps=1", "data.check=false", f"data.noise={clip_list_file}", "noise_share=0.5")
    train_model(read_settings(settings_file, changes), tmp_path / "out")
    assert counted == {"read_clip_list": 2}  # the clips, and the noise


def test_a_cross_validation_reads_its_clips_once(settings_file, tmp_path, counted):
    settings = read_settings(settings_file, ("n_steps=1", f"data.decoded={tmp_path / 'decoded'}"))
    cross_validate(settings, tmp_path / "out")
    assert counted == ONCE


def test_fine_tuning_reads_its_clips_once(class_folders, untrained_checkpoint, tmp_path, counted, monkeypatch):
    monkeypatch.setattr("panns.training.finetune.resolve", open_checkpoint)  # the export takes seconds
    options = FinetuneOptions(str(untrained_checkpoint), changes=("train.n_steps=1",))
    finetune(class_folders, tmp_path / "model", options)
    assert counted == ONCE


class Watched(World):
    """One of two processes, which records when it waits."""

    events: list[str]

    def __init__(self, rank, events):
        super().__init__(rank, 2)
        object.__setattr__(self, "events", events)

    def wait(self):
        self.events.append("waits")


@pytest.mark.parametrize(("rank", "order"), [(0, ["decodes", "waits"]), (1, ["waits", "reads"])])
def test_the_first_process_decodes(clip_list_file, tmp_path, monkeypatch, rank, order):
    events, clips = [], read_clip_list(clip_list_file)

    def cached(*arguments, **options):
        events.append("reads" if rank else "decodes")
        return decode_once(*arguments, **options)

    monkeypatch.setattr(recordings, "decode_once", cached)
    if rank:
        decode_once(clips, 32_000, tmp_path)
    opened = open_recordings(clips, 32_000, decoded=str(tmp_path), world=Watched(rank, events))
    assert events == order
    assert len(opened) == len(clips.clips)


def test_no_process_waits_without_decoded_clips(clip_list_file):
    events = []
    opened = open_recordings(read_clip_list(clip_list_file), 32_000, world=Watched(1, events))
    assert isinstance(opened.audio, FileAudio)
    assert events == []
