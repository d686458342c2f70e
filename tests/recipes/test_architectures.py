"""The comparison of architectures: settings, two steps of all six, soundscapes, and held-out clips."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from panns.models.registry import find_model
from panns.system.locks import exclusive_or_skip
from recipes.architectures.batches import Clips, Soundscapes, draw_batch_indices
from recipes.architectures.measures import mean_and_interval, order_accuracy
from recipes.architectures.prepare import Clip, class_indices, prepare, read_clips, split_clips
from recipes.architectures.report import BASELINE, collect, read_results, render_table, values_by_seed, write_table
from recipes.architectures.settings import FOLDS, TASKS, read_settings
from recipes.architectures.siblings import COARSE, siblings
from recipes.architectures.soundscapes import (
    LEVEL_DB,
    SoundscapeConfig,
    coloured_noise,
    cut_piece,
    draw_soundscape,
    order_targets,
    trim_and_normalise,
)
from recipes.architectures.train import RESULT_FILE, Run, all_runs, finish

RATE = 32_000


def tone(hz, duration_s):
    return np.sin(2 * np.pi * hz * np.arange(round(duration_s * RATE)) / RATE).astype(np.float32)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two classes of generated sound, two clips each and one of every fold, prepared; and settings of two steps."""
    settings = read_settings()
    train = settings.train
    settings = replace(
        settings,
        soundscapes=replace(settings.soundscapes, n_train=6, n_test=4),
        augment=replace(settings.augment, batch_size=3),
        train=replace(train, soundscapes=replace(train.soundscapes, n_steps=2), esc10=replace(train.esc10, n_steps=2)),
    )
    clips = [Clip(f"{label}-{fold}", label, fold, f"{label}-{fold}") for fold in (1, 5) for label in ("high", "low")]
    waveforms = [tone(3_000 if clip.label == "high" else 300, 1.5 + clip.fold) for clip in clips]
    out = tmp_path_factory.mktemp("architectures")
    prepare([trim_and_normalise(one, sample_rate=RATE) for one in waveforms], clips, settings, out)
    return settings, clips, out


def test_the_settings_parse():
    settings = read_settings()
    assert settings.seeds == (0, 1, 2)
    assert settings.augment.batch_size == 32
    assert len(all_runs(settings)) == 6 * 3 * (1 + 5)


def test_siblings_are_small_registered_models():
    for name, sibling in siblings(10).items():
        entry = find_model(sibling.registered)
        assert type(sibling.config) is type(entry.config), name
        assert sibling.config.n_classes == 10
    configs = {name: sibling.config for name, sibling in siblings(10).items()}
    branched = [vars(configs[name])["cnn"] for name in ("cnn_attention", "cnn_gru")]
    assert branched == 2 * [configs["cnn"]]


def test_seeds_run_one_after_another():
    for task in TASKS:
        seeds = [run.seed for run in all_runs(read_settings()) if run.task == task]
        assert seeds == sorted(seeds)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", list(siblings(1)))
