"""The clips of ESC-50 and meetings for training: free licences, and nothing of the held-out fold."""

from __future__ import annotations

import pytest

from panns.data.clip_lists import Clip
from panns.labels import audioset
from recipes.builtin.esc50 import held_out_sources, read_credits, read_manifest_rows, training_clips
from recipes.common.bundled_models import attribution_csv

CLIPS = [
    Clip("a.ogg", ("Dog", "Bark"), "train", "1", licence="CC0 1.0", attribution="a bark by someone"),
    Clip("c.ogg", ("Dog", "Bark"), "train", "3", licence="CC BY 3.0", attribution='a "bark" by someone else'),
]


@pytest.fixture
def manifest(shared):
    return training_clips(shared / "data", shared / "reference" / "esc50_to_audioset.json")


def test_no_held_out_recording_is_trained_on(shared, manifest):
    held_out = held_out_sources(shared / "data")
    assert len(held_out) > 200
    assert not held_out & {clip.source for clip in manifest}
    names = {row["original_filename"] for row in read_manifest_rows(shared / "data" / "esc50") if row["fold"] == "5"}
    held_out_clips = {name.rsplit("-", 1)[0] for name in names}  # whatever the folder and the ending
    assert not [clip for clip in manifest if any(name in clip.path for name in held_out_clips)]


def test_recordings_of_the_held_out_fold_are_left_out_everywhere(shared, manifest):
    folds: dict[str, set[str]] = {}
    for row in read_manifest_rows(shared / "data" / "esc50"):
        folds.setdefault(row["source_id"], set()).add(row["fold"])
    spanning = {source for source, its_folds in folds.items() if len(its_folds) > 1 and "5" in its_folds}
    assert spanning
    assert not spanning & {clip.source for clip in manifest}


def test_only_free_clips_are_trained_on(shared, manifest):
    assert {clip.licence for clip in manifest} == {"CC0 1.0", "CC BY 3.0", "MIT"}
    assert {clip.path.split("/")[0] for clip in manifest} == {"esc10", "esc50", "esc50_fullband", "speech_turns"}
    assert all(clip.attribution for clip in manifest)
    credit = read_credits(shared / "data" / "esc50" / "LICENSE")
    assert {licence for licence, _ in credit.values()} == {"CC0", "CC-BY", "CC-BY-NC", "CC-Sampling+"}
    assert sum(licence in ("CC0", "CC-BY") for licence, _ in credit.values()) == 1_770


def test_best_copy_of_each_clip_is_used_once(shared, manifest):
    stems = [clip.path.rsplit("/", 1)[1].removesuffix(".ogg") for clip in manifest]
    assert len(set(stems)) == len(stems)
    originals = {row["esc50_filename"].removesuffix(".wav") for row in read_manifest_rows(shared / "data" / "esc10")}
    assert not originals & {stem for stem, clip in zip(stems, manifest, strict=True) if clip.path.startswith("esc50/")}


def test_every_label_is_one_of_audioset(manifest):
    assert all(audioset().find(name).en == name for clip in manifest for name in clip.labels)


def test_attribution_names_every_clip():
    lines = attribution_csv(CLIPS).splitlines()
    assert lines[1] == "a.ogg,CC0 1.0,a bark by someone"
    assert lines[2] == 'c.ogg,CC BY 3.0,"a ""bark"" by someone else"'
