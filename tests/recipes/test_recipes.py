"""The recipes of published data: their settings, what they make of the published layouts, and two steps of each."""

from __future__ import annotations

import json
import math
import runpy
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from panns.data.clip_lists import ClipList, read_clip_list
from panns.data.clip_lists.event_table import read_event_table
from panns.data.quality import check_clips
from panns.data.sampling.split import hold_out_fold
from panns.data.shards import ShardSettings, write_shards
from panns.labels import audioset
from panns.training.run import train_model
from panns.training.settings import RunSettings, read_settings
from recipes.audioset.segments import Segment, read_segments, write_segments
from recipes.common.runs import ROWS_FILE
from recipes.esc50.prepare import SAME_RECORDINGS
from tests.recipes.layouts import (
    KINDS,
    write_audioset,
    write_desed,
    write_esc10,
    write_esc50,
    write_fsd50k,
    write_fsdd,
    write_table,
    write_urbansound8k,
)
from tests.tiny_checkpoints import make_checkpoint

RECIPES = Path(__file__).parents[2] / "recipes"
LAYOUTS: dict[str, Callable[[Path], None]] = {
    "audioset": write_audioset,
    "desed": write_desed,
    "esc10": write_esc10,
    "esc50": write_esc50,
    "fsd50k": write_fsd50k,
    "fsdd": write_fsdd,
    "urbansound8k": write_urbansound8k,
}
SETTINGS = [
    path.relative_to(RECIPES)
    for name in LAYOUTS
    for path in sorted((RECIPES / name).glob("*.toml"))
    if path.name != ROWS_FILE
]


