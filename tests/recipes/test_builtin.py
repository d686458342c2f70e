"""The recipe `builtin`: its split, labels and synthetic sounds, and two steps on generated sound."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from panns.data.clip_lists import Clip
from panns.labels import audioset
from panns.networks.build import build_network
from panns.training.engine.loop import train
from recipes.builtin.calibrate import Calibration, cross_validate, fit
from recipes.builtin.clips import (
    COPIES_FILE,
    TEST,
    TRAIN,
    VALIDATION,
    assign_parts,
    select_test_rows,
    training_clips,
    validation_clips,
    world_clips,
)
from recipes.builtin.esc50 import held_out_sources
from recipes.builtin.labels import CLASSES, add_parents
from recipes.builtin.measures import mapped_top1, measure_agreement_by_branch
from recipes.builtin.mixtures import Mixtures, find_active
from recipes.builtin.objective import map_distance, pool_frames
from recipes.builtin.prepare import stored_frontends
from recipes.builtin.settings import read_settings
from recipes.builtin.ship import calibrate, read_parameters
from recipes.builtin.start import start_from_teacher
from recipes.builtin.synthetic.midi import Note, Program, encode_midi
from recipes.builtin.synthetic.scores import PROGRAM_LABELS, drums, ensemble, solo
from recipes.builtin.synthetic.sounds import SyntheticClip, write_synthetic
from recipes.builtin.synthetic.tones import KINDS
from recipes.builtin.teacher import TeacherOutput
from recipes.builtin.train import build, clip_labels, is_real_voice
from recipes.common.bundled_models import MAX_BYTES
from recipes.common.mel_store import MelStore, write_mel_store

CATEGORIES = {"dog": ["Dog", "Bark"], "cat": ["Cat"]}
CLIPS = [
    Clip("esc50/a.ogg", ("Dog", "Bark"), "train", "1"),
    Clip("world/b.ogg", ("Speech",), "train", "2"),
    Clip("synthetic/c.flac", ("Speech",), "train", "3"),
]


def test_parts_share_no_recording_and_exclude_fold_5(shared):
    data, mapping = shared / "data", shared / "reference" / "esc50_to_audioset.json"
    clips = world_clips(data)
    sources = {part: {clip.source for clip in clips if clip.fold == part} for part in (TRAIN, VALIDATION, TEST)}
    assert all(sources.values())
    assert not sources[TRAIN] & sources[VALIDATION]
    assert not sources[TRAIN] & sources[TEST]
    assert not sources[VALIDATION] & sources[TEST]
    trained, validated = training_clips(data, mapping), validation_clips(data, mapping)
    assert not {clip.source for clip in trained} & {clip.source for clip in validated}
    assert not {clip.source for clip in (*trained, *validated)} & (held_out_sources(data) | sources[TEST])


def test_test_rows_share_no_credited_recording_with_training(shared):
    rows = select_test_rows(shared / "data")
    assert {row["source_id"] for row in rows} <= {
        clip.source for clip in world_clips(shared / "data") if clip.fold == TEST
    }
    assert not [row for row in rows if row["path"].endswith("sounds_cow_moo_02.opus")]  # training has its recording


def test_no_clip_sounds_like_a_training_clip(shared):
    """`recipes.builtin.copies` found recordings under several names, such as one voice at two rates."""
    data, mapping = shared / "data", shared / "reference" / "esc50_to_audioset.json"
    copies = json.loads(COPIES_FILE.read_text())
    assert set(copies.values()) <= {clip.path for clip in training_clips(data, mapping)}
    assert "world/audio/speech_recorded/new_single2_mono_nb_0s.opus" in copies
    tested = {f"world/{row['path']}" for row in select_test_rows(data)}
    validated = {clip.path for clip in validation_clips(data, mapping)}
    assert not (tested | validated) & set(copies)


def test_held_out_recordings_are_held_out_under_all_their_numbers(shared):
    held_out = held_out_sources(shared / "data")
    assert {"256452", "110011"} <= held_out  # 5-256452-A-5 and 2-110011-A-5
    assert "14262" not in held_out  # its other number lies in fold 4


def test_recordings_of_a_kind_take_all_parts_in_turn():
    part_of = assign_parts({f"a{i}": "a" for i in range(14)} | {"b": "b"})
    assert part_of["b"] == TRAIN
    assert sorted(part_of[f"a{i}"] for i in range(14)).count(TEST) == 2


def test_every_label_is_one_of_audioset():
    names_of_sounds = [name for _, names in KINDS.values() for name in names] + list(PROGRAM_LABELS.values())
    for name in (*names_of_sounds, *(name for names in CLASSES.values() for name in names)):
        assert audioset().find(name).en == name
    assert add_parents(("Bark",)) == ("Bark", "Dog", "Domestic animals, pets", "Animal")


def test_recorded_speech_is_a_real_voice_and_synthetic_is_not():
    assert [is_real_voice(clip) for clip in CLIPS] == [False, True, False]


def test_midi_file_by_hand():
    data = encode_midi([Program(0, 5, 0.0)], [Note(0, 60, 100, 0.5, 0.25)])
    assert data[:14] == b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0"
    assert data[22:] == bytes.fromhex("00ff51030f424000c0058170903c6478803c0000ff2f00")


@pytest.mark.parametrize(
    "score", [lambda rng: solo(40, 4.0, rng), lambda rng: drums(4.0, rng), lambda rng: ensemble(4.0, rng)]
)
def test_scores_stay_in_range_and_are_reproducible(score):
    music = score(np.random.default_rng(3))
    assert music == score(np.random.default_rng(3))
    assert music.notes
    assert all(0 <= note.key <= 127 and 1 <= note.velocity <= 127 and note.onset_s < 4.0 for note in music.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_tones_are_finite_and_not_silent(kind):
    sound = KINDS[kind][0](np.random.default_rng(0))
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert 0.01 < np.abs(sound).max() < 10


def test_maps_are_compared_on_the_coarser_grid():
    assert pool_frames(torch.arange(4.0)[None, None, None], 2).flatten().tolist() == [0.5, 2.0]
    own, of_teacher = torch.ones(1, 2, 3, 50), torch.zeros(1, 2, 3, 13)
    assert map_distance(own, of_teacher, torch.full((2,), 2.0)).item() == pytest.approx(0.25)


def teacher(features):
    shapes = ((16, 16, 20), (16, 8, 10), (32, 4, 5), (48, 4, 5), (64, 2, 3))
    rng = np.random.default_rng(len(features))
    maps = tuple(rng.normal(size=(len(features), *shape)).astype(np.float32) for shape in shapes)
    n_clips = len(features)
    return TeacherOutput(np.full((n_clips, 527), 0.1, np.float32), np.zeros((n_clips, 384), np.float32), maps)


@pytest.fixture
def mixtures(tmp_path):
    settings = read_settings()
    settings = replace(
        settings,
        mixtures=replace(settings.mixtures, batch_size=4, n_frames=80),
        maps=replace(settings.maps, lead_steps=1),  # the second step has no lead
        train=replace(settings.train, n_steps=2),
    )
    frontends = stored_frontends(settings.architecture, settings.teacher)
    rng = np.random.default_rng(0)
    waveforms = (rng.normal(0, 0.1, 32_000).astype(np.float32) for _ in range(2 * len(CLIPS)))
    write_mel_store(tmp_path / "mels", waveforms, frontends)
    labels = clip_labels(CLIPS, ["dog", "", ""], CATEGORIES)
    voices = [is_real_voice(clip) for clip in CLIPS]
    mixtures = Mixtures(MelStore(tmp_path / "mels", 2), labels, voices, frontends, 2, 8, teacher, settings)
    return settings, mixtures


def test_targets_come_from_labels_caps_and_teacher(mixtures):
    _, make = mixtures
    batches = [make(step) for step in range(8)]
    targets = torch.cat([batch.targets for batch in batches])
    synthesizer, speech = audioset().find("Speech synthesizer").index, audioset().find("Speech").index
    assert targets.min() >= 0.05 - 1e-6
    assert targets[:, speech].max() == pytest.approx(0.9)
    assert {round(float(value), 3) for value in targets[:, synthesizer]} == {0.05, 0.1}
    assert batches[0].inputs[0].shape == (4, 40, 64)
    assert torch.equal(batches[0].inputs[0], make(0).inputs[0])


def test_frame_targets_hold_for_active_frames_only(mixtures):
    _, make = mixtures
    speech = audioset().find("Speech").index
    frames = torch.cat([make(step).frame_targets[..., speech] for step in range(8)])
    assert frames.shape == (32, 10)
    clips = torch.cat([make(step).targets[..., speech] for step in range(8)])
    assert torch.allclose(frames.amax(dim=1), clips)  # 0.9 of a label, 0.1 of the teacher


def test_active_frames_by_hand():
    power = np.array([[1.0], [1.0], [1e-4], [1e-4], [0.1]], np.float32)
    assert find_active(power, 2, 10, 2).tolist() == [False, True, False, True, False]


def test_student_starts_as_its_teacher_on_a_smooth_log_mel():
    torch.manual_seed(0)
    student, teacher = build_network("builtin").eval(), build_network("mn04_as").eval()
    start_from_teacher(student, teacher)
    bands, frames = torch.linspace(0, 3, 128), torch.linspace(0, 2, 256)
    features = (bands.sin() + frames[:, None].cos())[None]  # smooth, so that every other value tells the rest
    with torch.inference_mode():
        coarse = student.stem(features[:, None, ::2, ::2].transpose(2, 3))
        fine = teacher.stem(features[:, None].transpose(2, 3))[:, :, ::2, ::2]
    assert torch.allclose(coarse[..., 1:-1, 1:-1], fine[..., 1:-1, 1:-1], atol=0.02 * float(fine.abs().max()))


def test_two_steps_on_generated_sound(tmp_path, mixtures):
    settings, make = mixtures
    network, objective = build(settings, CATEGORIES, build_network("mn04_as"), [make(0)])
    trained = train(network, objective, make, settings.train, tmp_path / "run")
    with torch.inference_mode():
        assert trained(torch.zeros(1, 16_000)).clip_logits.isfinite().all()
    assert len((tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    parameters = read_parameters(tmp_path)  # of the state, because main() has not written network.pt
    assert parameters.keys() == trained.network.state_dict().keys()


def test_label_mapped_top1_by_hand():
    probs = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.4]])
    assert mapped_top1(probs, ["x", "x"], {"x": [0, 1], "y": [2]}) == 0.5
    assert mapped_top1(probs, ["x", "x"], {"x": [0, 2], "y": [1, 2]}) == 1.0  # a shared class counts for both


def test_agreement_by_branch_counts_the_classes_that_the_teacher_hears():
    probs = np.zeros((8, 527), np.float32)
    probs[:5, audioset().find("Bark").index] = 0.9
    probs[:4, audioset().find("Piano").index] = 0.9  # too few clips
    found = measure_agreement_by_branch({"teacher": probs, "other": 1 - probs})
    assert list(found) == ["animals"]
    assert found["animals"]["n_classes"] == 1
    assert found["animals"]["mean_ap"]["teacher"] == 1.0
    assert found["animals"]["mean_ap"]["other"] < 0.7


def test_calibration_undoes_a_wrong_scale_and_offset():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4_000, 3))
    truth = rng.random(logits.shape) < 1 / (1 + np.exp(-(logits / 2 + [0.0, 1.0, -1.0])))
    found = fit(logits, truth, penalty=1.0)
    assert found.temperature == pytest.approx(2.0, rel=0.1)
    assert found.offsets == pytest.approx([0.0, 1.0, -1.0], abs=0.1)
    assert fit(logits, truth, penalty=1e9).offsets == pytest.approx([0.0, 0.0, 0.0], abs=1e-3)
    truth[:, 2] = False
    assert fit(logits, truth, penalty=1.0).offsets[2] == 0.0  # absent from these clips, which proves nothing
    sources = [str(i // 4) for i in range(len(logits))]
    assert cross_validate(logits, truth, sources, 1.0) < cross_validate(logits, truth, sources, 1e9)


def test_student_fits_into_a_bundled_model():
    n_parameters = sum(parameter.numel() for parameter in build_network("builtin").parameters())
    assert 2 * n_parameters + 200_000 < MAX_BYTES  # half precision, and a manifest


def test_calibration_changes_the_logits_of_clips_and_frames():
    network = build_network("builtin").eval()
    features, calibration = torch.randn(1, 40, 64), Calibration(2.0, (0.5,) * 527)
    with torch.inference_mode():
        before = network.forward_features(features)
        calibrate(network, calibration)
        after = network.forward_features(features)
    assert torch.allclose(after.clip_logits, before.clip_logits / 2 + 0.5, atol=1e-6)
    assert torch.allclose(after.frame_logits, before.frame_logits / 2 + 0.5, atol=1e-6)
    assert calibration.apply(np.ones(527))[0] == 1.0


def test_silent_synthetic_sounds_are_left_out(tmp_path):
    sounds = [np.zeros(320, np.float32), np.full(320, 2.0, np.float32)]
    clips = [SyntheticClip(f"synthetic/{i}.flac", sound, ("Hum",), "CC0 1.0", "") for i, sound in enumerate(sounds)]
    assert [clip.path for clip in write_synthetic(clips, tmp_path)] == ["synthetic/1.flac"]
    assert (tmp_path / "synthetic" / "1.flac").is_file()
