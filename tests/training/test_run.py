"""A run from settings to a checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from panns.data.clip_lists import read_clip_list, write_clip_list
from panns.data.clips.audio import FileAudio
from panns.data.shards import ShardSettings, write_shards
from panns.errors import DataError, SettingsError
from panns.evaluation import evaluate_clips
from panns.frontend import LogMelConfig
from panns.models.residual_cnn import ResidualCnnConfig
from panns.recognizer import load
from panns.training.engine.clip_batches import ClipBatches
from panns.training.engine.distributed import World
from panns.training.engine.state_file import STATE_FILE
from panns.training.run import train_model
from panns.training.run_folder import EVALUATION_FILE, MODEL_FOLDER, SETTINGS_FILE
from panns.training.settings import read_settings
from tests.sounds import noise

UNCHECKED = "data.check=false"


def parameters(result):
    return load_file(result.checkpoint.path / "model.safetensors")


def test_a_run_learns_and_its_checkpoint_loads(trained_run, trained_checkpoint, clip_list_file):
    """ONNX Runtime scores the test clips as torch did at the end of the run."""
    progress = json.loads((trained_run / "progress.json").read_text())
    assert {stage for *_, stage in progress} >= {"reading clips", "training"}
    assert [1, 40, "steps", "training"] in progress

    recognizer = load(trained_checkpoint)
    manifest = recognizer.manifest
    assert [label.en for label in manifest.labels] == ["clicks", "noise", "tone"]
    assert (manifest.activation, manifest.window_s) == ("softmax", 0.5)
    (metric,) = manifest.metrics
    evaluation = json.loads((trained_run / "out" / EVALUATION_FILE).read_text())
    assert (metric.name, metric.value) == ("accuracy", evaluation["accuracy"])
    assert metric.value > 0.9
    assert "fold 2 of clips.csv" in metric.protocol

    audio = FileAudio(read_clip_list(clip_list_file), recognizer.sample_rate)
    with np.load(trained_run / "test.npz") as at_the_end:
        assert (len(at_the_end["train"]), len(at_the_end["test"])) == (12, 12)
        clips = [audio.waveform(i) for i in at_the_end["test"]]
        np.testing.assert_allclose(recognizer.run(clips).clip_probs, at_the_end["scores"], atol=1e-4)
    again = evaluate_clips(recognizer.run, audio, manifest.labels, activation=manifest.activation)
    assert again.n_clips == 24


def test_a_network_from_scratch_takes_other_settings(settings_file, tmp_path):
    changes = "model.config={channels=[8, 8, 12], frontend={n_mels=32}}"
    settings = read_settings(
        settings_file, ("model.name=residual_cnn", "model.start=nothing", changes, "n_steps=1", UNCHECKED)
    )
    config = train_model(settings, tmp_path / "out").checkpoint.manifest.config
    assert config == replace(
        ResidualCnnConfig(), channels=(8, 8, 12), frontend=replace(LogMelConfig(), n_mels=32), n_classes=3
    )


def test_half_precision_halves_the_file_and_is_tested(settings_file, clip_list_file, tmp_path):
    sizes = []
    for stored in ("float32", "float16"):
        settings = read_settings(settings_file, (f"stored={stored}", "n_steps=2", UNCHECKED))
        result = train_model(settings, tmp_path / stored)
        sizes.append((result.checkpoint.path / "model.safetensors").stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]
    recognizer = load(result.checkpoint.path, backend="torch")
    audio = FileAudio(read_clip_list(clip_list_file), recognizer.sample_rate)
    clips = [audio.waveform(i) for i in result.parts.test]
    np.testing.assert_allclose(recognizer.run(clips).clip_probs, result.test.scores, atol=1e-6)


def test_an_overflow_of_half_precision_keeps_float32(settings_file, tmp_path, monkeypatch):
    def overflow(_):
        raise SettingsError("stem reaches 7e+04, and half precision ends at 65504; store it in float32")

    monkeypatch.setattr("panns.training.run.round_to_half", overflow)
    with pytest.raises(SettingsError, match=r"7e\+04, .*model holds the model in float32"):
        train_model(read_settings(settings_file, ("stored=float16", "n_steps=1", UNCHECKED)), tmp_path / "out")
    assert load(tmp_path / "out" / "model", backend="torch").run([noise(0.5)]).clip_probs.shape == (1, 3)


def test_a_network_with_a_new_head_starts_from_scratch(settings_file, tmp_path):
    changes = ("model.transfer.head=linear", "n_steps=1", UNCHECKED)
    first = train_model(read_settings(settings_file, changes), tmp_path / "first").checkpoint
    again = (
        f"model.name={first.path}", "model.start=nothing", "n_steps=1", UNCHECKED, "model.config.head.dropout=0.5",
    )  # fmt: skip
    manifest = train_model(read_settings(settings_file, again), tmp_path / "again").checkpoint.manifest
    assert manifest.architecture == "transfer"
    heads = [vars(one.config)["head"] for one in (manifest, first.manifest)]
    assert heads[0] == replace(heads[1], dropout=0.5)


def test_a_head_that_does_not_fit_is_refused_before_reading_clips(settings_file, tmp_path):
    progress = []
    settings = read_settings(settings_file, ("model.transfer.head=bands",))
    with pytest.raises(SettingsError, match=r"head='bands' does not fit.*residual_cnn"):
        train_model(settings, tmp_path / "out", on_progress=progress.append)
    assert not progress


def test_a_stopped_run_resumes_exactly(settings_file, tmp_path):
    changes = ("n_steps=14", "batches.mask.share=0.5", "batches.mix.kind=mixup", UNCHECKED)
    settings = read_settings(settings_file, changes)
    unbroken = parameters(train_model(settings, tmp_path / "unbroken"))

    class Killed(BaseException):
        pass

    def kill(progress):
        if (progress.stage, progress.done) == ("training", 12):
            raise Killed

    with pytest.raises(Killed):
        train_model(settings, tmp_path / "killed", on_progress=kill)
    with pytest.raises(SettingsError, match=r"holds a run already.*--resume"):
        train_model(settings, tmp_path / "killed")
    with pytest.raises(SettingsError, match="other settings: seed was 0 and is 1"):
        train_model(replace(settings, seed=1), tmp_path / "killed", is_resumed=True)
    torch.manual_seed(5)
    resumed = parameters(train_model(settings, tmp_path / "killed", is_resumed=True))
    assert all(torch.equal(unbroken[key], resumed[key]) for key in unbroken)
    assert (tmp_path / "killed" / STATE_FILE).is_file()
    assert json.loads((tmp_path / "killed" / SETTINGS_FILE).read_text())["seed"] == 0


def test_a_run_older_than_a_setting_resumes(settings_file, tmp_path):
    settings = read_settings(settings_file, ("n_steps=6", "checkpoint_steps=3", UNCHECKED))
    out = tmp_path / "out"
    whole = parameters(train_model(settings, out))
    recorded = json.loads((out / SETTINGS_FILE).read_text())
    del recorded["stored"], recorded["train"]["test_steps"]
    (out / SETTINGS_FILE).write_text(json.dumps(recorded))
    state = torch.load(out / STATE_FILE, weights_only=True)
    del state["config"]["train"]["test_steps"]
    torch.save(state, out / STATE_FILE)
    resumed = parameters(train_model(settings, out, is_resumed=True))
    for key, value in whole.items():
        assert torch.equal(value, resumed[key]), key


def test_decoded_clips_and_shards_give_the_same_model(settings_file, clip_list_file, tmp_path):
    settings = read_settings(settings_file, ("n_steps=3", "data.validation_share=0.2", "validate_steps=3"))

    def run(name, **data):
        return train_model(replace(settings, data=replace(settings.data, **data)), tmp_path / name)

    direct = run("direct")
    decoded = run("from_decoded", decoded=str(tmp_path / "decoded"))
    write_shards(read_clip_list(clip_list_file), tmp_path / "shards", ShardSettings())
    sharded = run("from_shards", clips=str(tmp_path / "shards"))
    assert len(direct.parts.validation) == len(decoded.parts.validation) == len(sharded.parts.validation) == 3
    np.testing.assert_array_equal(sharded.test.scores, direct.test.scores)
    np.testing.assert_allclose(decoded.test.scores, direct.test.scores, atol=0.1)  # 16 bits


def test_noise_is_unrelated_to_held_out_clips(settings_file, clip_list_file, tmp_path, monkeypatch):
    """The clips may be the noise of each other, except for those that validate or test."""
    used = []

    class Watched(ClipBatches):
        def __init__(self, *arguments, noise, **more):
            used.append(noise)
            super().__init__(*arguments, noise=noise, **more)

    monkeypatch.setattr("panns.training.run.ClipBatches", Watched)
    noise_list = tmp_path / "noise.csv"

    def list_noise(folds):
        clips = [clip for clip in read_clip_list(clip_list_file).clips if clip.fold in folds]
        write_clip_list(noise_list, [replace(clip, path=str(clip_list_file.parent / clip.path)) for clip in clips])

    list_noise("12")
    assignments = (f"data.noise={noise_list}", "noise_share=1.0", "recorded_noise_share=1.0", "n_steps=2", UNCHECKED)
    train_model(read_settings(settings_file, assignments), tmp_path / "out")
    assert [clip.fold for clip in used[0].clips] == ["1"] * 12
    validated = train_model(
        read_settings(settings_file, (*assignments, "data.validation_share=0.5")), tmp_path / "validated"
    )
    assert len(used[1]) == len(validated.parts.train) < 12
    list_noise("2")
    with pytest.raises(DataError, match=r"every recording of .*noise\.csv shares"):
        train_model(read_settings(settings_file, assignments), tmp_path / "other")


def test_a_failed_evaluation_keeps_the_model(settings_file, tmp_path, monkeypatch):
    monkeypatch.setattr("panns.training.run.evaluate_clips", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train_model(read_settings(settings_file, ("n_steps=1", UNCHECKED)), tmp_path / "out")
    assert load(tmp_path / "out" / MODEL_FOLDER, backend="torch").manifest.labels[0].en == "clicks"


def test_a_batch_that_processes_cannot_share_is_refused(settings_file, tmp_path):
    with pytest.raises(SettingsError, match="batch_size=12 cannot be shared by 5 processes"):
        train_model(read_settings(settings_file), tmp_path / "out", world=World(0, 5))


def test_a_frame_loss_needs_a_network_with_frames(settings_file, tiny_checkpoint, tmp_path):
    changes = ("loss.best_frames=1.0", f"model.name={tiny_checkpoint}", UNCHECKED)
    with pytest.raises(SettingsError, match="frame scores, and cnn6 has none"):
        train_model(read_settings(settings_file, changes), tmp_path / "out")


def test_a_missing_test_fold_is_refused(settings_file, tmp_path):
    with pytest.raises(DataError, match="'9' has no clips"):
        train_model(read_settings(settings_file, ("test_fold='9'", UNCHECKED)), tmp_path / "out")