def start(module: str, *arguments: object) -> None:
    """Run a recipe module, as `python -m recipes.MODULE ...` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module, *map(str, arguments)])
        patch.delitem(sys.modules, f"recipes.{module}", raising=False)
        runpy.run_module(f"recipes.{module}", run_name="__main__")


def prepared(name: str, data: Path, out: Path) -> ClipList:
    start(f"{name}.prepare", "--data", data, "--out", out)
    return read_clip_list(clips_file(out))


def clips_file(folder: Path) -> Path:
    """The clip list of a prepared recipe; JSON lines for one with the times of events."""
    return next(folder / name for name in ("clips.csv", "clips.jsonl") if (folder / name).exists())


@pytest.fixture(scope="module")
def clip_lists(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ClipList]:
    """Each recipe, prepared from a data set in its published layout."""
    made = {}
    for name, write in LAYOUTS.items():
        root = tmp_path_factory.mktemp(name)
        write(root)
        made[name] = prepared(name, root, root / "out")
    return made


def shortened(path: Path, clip_list: ClipList, checkpoint: Path, **train: object) -> RunSettings:
    """The settings of a recipe for a small network and small batches; what it changes in an architecture stays."""
    settings = read_settings(RECIPES / path)
    model = settings.model
    if not model.config:
        model = replace(model, name=str(checkpoint))
    return replace(
        settings,
        model=model,
        teacher=settings.teacher and replace(settings.teacher, name=str(checkpoint)),
        data=replace(
            settings.data,
            clips=str(clips_file(clip_list.root)),
            decoded=settings.data.decoded and str(clip_list.root / "decoded"),
            noise=settings.data.noise and str(clip_list.root / "clips.csv"),
            check=False,  # the 400 clips of ESC-10 hold three sounds here
        ),
        batches=replace(settings.batches, batch_size=4, durations_s=(0.5,)),
        train=replace(settings.train, **train),
    )


def test_every_recipe_has_its_files_and_two_commands():
    for name in LAYOUTS:
        folder = RECIPES / name
        text = (folder / "README.md").read_text(encoding="utf-8")
        assert (folder / "train.toml").is_file()
        assert f"python -m recipes.{name}.prepare --data " in text
        assert f"panns train recipes/{name}/train.toml" in text
        assert f"({name}/README.md)" in (RECIPES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SETTINGS, ids=str)
def test_settings_parse_and_test_an_official_fold(path):
    settings = read_settings(RECIPES / path)
    assert settings.data.test_fold
    assert settings.data.clips.startswith("runs/")
    is_multi_label = path.parts[0] in {"audioset", "desed", "fsd50k"}
    assert settings.loss.task == ("multi-label" if is_multi_label else "single-label")
    assert settings.data.labels == ("audioset" if path.parts[0] == "audioset" else "clips")


# Another recipe of the same kind takes the same steps every time; the model for heads on bands takes long to export.
LIKE_ANOTHER = {Path(f"{name}.toml") for name in ("esc10/coloured", "esc50/bands", "esc50/noise", "fsd50k/train")}


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow if path in LIKE_ANOTHER else ()) for path in SETTINGS],
    ids=str,
)
def test_two_steps_of_every_recipe(path, clip_lists, tiny_checkpoint, made_once, request, tmp_path):
    clip_list, checkpoint = clip_lists[path.parts[0]], tiny_checkpoint
    if read_settings(RECIPES / path).model.transfer.head == "bands":  # which a small CNN does not have
        checkpoint = made_once("mn01_as", lambda folder: make_checkpoint(folder, "mn01_as"))
    if read_settings(RECIPES / path).loss.frames:
        checkpoint = request.getfixturevalue("tiny_frames_checkpoint")
    settings = shortened(path, clip_list, checkpoint, n_steps=2)
    if settings.train.validate_steps:
        settings = replace(settings, train=replace(settings.train, validate_steps=2))
    parts = (trained := train_model(settings, tmp_path)).parts
    used = (parts.train, parts.validation, parts.test, parts.left_out)
    assert sum(map(len, used)) == len(clip_list.clips)
    assert {clip_list.clips[int(i)].fold for i in trained.parts.test} == {settings.data.test_fold}
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert math.isfinite(next(line["loss"] for line in reversed(lines) if "loss" in line))
    assert (tmp_path / "evaluation.json").is_file()


def test_esc50_duplicates_share_a_source(clip_lists):
    clips = clip_lists["esc50"].clips
    assert Counter(clip.fold for clip in clips) == {"1": 6, "2": 6, "3": 7, "4": 6, "5": 7}
    left_out = hold_out_fold(clips, "5").unused
    assert [Path(clips[int(i)].path).name for i in left_out] == ["3-151080-A-20.wav"]


def test_urbansound8k_keeps_its_folds_and_recordings(clip_lists):
    clip_list = clip_lists["urbansound8k"]
    assert Counter(clip.fold for clip in clip_list.clips) == {str(fold): 3 + (fold < 3) for fold in range(1, 11)}
    assert (clip_list.clips[0].source, clip_list.clips[0].labels) == ("10000", ("air_conditioner",))
    assert all(clip_list.file(clip).is_file() for clip in clip_list.clips)


def test_urbansound8k_duplicates_share_a_source(clip_lists):
    clips = clip_lists["urbansound8k"].clips
    left_out = hold_out_fold(clips, "2").unused
    assert [Path(clips[int(i)].path).name for i in left_out] == ["197318-6-2-0.wav"]


def test_fsdd_test_takes_and_speaker_folds(clip_lists):
    clip_list = clip_lists["fsdd"]
    takes = {
        fold: {Path(clip.path).stem[-1] for clip in clip_list.clips if clip.fold == fold} for fold in ("train", "test")
    }
    assert takes == {"train": set("56"), "test": set("01234")}
    speakers = read_clip_list(clip_list.root / "speakers.csv").clips
    assert [clip.path for clip in speakers] == [clip.path for clip in clip_list.clips]
    assert {clip.fold for clip in speakers} == {"george", "theo"}
    assert not len(hold_out_fold(speakers, "theo").unused)


def test_audioset_files_of_every_naming_scheme_are_found(clip_lists):
    clip_list = clip_lists["audioset"]
    assert Counter(clip.fold for clip in clip_list.clips) == {"train": 24, "test": 15}
    assert all(clip.source in clip.path and clip_list.file(clip).is_file() for clip in clip_list.clips)
    assert {clip.labels for clip in clip_list.clips} == {(mid,) for mid in KINDS.values()}
    assert (clip_list.root / "missing.txt").read_text().splitlines() == [
        "unbalanced_train_segments.csv\t0gone_video\t0.000",
        "eval_segments.csv\t1gone_video\t0.000",
    ]


def test_fsd50k_keeps_its_split_labels_and_authors(clip_lists):
    clip_list = clip_lists["fsd50k"]
    assert Counter(clip.fold for clip in clip_list.clips) == {"train": 6, "val": 6, "test": 6}
    first, second = clip_list.clips[:2]
    assert (first.labels, second.labels) == (("Sound", "Sine_wave"), ("Sound", "Sine_wave", "Human_voice"))
    assert (first.source, second.source) == ("train person 0", "train person 1")
    assert first.licence == "http://creativecommons.org/licenses/by/3.0/"
    assert first.attribution == "train person 0, freesound.org/s/101"
    assert all(clip_list.file(clip).is_file() for clip in clip_list.clips)
    assert not len(hold_out_fold(clip_list.clips, "test").unused)


def test_fsd50k_without_details_and_with_a_missing_file(tmp_path):
    write_fsd50k(tmp_path)
    for path in (tmp_path / "FSD50K.metadata").iterdir():
        path.unlink()
    clip_list = prepared("fsd50k", tmp_path, tmp_path / "out")
    assert (clip_list.clips[0].source, clip_list.clips[0].licence) == ("101", "")
    (tmp_path / "FSD50K.eval_audio" / "113.wav").unlink()
    with pytest.raises(SystemExit, match=r"113\.wav is missing, and FSD50K\.ground_truth/eval\.csv lists it"):
        prepared("fsd50k", tmp_path, tmp_path / "out")


def test_desed_lists_events_weak_labels_and_missing_files(clip_lists):
    clip_list = clip_lists["desed"]
    clips, root = clip_list.clips, clip_list.root
    assert Counter(clip.fold for clip in clips) == {"train": 9 + 4, "validation": 3, "test": 4}
    assert all(clip_list.file(clip).is_file() for clip in clips)
    first = clips[0]
    assert first.labels == ("Alarm_bell_ringing",)
    assert [(one.onset_s, one.offset_s) for one in first.events] == [(0.1, 0.25), (0.3, 0.5)]
    assert (first.source, clips[9].source) == ("synthetic21_train/0", "Y-a_0vid0")
    assert sum(not clip.events for clip in clips) == 2  # recordings without an event
    assert len({clip.source for clip in clips}) == len(clips)
    weak = read_clip_list(root / "weak.csv").clips
    assert Counter(clip.fold for clip in weak) == {"train": 3, "test": 4}
    assert (weak[0].labels, weak[0].events) == (("Alarm_bell_ringing", "Speech"), ())
    test, public = (read_event_table(root / name) for name in ("test.tsv", "public.tsv"))
    for table in (test, public):
        assert len(table.clips) == 4
        assert all(table.file(clip).is_file() for clip in table.clips)
    assert [clip.events for clip in test.clips] == [clip.events for clip in clips if clip.fold == "test"]
    assert (root / "missing.txt").read_text().splitlines() == [
        "audioset_strong.tsv\tYgone0_0.000_10.000.wav",
        "validation.tsv\tYgone1_0.000_10.000.wav",
        "weak.tsv\tYgone_0.000_10.000.wav",
        "public.tsv\tYgone2_0.000_10.000.wav",
    ]


def test_desed_in_the_folders_of_other_years(tmp_path):
    """Sounds at 44.1 kHz, soundscapes beside the recordings, and recordings directly in validation/."""
    write_desed(tmp_path / "2023")
    old = tmp_path / "2020"
    for source, target in (
        ("dcase_synth/audio/train/synthetic21_train/soundscapes_16k", "audio/train/synthetic20_train/soundscapes"),
        ("dcase_synth/metadata/train/synthetic21_train", "metadata/train/synthetic20_train"),
        ("audio/validation/validation_16k", "audio/validation"),
        ("metadata/validation", "metadata/validation"),
    ):
        shutil.copytree(tmp_path / "2023" / source, old / target)
    clips = prepared("desed", old, tmp_path / "out").clips
    assert Counter(clip.fold for clip in clips) == {"train": 9, "test": 4}
    shutil.rmtree(old / "audio" / "train")
    with pytest.raises(SystemExit, match=r"soundscapes\.tsv has no sounds in .*synthetic20_train/soundscapes;"):
        prepared("desed", old, tmp_path / "out")


def test_segments_are_written_as_they_are_read(tmp_path):
    segments = [
        Segment("--4gqARaEJE", 0.0, 10.0, ("/m/068hy", "/m/07q6cd_")),
        Segment("_a-Yaaaaaaa", 21.5, 30.0, ("/m/09x0r",)),
    ]
    write_segments(tmp_path / "eval_segments.csv", segments)
    lines = (tmp_path / "eval_segments.csv").read_text().splitlines()
    assert lines[1:4] == [
        "# num_ytids=2, num_segs=2, num_unique_labels=3, num_positive_labels=3",
        "# YTID, start_seconds, end_seconds, positive_labels",
        '--4gqARaEJE, 0.000, 10.000, "/m/068hy,/m/07q6cd_"',
    ]
    assert list(read_segments(tmp_path / "eval_segments.csv")) == segments


@pytest.mark.slow
def test_the_audioset_layout_learns(tmp_path):
    write_audioset(tmp_path, n_train=10, n_eval=8)
    clip_list = prepared("audioset", tmp_path, tmp_path / "out")
    packed = ShardSettings("flac", 32_000, clips_per_shard=20)
    assert write_shards(clip_list, tmp_path / "shards", packed, n_threads=1).n_shards == 3
    small = {"stem_channels": 8, "channels": (8, 12, 16), "embedding_dim": 32, "n_heads": 2, "dropout": 0.0}
    checkpoint = make_checkpoint(tmp_path / "small", "residual_cnn", **small)
    settings = shortened(Path("audioset/miniature.toml"), clip_list, checkpoint, n_steps=80)
    settings = replace(
        settings,
        data=replace(settings.data, clips=str(tmp_path / "shards"), decoded=""),
        batches=replace(settings.batches, batch_size=8, mask=replace(settings.batches.mask, max_s=0.05)),
        train=replace(
            settings.train,
            optim=replace(settings.train.optim, lr=0.01, warmup_steps=5),
            average=replace(settings.train.average, decay=0.8),
        ),
    )
    before, after = (
        train_model(replace(settings, train=train), tmp_path / f"{train.n_steps} steps")
        for train in (replace(settings.train, n_steps=1), settings.train)
    )
    assert len(after.checkpoint.manifest.labels) == len(audioset())
    for trained in (before, after):
        assert trained.test is not None
        assert trained.test.mean_average_precision.n_classes == len(KINDS)
    assert before.test.mean_average_precision.value < 0.75
    assert after.test.mean_average_precision.value > 0.9


def test_wrong_data_folder_is_refused(tmp_path):
    for name, hint in {
        "audioset": "holds none of balanced_train_segments.csv",
        "desed": "holds 0 clips of metadata/validation/validation.tsv and 0 of metadata/train",
        "esc10": "holds 0 clips of ESC-10",
        "esc50": "is not ESC-50; expected one of meta/esc50.csv, manifest.csv",
        "fsd50k": "is not FSD50K; expected one of FSD50K.ground_truth/dev.csv",
        "fsdd": "holds 0 recordings such as .*README.md",
        "urbansound8k": "is not UrbanSound8K; expected one of metadata/UrbanSound8K.csv",
    }.items():
        with pytest.raises(SystemExit, match=hint):
            prepared(name, tmp_path / "nothing", tmp_path / "out")


def test_missing_segments_and_invalid_lines_are_reported(tmp_path):
    for name in ("balanced_train_segments", "eval_segments"):
        write_table(tmp_path / "metadata" / f"{name}.csv", "# comment", ['0123456789a, 0.000, 10.000, "/m/09x0r"'])
    with pytest.raises(SystemExit, match="0 sound files of train segments"):
        prepared("audioset", tmp_path, tmp_path / "out")
    write_table(tmp_path / "metadata" / "eval_segments.csv", "# comment", ["0123456789a, from the start"])
    with pytest.raises(SystemExit, match=r"eval_segments.csv, line 2: .* is not YTID, start_seconds"):
        prepared("audioset", tmp_path, tmp_path / "out")


REFERENCE = {"esc10": "esc10", "esc50": "esc50", "fsdd": "fsdd", "urbansound8k": "urbansound8k_subset"}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCE)
def test_no_copy_is_left_under_another_source(name, shared, tmp_path):
    clip_list = prepared(name, shared / "data" / REFERENCE[name], tmp_path)
    assert not {"copy", "copy in two folds"} & {finding.kind for finding in check_clips(clip_list).findings}


@pytest.mark.slow
def test_esc50_pairs_match_those_of_the_check(shared):
    findings = check_clips(read_clip_list(shared / "data" / "esc50" / "manifest.csv")).findings
    kinds = Counter(finding.kind for finding in findings)
    assert (kinds["copy"], kinds["copy in two folds"]) == (7, 4)
    pairs = [{Path(file).stem.split("-")[1] for file in one.files} for one in findings if one.kind.startswith("copy")]
    assert sorted(map(sorted, pairs)) == sorted(map(sorted, SAME_RECORDINGS.items()))
    assert len(SAME_RECORDINGS) == 11


@pytest.mark.parametrize(
    ("name", "data", "counts"),
    [
        ("esc50", "esc50", {str(fold): 400 for fold in range(1, 6)}),
        ("urbansound8k", "urbansound8k_subset", {"1": 300, "2": 300, "10": 300}),
        ("fsdd", "fsdd", {"train": 1200, "test": 300}),
    ],
)
def test_counts_of_the_reference_data(name, data, counts, shared, tmp_path):
    clip_list = prepared(name, shared / "data" / data, tmp_path)
    assert Counter(clip.fold for clip in clip_list.clips) == counts


def test_miniature_has_the_layout_of_audioset(shared, tmp_path):
    start("audioset.miniature", "--data", shared / "data" / "esc50", "--out", tmp_path / "data")
    clip_list = prepared("audioset", tmp_path / "data", tmp_path)
    assert Counter(clip.fold for clip in clip_list.clips) == {"train": 1593, "test": 400}
    assert (tmp_path / "missing.txt").read_text() == ""
    labels = audioset()
    assert {labels.find(mid).en for clip in clip_list.clips[:1] for mid in clip.labels} == {"Dog", "Bark"}
    files = {clip_list.file(clip).resolve().name: clip.fold for clip in clip_list.clips}
    assert {fold for name, fold in files.items() if name.startswith("5-")} == {"test"}
    assert "3-151080-A-20.ogg" not in files  # a copy of it is in fold 5