def test_two_steps_of_every_sibling(small, model, task):
    settings, clips, out = small
    run = Run(task, model, seed=0, fold=5)
    folder = out / "runs" / run.name
    folder.mkdir(parents=True)
    with exclusive_or_skip(folder / "lock") as is_ours, exclusive_or_skip(folder / "lock") as is_ours_too:
        assert is_ours
        assert not is_ours_too
        finish(run, settings, clips, out)
    losses = [json.loads(line)["loss"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert len(losses) == 1
    assert np.isfinite(losses).all()
    result = json.loads((folder / RESULT_FILE).read_text())
    assert result["model"] == model
    assert 100_000 < result["n_parameters"] < 900_000
    assert 1e6 < result["multiply_adds"] < 1e8
    assert all(0 <= value <= 1 for value in result["metrics"].values())
    assert set(result["metrics"]) == ({"accuracy"} if task == "esc10" else {"map", "order_accuracy"})


def test_batches_follow_from_seed_and_step(small):
    settings, clips, out = small
    batches = Clips(out, COARSE, class_indices(clips))
    mixed = Soundscapes(out / "soundscapes_train", COARSE, 2)
    for batch in (
        lambda step, seed: batches.batch([0, 1], step, seed, settings.augment),
        lambda step, seed: mixed.batch(step, seed, settings.augment),
    ):
        assert batch(3, 0).inputs[0].equal(batch(3, 0).inputs[0])
        assert not batch(3, 0).inputs[0].equal(batch(4, 0).inputs[0])
        assert not batch(3, 0).inputs[0].equal(batch(3, 1).inputs[0])
        assert batch(0, 0).inputs[0].shape == (3, 251, 64)
    assert batches.batch([0, 1], 0, 0, settings.augment).categories.sum(dim=1).tolist() == pytest.approx([1, 1, 1])
    assert mixed.batch(0, 0, settings.augment).targets.sum(dim=1).tolist() == [2, 2, 2]


def test_every_sound_comes_equally_often():
    drawn = np.concatenate([draw_batch_indices(step, 4, 6, [0]) for step in range(3)])
    assert sorted(drawn.tolist()) == sorted([*range(6), *range(6)])


def test_a_short_clip_is_tested_in_the_middle_of_silence(small):
    _, clips, out = small
    features = Clips(out, COARSE, class_indices(clips)).features(0)  # 2.5 s of tone
    assert features.shape == (251, 64)
    assert (features[[0, 60, -60, -1]] == -100).all()
    assert features[125].max() > 0


def test_sounds_lie_at_their_labelled_positions():
    clips = [trim_and_normalise(tone(hz, 3.0), sample_rate=RATE) for hz in (300, 3_000)]
    config = SoundscapeConfig(noise_range_db=(-60.0, -60.0))
    orders = set()
    for seed in range(8):
        one = draw_soundscape(clips, [0, 1], config, np.random.default_rng(seed), sample_rate=RATE)
        orders.add(one.classes)
        (first_on, first_off), (second_on, second_off) = one.spans
        assert 0 <= first_on < first_off <= second_on < second_off <= len(one.waveform) == 5 * RATE
        for (onset, offset), label in zip(one.spans, one.classes, strict=True):
            assert 0.8 * RATE <= offset - onset <= 2.0 * RATE
            piece = one.waveform[onset:offset]
            loudest_hz = np.abs(np.fft.rfft(piece)).argmax() * RATE / len(piece)
            assert loudest_hz == pytest.approx((300, 3_000)[label], abs=3)
        outside = np.concatenate([one.waveform[:first_on], one.waveform[first_off:second_on]])
        assert np.sqrt(np.square(outside).mean()) < 10 ** ((LEVEL_DB - 50) / 20)
    assert orders == {(0, 1), (1, 0)}


def test_the_two_sounds_are_never_of_one_class():
    clips = [tone(300, 1.0)] * 4
    config = SoundscapeConfig()
    for seed in range(10):
        one = draw_soundscape(clips, [0, 0, 1, 2], config, np.random.default_rng(seed), sample_rate=RATE)
        assert one.classes[0] != one.classes[1]


def test_pieces_that_could_overlap_are_refused():
    with pytest.raises(ValueError, match=r"piece_range_s=.*overlap.*shorter"):
        SoundscapeConfig(duration_s=3.0)


def test_clip_is_trimmed_and_normalised():
    quiet = np.zeros(RATE, np.float32)
    clip = trim_and_normalise(np.concatenate([quiet, 0.01 * tone(1_000, 2.0), quiet]), sample_rate=RATE)
    assert len(clip) == 2 * RATE
    assert 20 * np.log10(np.sqrt(np.square(clip).mean())) == pytest.approx(LEVEL_DB, abs=0.01)


def test_a_piece_begins_where_something_sounds():
    clip = np.concatenate([tone(1_000, 0.5), np.zeros(2 * RATE, np.float32), tone(1_000, 1.5)])
    for seed in range(10):
        piece = cut_piece(clip, (0.8, 0.8), np.random.default_rng(seed), sample_rate=RATE)
        assert len(piece) == round(0.8 * RATE)
        assert np.abs(piece[: RATE // 50]).max() > 0.5
    assert len(cut_piece(tone(1_000, 0.3), (0.8, 2.0), np.random.default_rng(0), sample_rate=RATE)) == 0.3 * RATE


def test_noise_has_one_level_and_many_colours():
    noises = [coloured_noise(RATE, np.random.default_rng(seed)) for seed in range(5)]
    assert [np.square(noise).mean() for noise in noises] == pytest.approx([1] * 5, rel=1e-3)
    assert len({round(float(np.square(np.diff(noise)).mean()), 3) for noise in noises}) == 5


def test_order_targets_by_hand():
    assert order_targets(0, 2, 3).tolist() == [1, 0, 0, 0, 0, 1]
    assert order_targets(2, 0, 3).tolist() == [0, 0, 1, 1, 0, 0]


def test_order_accuracy_by_hand():
    classes = np.array([[0, 2], [2, 0]])
    right_then_wrong = np.array([[3.0, 9.0, 1.0, 1.0, 9.0, 3.0]] * 2)
    assert order_accuracy(right_then_wrong, classes) == 0.5
    assert order_accuracy(right_then_wrong, classes[:1].repeat(2, axis=0)) == 1.0
    assert order_accuracy(np.zeros((2, 6)), classes) == 0.0  # equal scores count as wrong


def test_an_interval_by_hand():
    mean, half = mean_and_interval([0.5, 0.6, 0.7])
    assert mean == pytest.approx(0.6)
    assert half == pytest.approx(4.303 * 0.1 / 3**0.5)
    assert mean_and_interval([0.5])[1] == float("inf")


def test_recordings_of_the_test_fold_are_not_trained_on():
    clips = [Clip("a", "x", 1, "1"), Clip("b", "x", 1, "2"), Clip("c", "x", 5, "1"), Clip("d", "x", 5, "3")]
    assert split_clips(clips, 5) == ([1], [2, 3])


def test_training_excludes_the_test_fold(shared):
    clips = read_clips(shared / "data" / "esc10")
    assert len(clips) == 400
    assert max(class_indices(clips)) == 9
    for fold in FOLDS:
        train, test = split_clips(clips, fold)
        assert len(test) == 80
        assert {clips[i].fold for i in test} == {fold}
        assert len(train) > 300
        assert fold not in {clips[i].fold for i in train}
        assert not {clips[i].source_id for i in train} & {clips[i].source_id for i in test}


def _results(models):
    for model, order in models.items():
        for seed in range(3):
            shared_values = {
                "model": model,
                "seed": seed,
                "cpu_seconds": 9.0,
                "n_parameters": 1e5,
                "multiply_adds": 2e7,
            }
            metrics = {"map": 0.4, "order_accuracy": order + 0.01 * seed}
            yield {**shared_values, "task": "soundscapes", "fold": 5, "metrics": metrics}
            for fold in FOLDS:
                yield {**shared_values, "task": "esc10", "fold": fold, "metrics": {"accuracy": 0.1 * fold}}


def test_the_table_by_hand(tmp_path):
    results = list(_results({BASELINE: 0.5, "cnn_gru": 0.8}))
    assert values_by_seed(results, "esc10", "accuracy", BASELINE) == pytest.approx({0: 0.3, 1: 0.3, 2: 0.3})
    assert values_by_seed(results[:-1], "esc10", "accuracy", "cnn_gru").keys() == {0, 1}  # a fold is not there yet
    row = next(line for line in render_table(results).splitlines() if line.startswith("| cnn_gru"))
    assert row.split(" | ")[1:7] == ["100", "20.0", "9", "0.810 ± 0.025", "0.400 ± 0.000", "0.300 ± 0.000"]
    assert row.split(" | ")[7] == "+0.300 ± 0.000"
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- table: architectures -->\nold\n<!-- end -->\nb\n", encoding="utf-8")
    write_table(results, readme)
    assert "old" not in readme.read_text(encoding="utf-8")
    assert row in readme.read_text(encoding="utf-8")


def test_finished_runs_are_collected(tmp_path):
    for i, one in enumerate(reversed(list(_results({BASELINE: 0.5})))):
        folder = tmp_path / "runs" / str(i)
        folder.mkdir(parents=True)
        (folder / RESULT_FILE).write_text(json.dumps(one), encoding="utf-8")
    assert collect(tmp_path, tmp_path / "results.jsonl") == 18
    assert [one["seed"] for one in read_results(tmp_path / "results.jsonl")][:4] == [0, 1, 2, 0]
