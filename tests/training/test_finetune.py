"""Fine-tuning on a folder of sounds."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from panns.data.clip_lists import Clip, read_clip_list
from panns.data.shards import ShardSettings, write_shards
from panns.errors import SettingsError
from panns.recognizer import load
from panns.training.engine.transfer_learning import TransferSettings
from panns.training.finetune import TRAINING_FOLDER, FinetuneOptions, choose_settings, finetune
from tests.training.conftest import KINDS


@pytest.mark.parametrize("head", ["classifier", pytest.param("mlp", marks=pytest.mark.slow)])
def test_a_folder_becomes_a_model(class_folders, trained_checkpoint, tmp_path, head):
    options = FinetuneOptions(str(trained_checkpoint), lr=0.01, transfer=TransferSettings(head))
    result = finetune(class_folders, tmp_path / "model", options)
    assert result.validation.accuracy == 1.0
    assert (len(result.parts.train), len(result.parts.validation)) == (18, 6)
    recognizer = load(tmp_path / "model")
    assert recognizer.manifest.activation == "softmax"
    assert recognizer.manifest.window_s == 1.0  # clips of 0.6 s; 1 s is the minimum
    for kind in KINDS:
        assert recognizer.tag(class_folders / kind / f"{kind}a.wav")[0].label == kind
    left = {path.name for path in (tmp_path / "model" / TRAINING_FOLDER).iterdir()}
    assert left == {"check.json", "clips.json", "metrics.jsonl", "settings.json"}
    with pytest.raises(SettingsError, match="holds a model already"):
        finetune(class_folders, tmp_path / "model", options)


@pytest.mark.slow
def test_a_stopped_training_resumes_exactly(class_folders, trained_checkpoint, tmp_path):
    options = FinetuneOptions(str(trained_checkpoint), lr=0.01)

    def stop(progress):
        if (progress.stage, progress.done) == ("training", 12):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finetune(class_folders, tmp_path / "stopped", options, on_progress=stop)
    finetune(class_folders, tmp_path / "stopped", options, is_resumed=True)
    finetune(class_folders, tmp_path / "unbroken", options)
    one, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("stopped", "unbroken"))
    assert one == other


@pytest.mark.slow
def test_shards_become_a_model(clip_list_file, trained_checkpoint, tmp_path):
    write_shards(read_clip_list(clip_list_file), tmp_path / "shards", ShardSettings())
    options = FinetuneOptions(str(trained_checkpoint), test_fold="2", changes=("train.n_steps=2",))
    assert len(finetune(tmp_path / "shards", tmp_path / "model", options).parts.test) == 12


def choose(clips, durations_s=(3.0,), **options):
    return choose_settings(Path("x"), clips, np.array(durations_s, np.float32), FinetuneOptions(**options), Path("t"))


def test_settings_suit_the_clips():
    many = [Clip(f"{i}.wav", ("cat" if i % 2 else "dog",)) for i in range(1000)]
    settings = choose(many, [2.0] * 9 + [60.0])
    assert settings.loss.task == "single-label"
    assert settings.train.n_steps == 20 * 800 // 32
    assert settings.batches.durations_s == (2.0,)
    assert settings.data.validation_share == 0.2
    assert choose(many, [0.2]).batches.durations_s == (1.0,)
    assert choose(many, [50.0]).batches.durations_s == (10.0,)
    assert choose([*many, Clip("x.wav", ("cat", "dog"))]).loss.task == "multi-label"
    assert choose([*many, Clip("x.wav")]).loss.task == "multi-label"
    few = choose(many[:10])
    assert (few.batches.batch_size, few.train.n_steps) == (8, 60)
    assert choose(many[:10], n_epochs=3).train.n_steps == 3
    frozen = choose(many, transfer=TransferSettings("linear", trained="head")).train.optim
    assert (frozen.backbone_share, frozen.head_only_steps) == (0.0, 0)


def test_any_setting_can_be_changed():
    clips = [Clip(f"{i}.wav", ("cat" if i % 2 else "dog",)) for i in range(10)]
    changed = choose(clips, changes=("optim.weight_decay=0.3", "batches.augment.gain_share=1"))
    assert (changed.train.optim.weight_decay, changed.batches.augment.gain_share) == (0.3, 1.0)
    with pytest.raises(SettingsError, match=r"unknown setting 'optim\.lrr'"):
        choose(clips, changes=("optim.lrr=1",))


def test_an_unknown_setting_is_refused_before_reading_clips(untrained_checkpoint, tmp_path):
    options = FinetuneOptions(str(untrained_checkpoint), changes=("optim.lrr=1",))
    with pytest.raises(SettingsError, match=r"unknown setting 'optim\.lrr'"):
        finetune(tmp_path / "missing", tmp_path / "model", options)


def test_folds_are_found_by_their_names():
    clips = [Clip(f"{fold}{i}.wav", ("cat",), fold=fold) for fold in ("train", "val", "test") for i in range(5)]
    data = choose(clips).data
    assert (data.test_fold, data.validation_fold, data.validation_share) == ("test", "val", 0.0)
    assert choose(clips, test_fold="train").data.test_fold == "train"


@pytest.mark.slow
def test_a_test_folder_is_the_test_fold(class_folders, trained_checkpoint, tmp_path):
    root = tmp_path / "data"
    for kind in KINDS:
        for part, letters in (("train", "abcdef"), ("test", "gh")):
            (root / part / kind).mkdir(parents=True)
            for letter in letters:
                shutil.copy(class_folders / kind / f"{kind}{letter}.wav", root / part / kind)
    assert {clip.fold for clip in read_clip_list(root).clips} == {"train", "test"}
    result = finetune(root, tmp_path / "model", FinetuneOptions(str(trained_checkpoint), lr=0.01))
    assert len(result.parts.test) == 6
    assert result.test.accuracy > 0.8
    (metric,) = result.checkpoint.manifest.metrics
    assert "fold test" in metric.protocol


@pytest.mark.parametrize("options", [{"n_epochs": 0}, {"batch_size": 1}, {"validation_share": 1.0}])
def test_options_out_of_range_are_refused(options):
    ((name, value),) = options.items()
    with pytest.raises(SettingsError, match=f"{name}={value}"):
        FinetuneOptions(**options)
