"""Checks of whole data sets: every kind of finding, copies, shards, real data."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from panns.audio import resample
from panns.data.clip_lists import Clip, ClipList, read_clip_list
from panns.data.quality import check_clips
from panns.data.quality.findings import ERRORS, KINDS
from panns.data.shards import ShardFolder, ShardSettings, write_shards
from panns.labels import LabelSet
from panns.system.progress import Progress
from tests.sounds import RATE, noise, write_silent_wav, write_wav


def sound(seed, seconds=3.0):
    """Noise that swells like real sounds."""
    return 3 * noise(seconds, seed=seed) * np.abs(resample(noise(seconds, seed=seed + 500, sample_rate=800), 800, RATE))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Four sounds, and copies of the first as encoders, resamplers and editors make them."""
    root = tmp_path_factory.mktemp("clips")
    for seed in range(4):
        write_wav(root / f"{seed}.wav", sound(seed))
    first = sound(0)
    (root / "same.wav").write_bytes((root / "0.wav").read_bytes())
    for name, rate, gain in (
        ("a.mp3", 44_100, 0.3),
        ("b.ogg", 16_000, 1.0),
        ("c.wav", 11_025, 0.2),
        ("d.flac", RATE, -1),
    ):
        soundfile.write(root / name, gain * resample(first, RATE, rate), rate)
    write_wav(root / "cut.wav", first[RATE:])
    write_wav(root / "padded.wav", np.append(np.zeros(RATE // 3, np.float32), first))
    write_wav(root / "noisy.wav", first + 0.1 * first.std() * noise(3.0, seed=9, level=1.0))
    return root


COPIES = ("same.wav", "a.mp3", "b.ogg", "c.wav", "d.flac", "cut.wav", "padded.wav", "noisy.wav")


def check(root, *clips, **options):
    return check_clips(ClipList(root, clips), min_clips_per_class=1, **options)


def kinds_of(report):
    return [one.kind for one in report.findings]


def test_good_data_set(root):
    report = check(root, *(Clip(f"{i}.wav", ("dog", "cat"), "12"[i % 2]) for i in range(4)))
    assert report.findings == report.errors == report.duplicates == ()
    assert (report.n_clips, report.duration_s) == (4, 12.0)
    assert report.to_dict() == {"n_clips": 4, "duration_s": 12.0, "n_errors": 0, "n_warnings": 0, "findings": []}


@pytest.mark.parametrize("name", COPIES)
def test_copy_is_found_under_another_name(root, name):
    clips = [Clip("1.wav", ("dog",)), Clip("0.wav", ("dog",)), Clip("2.wav", ("dog",)), Clip(name, ("dog",))]
    report = check(root, *clips)
    assert report.duplicates == ((1, 3),)
    assert [(one.kind, one.files, one.message) for one in report.findings] == [
        ("copy", ("0.wav", name), f"0.wav, {name} hold the same sound; give them one source, or keep one")
    ]


def test_all_copies_form_one_group(root):
    clips = [Clip(name, ("dog",)) for name in ("0.wav", "1.wav", *COPIES, "2.wav", "3.wav")]
    report = check(root, *clips)
    assert report.duplicates == ((0, *range(2, 2 + len(COPIES))),)
    (found,) = report.findings
    assert found.message.startswith("0.wav, same.wav, a.mp3 and 6 more hold the same sound")


def test_copies_in_two_folds_with_other_labels(root):
    report = check(root, Clip("0.wav", ("dog",), "1"), Clip("1.wav", ("dog",), "1"), Clip("b.ogg", (), "2"))
    assert kinds_of(report) == ["no label", "copy in two folds"]
    assert report.findings[-1].message == (
        "0.wav, b.ogg hold the same sound with different labels (none, dog) in the folds 1, 2; give them one source, "
        "or keep one"
    )


def test_pieces_of_one_source_may_overlap(root):
    report = check(root, Clip("0.wav", ("dog",), source="7"), Clip("cut.wav", ("dog",), source="7"))
    assert report.findings == report.duplicates == ()
    report = check(root, Clip("0.wav", ("dog",), source="7"), Clip("same.wav", ("dog",), source="7"))
    assert report.findings == ()
    assert report.duplicates == ((0, 1),)
    assert kinds_of(check(root, Clip("0.wav", ("dog",), source="7"), Clip("cut.wav", ("dog",), source="8"))) == ["copy"]


def test_repeated_stretch_is_not_a_copy(root):
    report = check(root, Clip("0.wav", ("dog",)), Clip("0.wav", ("dog",), onset_s=0.0))
    assert kinds_of(report) == ["listed twice"]
    assert report.duplicates == ((0, 1),)


def test_file_under_another_name_is_not_a_copy(root):
    report = check(root, Clip("0.wav", ("dog",)), Clip("./0.wav", ("cat",)))
    assert [(one.kind, one.is_error) for one in report.findings] == [("labels differ", True)]


def test_overlapping_stretches_of_one_file_are_found(root):
    overlapping = [Clip("0.wav", ("dog",), offset_s=2.0), Clip("0.wav", ("dog",), onset_s=0.5)]
    report = check(root, *overlapping, Clip("1.wav", ("dog",)))
    assert report.duplicates == ((0, 1),)
    apart = [Clip("0.wav", ("dog",), offset_s=1.5), Clip("0.wav", ("dog",), onset_s=1.5)]
    assert check(root, *apart).findings == ()


def test_findings_list_errors_first(tmp_path):
    (tmp_path / "text.wav").write_text("no sound")
    write_silent_wav(tmp_path / "silent.wav", 1.0)
    write_wav(tmp_path / "good.wav", sound(5))
    write_wav(tmp_path / "loud.wav", np.clip(10 * sound(6), -1, 1))
    cut = write_wav(tmp_path / "cut.wav", sound(7))
    cut.write_bytes(cut.read_bytes()[:-RATE])
    clips = [
        Clip("missing.wav", ("dog",)),
        Clip("text.wav", ("dog",)),
        Clip("silent.wav", ("dog",)),
        Clip("good.wav", ("dgo",)),
        Clip("loud.wav", ()),
        Clip("cut.wav", ("dog",)),
        Clip("cut.wav", ("cat",)),
    ]
    report = check(tmp_path, *clips, labels=LabelSet.from_names("pets", ["cat", "dog", "cow"]), min_duration_s=2.0)
    kinds = kinds_of(report)
    assert kinds == sorted(kinds, key=KINDS.index)
    assert set(kinds) == {
        *(
            "missing file",
            "unreadable",
            "unknown label",
            "labels differ",
            "incomplete or unusual",
            "silent",
            "too short",
            "clipped",
        ),
        *("no label", "absent class"),
    }
    assert [one.kind for one in report.errors] == [kind for kind in kinds if kind in ERRORS]
    record = report.to_dict()
    assert (record["n_errors"], record["n_warnings"]) == (len(report.errors), len(kinds) - len(report.errors))
    assert record["findings"][0] == {
        "kind": "missing file",
        "severity": "error",
        "files": ["missing.wav"],
        "message": f"{tmp_path / 'missing.wav'} is missing; correct its path, or remove it",
    }


def test_clip_of_a_few_samples_is_too_short(tmp_path):
    write_wav(tmp_path / "a.wav", sound(0)[:10])
    write_wav(tmp_path / "b.wav", sound(1)[: RATE // 10])
    assert [
        (one.kind, one.files) for one in check(tmp_path, Clip("a.wav", ("dog",)), Clip("b.wav", ("dog",))).findings
    ] == [("too short", ("a.wav",))]


def test_low_rates_share_a_finding(root):
    clips = [Clip(name, ("dog",), source="7") for name in ("0.wav", "b.ogg", "c.wav")]
    assert kinds_of(check(root, *clips)) == []
    low, lower = reversed(check(root, *clips, sample_rate=32_000).findings)
    assert (low.kind, low.files) == ("low rate", ("b.ogg",))
    assert all(words in low.message for words in ("1 clip", "16,000 Hz (b.ogg)", "8 kHz", "16 kHz"))
    assert lower.files == ("c.wav",)
    assert kinds_of(check(root, *clips, sample_rate=16_000)) == ["low rate"]


def test_progress_counts_clips_then_comparisons(root):
    shown = []
    clips = [Clip("0.wav", ("dog",), offset_s=1.0), Clip("0.wav", ("dog",), onset_s=1.0), Clip("b.ogg", ("dog",))]
    check(root, *clips, n_threads=1, on_progress=shown.append)
    assert shown[:2] == [Progress(2, 3, "clips", "reading clips"), Progress(3, 3, "clips", "reading clips")]
    assert {(one.stage, one.total) for one in shown[2:]} == {("comparing clips", 2)}
    assert shown[-1] == Progress(2, 2, "comparisons", "comparing clips")


@pytest.mark.parametrize("n_threads", [1, 3])
def test_report_does_not_depend_on_threads(root, n_threads):
    clips = [Clip(name, ("dog",)) for name in ("3.wav", "0.wav", *COPIES)]
    report = check(root, *clips, n_threads=n_threads)
    assert report.duplicates == ((*range(1, 10),),)
    assert report.duration_s == pytest.approx(29.3, abs=0.2)
    assert not [one for one in threading.enumerate() if one.name.startswith("panns")]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(ShardSettings(clips_per_shard=4), id="keep"),
        pytest.param(ShardSettings("wav", 16_000), id="wav", marks=pytest.mark.slow),
    ],
)
def test_packed_clips_have_the_same_findings(root, tmp_path, settings):
    write_wav(tmp_path / "loud.wav", 5 * sound(5))
    names = ["0.wav", "1.wav", *COPIES, "2.wav", str(tmp_path / "loud.wav")]
    clips = [Clip(name, ("dog",), "1") for name in names]
    clips += [Clip("3.wav", ("dog",), offset_s=0.05), Clip("3.wav", (), "2", onset_s=1.0)]
    write_shards(ClipList(root, tuple(clips)), tmp_path / "shards", settings)
    files, packed = check(root, *clips), check_clips(ShardFolder(tmp_path / "shards"), min_clips_per_class=1)
    assert packed.findings == files.findings
    assert kinds_of(packed) == ["too short", "no label", "copy"]
    assert packed.duplicates == files.duplicates == ((0, *range(2, 2 + len(COPIES))),)
    assert packed.duration_s == pytest.approx(files.duration_s, abs=0.01)


def test_unreadable_packed_clips_name_their_shard(tmp_path):
    samples = sound(0)
    samples[RATE] = np.nan
    for name, waveform in (("a.wav", sound(1)), ("b.wav", samples), ("c.wav", sound(2))):
        write_wav(tmp_path / name, waveform)
    shards = tmp_path / "shards"
    write_shards(ClipList(tmp_path, tuple(Clip(f"{name}.wav", ("dog",)) for name in "abc")), shards)
    tar = shards / "shard-000000.tar"
    tar.write_bytes(tar.read_bytes().replace(b"000000002.wav", b"000000009.wav"))
    nan, other = check_clips(ShardFolder(shards), min_clips_per_class=1).findings
    assert (nan.kind, nan.files) == ("unreadable", ("b.wav",))
    assert nan.message.startswith(f"b.wav in {tar}: ")
    assert "nan" in nan.message
    assert (other.kind, other.files) == ("unreadable", ("c.wav",))
    assert "does not hold 000000002.wav" in other.message


def test_empty_class_folder_is_an_error(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "dog").mkdir()
    write_wav(tmp_path / "dog" / "a.wav", sound(0))
    report = check_clips(read_clip_list(tmp_path))
    assert [(one.kind, one.is_error) for one in report.findings] == [("empty class", True), ("few clips", False)]


def test_empty_list():
    report = check_clips(ClipList(Path(), ()))
    assert (report.n_clips, report.findings) == (0, ())


def test_copies_of_real_sounds_in_two_encodings(shared):
    """Sixteen clips of two data sets that hold the same ones at 44.1 and at 16 kHz; no other pair is a copy."""
    original = read_clip_list(shared / "data" / "esc10" / "manifest.csv").clips[::25]
    stems = [Path(clip.path).stem for clip in original]
    every = read_clip_list(shared / "data" / "esc50" / "manifest.csv").clips
    copies = [next(clip for clip in every if Path(clip.path).stem.startswith(f"{stem}-")) for stem in stems]
    clips = [Clip(f"esc10/{clip.path}", clip.labels) for clip in original]
    clips += [Clip(f"esc50/{clip.path}", clip.labels) for clip in copies]
    report = check_clips(ClipList(shared / "data", tuple(clips)))
    assert report.duplicates == tuple((i, i + 16) for i in range(16))


def test_known_copies_in_a_real_data_set(shared):
    """One recording was published under two names, shifted by 0.2 s, and lies in two folds; found in its class."""
    listed = read_clip_list(shared / "data" / "esc50" / "manifest.csv")
    cats = [clip for clip in listed.clips if clip.labels == ("cat",)]
    report = check_clips(ClipList(listed.root, tuple(cats)))
    found = [one for one in report.findings if one.kind.startswith("copy")]
    assert [(one.kind, one.files) for one in found] == [
        ("copy in two folds", ("audio/2-110011-A-5.ogg", "audio/5-256452-A-5.ogg"))
    ]
