"""A run from settings to a checkpoint: it learns, its checkpoint is a model like any other, and it goes on exactly."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from panns.data.clip_lists import Clip, read_clip_list, write_clip_list
from panns.data.clips.audio import FileAudio
from panns.errors import DataError, SettingsError
from panns.evaluation import evaluate_clips
from panns.frontend import LogMelConfig
from panns.labels import LabelSet
from panns.models.residual_cnn import ResidualCnnConfig
from panns.recognizer import load
from panns.training.cross_validation import RESULT_FILE, cross_validate
from panns.training.engine.clip_batches import ClipBatches
from panns.training.engine.distributed import World
from panns.training.engine.loop import STATE_FILE
from panns.training.run import run
from panns.training.run_folder import EVALUATION_FILE, SETTINGS_FILE
from panns.training.settings import read_settings
from panns.training.teacher import Teacher, cached_probs
from tests.sounds import noise, write_wav


def parameters(trained):
    from safetensors.torch import load_file

    return load_file(trained.checkpoint.path / "model.safetensors")


def test_a_run_learns_and_its_checkpoint_is_a_model(settings_file, manifest_file, tmp_path):
    told = []
    out = tmp_path / "out"
    trained = run(read_settings(settings_file), out, on_progress=lambda *one: told.append(one))
    assert trained.test.accuracy > 0.9
    assert (len(trained.parts.train), len(trained.parts.test)) == (12, 12)
    assert {name for name, *_ in told} == {"reading clips", "training", "scoring"}
    assert ("training", 1, 40) in told

    manifest = trained.checkpoint.manifest
    assert [label.en for label in manifest.labels] == ["clicks", "noise", "tone"]
    assert manifest.activation == "softmax"
    assert manifest.window_s == 0.5
    (metric,) = manifest.metrics
    assert (metric.name, metric.value) == ("accuracy", trained.test.accuracy)
    assert "fold 2 of clips.csv" in metric.protocol

    recognizer = load(out / "model")  # by ONNX Runtime, which knows nothing of the training
    audio = FileAudio(read_clip_list(manifest_file), recognizer.sample_rate)
    clips = [audio.waveform(i) for i in trained.parts.test]
    np.testing.assert_allclose(recognizer.run(clips).clip_probs, trained.test.scores, atol=1e-4)
    assert json.loads((out / EVALUATION_FILE).read_text())["accuracy"] == trained.test.accuracy
    again = evaluate_clips(recognizer.run, audio, manifest.labels, activation=manifest.activation)
    assert again.n_clips == 24


def test_a_network_from_nothing_may_have_other_settings(settings_file, tmp_path):
    changes = "model.config={channels=[8, 8, 12], frontend={n_mels=32}}"
    settings = read_settings(settings_file, ("model.name=builtin", "model.start=nothing", changes, "n_steps=1"))
    config = run(settings, tmp_path / "out").checkpoint.manifest.config
    assert config == replace(
        ResidualCnnConfig(), channels=(8, 8, 12), frontend=replace(LogMelConfig(), n_mels=32), n_classes=3
    )


def test_a_checkpoint_in_half_precision_takes_half_the_space_and_is_what_was_tested(
    settings_file, manifest_file, tmp_path
):
    sizes = []
    for stored in ("float32", "float16"):
        trained = run(read_settings(settings_file, (f"stored={stored}", "n_steps=2")), tmp_path / stored)
        sizes.append((trained.checkpoint.path / "model.safetensors").stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]
    recognizer = load(trained.checkpoint.path, backend="torch")
    audio = FileAudio(read_clip_list(manifest_file), recognizer.sample_rate)
    heard = [audio.waveform(i) for i in trained.parts.test]
    np.testing.assert_allclose(recognizer.run(heard).clip_probs, trained.test.scores, atol=1e-6)


def test_what_half_precision_cannot_hold_is_kept_in_float32(settings_file, tmp_path, monkeypatch):
    def too_large(_):
        raise SettingsError("stem reaches 7e+04, and half precision ends at 65504; store it in float32")

    monkeypatch.setattr("panns.training.run.round_to_half", too_large)
    with pytest.raises(SettingsError, match=r"stem reaches 7e\+04, .* store it in float32; .*model has it so"):
        run(read_settings(settings_file, ("stored=float16", "n_steps=1")), tmp_path / "out")
    assert load(tmp_path / "out" / "model", backend="torch").run([noise(0.5)]).clip_probs.shape == (1, 3)


def test_a_network_with_a_head_may_begin_from_nothing_too(settings_file, tmp_path):
    changes = ("model.transfer.head=linear", "n_steps=1")
    first = run(read_settings(settings_file, changes), tmp_path / "first").checkpoint
    again = (f"model.name={first.path}", "model.start=nothing", "n_steps=1")
    assert run(read_settings(settings_file, again), tmp_path / "again").checkpoint.manifest.architecture == "transfer"
    dropout = "model.config.head.dropout=0.5"
    changed = run(read_settings(settings_file, (*again, dropout)), tmp_path / "changed").checkpoint.manifest.config
    assert changed.head == replace(first.manifest.config.head, dropout=0.5)


def test_a_head_that_has_nothing_to_read_is_refused_before_a_clip_is_read(settings_file, tmp_path):
    told = []
    with pytest.raises(SettingsError, match="head='bands' cannot be had: builtin does not tell bands"):
        run(
            read_settings(settings_file, ("model.transfer.head=bands",)),
            tmp_path / "out",
            on_progress=lambda *one: told.append(one),
        )
    assert not told


def test_a_run_that_began_before_a_setting_existed_goes_on(settings_file, tmp_path):
    settings, out = read_settings(settings_file, ("n_steps=6", "checkpoint_steps=3")), tmp_path / "out"
    whole = run(settings, tmp_path / "whole")
    run(settings, out)
    began = json.loads((out / SETTINGS_FILE).read_text())
    del began["stored"], began["train"]["test_steps"]
    (out / SETTINGS_FILE).write_text(json.dumps(began))
    state = torch.load(out / STATE_FILE, weights_only=True)
    del state["config"]["train"]["test_steps"]
    torch.save(state, out / STATE_FILE)
    again = run(settings, out, is_resumed=True)
    for key, value in parameters(whole).items():
        assert torch.equal(value, parameters(again)[key]), key


def test_settings_that_an_architecture_does_not_have_are_refused(settings_file, tmp_path):
    assignments = ("model.name=builtin", "model.start=nothing", "model.config={chanels=[8]}")
    with pytest.raises(SettingsError, match=r"model.config: unknown setting 'config.chanels'; did you mean"):
        run(read_settings(settings_file, assignments), tmp_path / "out")


def test_the_test_fold_may_be_watched_and_nothing_is_chosen_by_it(settings_file, tmp_path):
    unwatched = run(read_settings(settings_file, ("n_steps=6",)), tmp_path / "unwatched")
    watched = run(read_settings(settings_file, ("n_steps=6", "test_steps=4")), tmp_path / "watched")
    lines = [json.loads(line) for line in (tmp_path / "watched" / "metrics.jsonl").read_text().splitlines()]
    along = {line["step"]: line["test_accuracy"] for line in lines if "test_accuracy" in line}
    assert list(along) == [4, 6]
    assert along[6] == pytest.approx(watched.test.accuracy)
    for key, value in parameters(unwatched).items():
        assert torch.equal(value, parameters(watched)[key]), key


def test_only_a_test_fold_can_be_watched(settings_file, tmp_path):
    with pytest.raises(SettingsError, match="test_steps=4 needs a test fold"):
        run(read_settings(settings_file, ("test_fold=''", "test_steps=4")), tmp_path / "out")


def test_a_run_goes_on_and_ends_the_same(settings_file, tmp_path):
    settings = read_settings(settings_file, ("n_steps=14", "batches.mask.share=0.5", "batches.mix.kind=mixup"))
    unbroken = parameters(run(settings, tmp_path / "unbroken"))

    class Killed(BaseException):
        pass

    def die(name, done, _):
        if (name, done) == ("training", 12):
            raise Killed

    with pytest.raises(Killed):
        run(settings, tmp_path / "killed", on_progress=die)
    with pytest.raises(SettingsError, match="holds a run already; go on with it by --resume"):
        run(settings, tmp_path / "killed")
    with pytest.raises(SettingsError, match="has other settings: seed was 0 and is 1"):
        run(replace(settings, seed=1), tmp_path / "killed", is_resumed=True)
    torch.manual_seed(5)
    resumed = parameters(run(settings, tmp_path / "killed", is_resumed=True))
    assert all(torch.equal(unbroken[key], resumed[key]) for key in unbroken)
    assert (tmp_path / "killed" / STATE_FILE).is_file()
    assert json.loads((tmp_path / "killed" / SETTINGS_FILE).read_text())["seed"] == 0


def test_decoded_clips_and_shards_teach_the_same(settings_file, manifest_file, tmp_path):
    from panns.data.shards import ShardSettings, write_shards

    settings = read_settings(settings_file, ("n_steps=3", "data.validation_share=0.2", "validate_steps=3"))
    direct = run(settings, tmp_path / "direct")
    decoded = run(
        replace(settings, data=replace(settings.data, decoded=str(tmp_path / "decoded"))), tmp_path / "from_decoded"
    )
    write_shards(read_clip_list(manifest_file), tmp_path / "shards", ShardSettings())
    sharded = run(
        replace(settings, data=replace(settings.data, clips=str(tmp_path / "shards"))), tmp_path / "from_shards"
    )
    assert len(direct.parts.validation) == len(decoded.parts.validation) == len(sharded.parts.validation) == 3
    np.testing.assert_array_equal(sharded.test.scores, direct.test.scores)
    np.testing.assert_allclose(decoded.test.scores, direct.test.scores, atol=0.1)  # 16 bits


@pytest.mark.slow
@pytest.mark.parametrize("is_cached", ["true", "false"])
def test_a_teacher_is_learned_from(settings_file, tmp_path, is_cached):
    """By distillation alone: the labels weigh nothing."""
    taught = run(read_settings(settings_file), tmp_path / "teacher").checkpoint.path
    assignments = (
        f"teacher.name={taught}", f"teacher.is_cached={is_cached}", "loss.clip=0.0", "loss.teacher=1.0", "seed=1",
    )  # fmt: skip
    student = run(read_settings(settings_file, assignments), tmp_path / "student")
    assert student.test.accuracy > 0.9


def test_answers_of_another_teacher_are_not_taken_for_its_own(tmp_path, teachable_checkpoint, manifest_file):
    audio = FileAudio(read_clip_list(manifest_file), 32_000)
    path = tmp_path / "teacher.npz"
    asked = []

    class Counting(Teacher):
        def __call__(self, waveforms):
            asked.append(len(waveforms))
            return super().__call__(waveforms)

    labels = LabelSet.from_names("two", ["Music", "Speech"])
    recognizer = load(teachable_checkpoint)
    first = cached_probs(Counting(recognizer, labels, 32_000), audio, path)
    np.testing.assert_array_equal(cached_probs(Counting(recognizer, labels, 32_000), audio, path), first)
    assert len(asked) == len(audio)
    turned = LabelSet.from_names("two", ["Speech", "Music"])
    np.testing.assert_allclose(cached_probs(Counting(recognizer, turned, 32_000), audio, path), first[:, ::-1])
    assert len(asked) == 2 * len(audio)


def test_other_clips_do_not_go_on_with_a_run(settings_file, manifest_file, tmp_path):
    manifest = read_clip_list(manifest_file)
    listed = tmp_path / "clips.csv"

    def write(change):
        clips = [replace(clip, path=str(manifest_file.parent / clip.path)) for clip in manifest.clips]
        write_clip_list(listed, change(clips))

    write(list)
    settings = read_settings(settings_file, (f"data.clips={listed}", "n_steps=2"))
    run(settings, tmp_path / "out")
    for change, words in (
        (
            lambda clips: [replace(c, labels=tuple(x.replace("tone", "zone") for x in c.labels)) for c in clips],
            "labels",
        ),
        (lambda clips: clips[:-2], "n_test was 12 and is 11"),
        (lambda clips: clips[::-1], "sha256"),
    ):
        write(change)
        with pytest.raises(SettingsError, match=f"has changed since the run in .* began: .*{words}"):
            run(settings, tmp_path / "out", is_resumed=True)
    write(list)
    run(settings, tmp_path / "out", is_resumed=True)


def test_an_embedding_is_learned_from_whatever_the_classes(settings_file, teachable_checkpoint, tmp_path):
    assignments = (f"teacher.name={teachable_checkpoint}", "loss.embedding=1.0", "n_steps=4")
    assert run(read_settings(settings_file, assignments), tmp_path / "out").checkpoint.has_file("model.safetensors")
    with pytest.raises(LookupError, match="cannot answer for every class: no label 'clicks'"):
        run(read_settings(settings_file, (*assignments, "loss.teacher=1.0")), tmp_path / "other")


def test_the_clips_may_be_the_noise_of_each_other_but_not_those_of_the_test(
    settings_file, manifest_file, tmp_path, monkeypatch
):
    heard = []

    class Watched(ClipBatches):
        def __init__(self, *arguments, noise, **more):
            heard.append(noise)
            super().__init__(*arguments, noise=noise, **more)

    monkeypatch.setattr("panns.training.run.ClipBatches", Watched)
    noises = tmp_path / "noise.csv"

    def list_noises(folds):
        clips = [clip for clip in read_clip_list(manifest_file).clips if clip.fold in folds]
        write_clip_list(noises, [replace(clip, path=str(manifest_file.parent / clip.path)) for clip in clips])

    list_noises("12")
    assignments = (f"data.noise={noises}", "noise_share=1.0", "recorded_noise_share=1.0", "n_steps=2")
    run(read_settings(settings_file, assignments), tmp_path / "out")
    assert [clip.fold for clip in heard[0].clips] == ["1"] * 12
    validated = run(read_settings(settings_file, (*assignments, "data.validation_share=0.5")), tmp_path / "validated")
    assert len(heard[1]) == len(validated.parts.train) < 12
    list_noises("2")
    with pytest.raises(DataError, match=r"every recording of .* is of a source, or a file, that is tested"):
        run(read_settings(settings_file, assignments), tmp_path / "other")


def test_other_noise_does_not_go_on_with_a_run(settings_file, tmp_path):
    noises = tmp_path / "noise"
    noises.mkdir()
    for i in range(3):
        write_wav(noises / f"{i}.wav", noise(0.6, seed=i))
    listed = tmp_path / "noise.csv"
    write_clip_list(listed, [Clip(f"noise/{i}.wav") for i in range(3)])
    settings = read_settings(settings_file, (f"data.noise={listed}", "noise_share=1.0", "n_steps=2"))
    run(settings, tmp_path / "out")
    write_clip_list(listed, [Clip(f"noise/{i}.wav") for i in range(2)])
    with pytest.raises(SettingsError, match="n_noise was 3 and is 2"):
        run(settings, tmp_path / "out", is_resumed=True)


def test_a_network_that_began_as_its_teacher_unlearns_nothing_at_first(settings_file, teachable_checkpoint, tmp_path):
    """Under noise it does not say the same as the teacher without; without noise it does."""
    assignments = (
        f"model.name={teachable_checkpoint}", f"teacher.name={teachable_checkpoint}", "teacher.hears_clean=true",
        "loss.clip=0.0", "loss.embedding=1.0", "keeps_statistics=true", "n_steps=1", "log_steps=1",
    )  # fmt: skip
    losses = {}
    for noise_share in (0.0, 1.0):
        out = tmp_path / str(noise_share)
        settings = read_settings(settings_file, (*assignments, f"noise_share={noise_share}"))
        run(settings, out)
        losses[noise_share] = json.loads((out / "metrics.jsonl").read_text().splitlines()[0])["embedding"]
    assert losses[0.0] < 1e-3
    assert losses[1.0] > 0.1


def test_what_was_learned_is_kept_if_the_test_fails(settings_file, tmp_path, monkeypatch):
    monkeypatch.setattr("panns.training.run.evaluate", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(read_settings(settings_file, ("n_steps=1",)), tmp_path / "out")
    assert load(tmp_path / "out" / "model").manifest.labels[0].en == "clicks"


@pytest.mark.parametrize(
    ("assignments", "words"),
    [
        (("seed=-1",), "seed=-1 is negative"),
        (("batches.batch_size=8", "n_parts=5"), "leaves less than two clips in a part"),
        (("loss.categories=1",), "needs categories, which clips do not have"),
    ],
)
def test_settings_that_cannot_be(settings_file, assignments, words):
    with pytest.raises(SettingsError, match=words):
        read_settings(settings_file, assignments)


def test_a_batch_that_processes_cannot_share(settings_file, tmp_path):
    with pytest.raises(SettingsError, match="cannot be shared by 5 processes"):
        run(read_settings(settings_file), tmp_path / "out", world=World(0, 5))


def test_a_validation_fold_is_not_tested_with_too(settings_file, tmp_path):
    with pytest.raises(SettingsError, match="would be tested with too"):
        cross_validate(read_settings(settings_file, ("data.validation_fold=1",)), tmp_path / "out")


def test_every_fold_is_tested_with(settings_file, tmp_path):
    crossed = cross_validate(read_settings(settings_file, ("n_steps=30",)), tmp_path / "out")
    assert crossed.folds == ("1", "2")
    mean, deviation = crossed.mean_and_deviation("accuracy")
    values = [one["accuracy"] for one in crossed.evaluations]
    assert mean == pytest.approx(np.mean(values))
    assert deviation == pytest.approx(np.std(values, ddof=1))
    written = json.loads((tmp_path / "out" / RESULT_FILE).read_text())
    assert written["accuracy"]["folds"] == dict(zip("12", values, strict=True))
    before = parameters_of_folds(tmp_path / "out")
    cross_validate(read_settings(settings_file, ("n_steps=30",)), tmp_path / "out", is_resumed=True)
    assert parameters_of_folds(tmp_path / "out") == before


def parameters_of_folds(out):
    return [(out / f"fold-{fold}" / "model" / "model.safetensors").read_bytes() for fold in "12"]


def test_a_network_without_frames_is_not_asked_for_them(settings_file, tiny_checkpoint, tmp_path):
    with pytest.raises(SettingsError, match="the loss asks for frame scores, and cnn6 has none"):
        run(read_settings(settings_file, ("loss.best_frames=1.0", f"model.name={tiny_checkpoint}")), tmp_path / "out")


def test_a_test_fold_that_is_not_there(settings_file, tmp_path):
    with pytest.raises(DataError, match="'9' has no clips"):
        run(read_settings(settings_file, ("test_fold='9'",)), tmp_path / "out")
