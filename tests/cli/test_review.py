"""The loop of review: clips of detected events, a person's answers, and a clip list of them."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys

import numpy as np
import pytest
import soundfile

import panns
from panns.data.clip_lists import read_clip_list
from tests.commands import run_panns, succeed

SOUNDS = ("siren.ogg", "knock.ogg")


@pytest.fixture(scope="module")
def detected(tmp_path_factory):
    """Two recordings, one in a folder with a strange name, and their clips as CSV."""
    folder = tmp_path_factory.mktemp("loop")
    (folder / "站 1").mkdir()
    shutil.copy("examples/siren.ogg", folder / "siren.ogg")
    shutil.copy("examples/knock.ogg", folder / "站 1" / "knock.ogg")
    command = ("detect", "siren.ogg", "站 1", "-m", "builtin", "--threshold", "0.4", "--clips", "clips", "--csv")
    (folder / "detected.csv").write_text(succeed(run_panns(*command, cwd=folder)), encoding="utf-8")
    return folder


@pytest.fixture
def folder(detected, tmp_path):
    return shutil.copytree(detected, tmp_path / "loop")


def rows_of(folder):
    with (folder / "clips" / "clips.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def mark(folder, reviews, *, delimiter=","):
    """Fill the column review, as a spreadsheet would save it."""
    rows = rows_of(folder)
    with (folder / "clips" / "clips.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0], delimiter=delimiter)
        table.writeheader()
        table.writerows(row | {"review": reviews.get(row["clip"], "")} for row in rows if reviews.get(row["clip"]) != 0)


def review(folder, *arguments):
    result = run_panns("review", "clips", *arguments, "-o", "reviewed.csv", "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout), {one.path: one for one in read_clip_list(folder / "reviewed.csv").clips}


def test_a_clip_for_every_event(detected):
    events = [event for path in SOUNDS for event in panns.load("builtin").detect(f"examples/{path}", threshold=0.4)]
    rows = rows_of(detected)
    assert sorted((row["label"], float(row["onset_s"])) for row in rows) == [
        (label, pytest.approx(onset_s, abs=1e-3))
        for label, onset_s in sorted((one.label, one.onset_s) for one in events)
    ]
    assert {row["review"] for row in rows} == {""}
    for row in rows:
        info = soundfile.info(detected / "clips" / row["clip"])
        assert info.samplerate == 32_000
        assert float(row["offset_s"]) - float(row["onset_s"]) <= info.duration <= 5
        assert row["clip"].startswith(row["label"])
    with (detected / "detected.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(rows)


def test_words_in_the_table(folder):
    names = [row["clip"] for row in rows_of(folder)]
    siren = next(name for name in names if name.startswith("Siren"))
    alarm = next(name for name in names if name.startswith("Alarm"))
    knock = next(name for name in names if name.startswith("Knock"))
    mark(folder, {siren: "Yes", alarm: "rejected", knock: "Woodpecker"}, delimiter=";")
    report, clips = review(folder)
    assert (report["confirmed"], report["rejected"]) == ({"Siren": 1}, {"Alarm": 1, "Knock": 1})
    assert report["other"] == {"Woodpecker": 1}
    assert report["n_open"] == len(names) - 3
    assert clips[f"clips/{siren}"].labels == ("Siren",)
    # The rejected alarm sounds at the same time as the siren, which is decided.
    assert clips[f"clips/{alarm}"].labels == ("Siren",)
    assert clips[f"clips/{knock}"].labels == ("Woodpecker",)
    assert clips[f"clips/{knock}"].source == "站 1/knock.ogg"


def test_clips_sorted_into_folders(folder):
    clips = folder / "clips"
    knocks = sorted(clips.glob("Knock_*.wav"))
    for place, path in zip(("confirmed", "day 1/Rejected"), knocks, strict=False):
        (clips / place).mkdir(parents=True)
        path.rename(clips / place / path.name)
    (clips / "Alarm").mkdir()
    next(clips.glob("Siren_*.wav")).rename(clips / "Alarm" / "x.wav").rename(
        clips / "Alarm" / "Siren_siren_00000.000.wav"
    )
    report, listed = review(folder)
    assert (report["confirmed"], report["other"]) == ({"Knock": 1}, {"Alarm": 1})
    assert report["rejected"] == {"Knock": 1, "Siren": 1}
    assert f"clips/confirmed/{knocks[0].name}" in listed
    assert listed[f"clips/day 1/Rejected/{knocks[1].name}"].labels == ()


def test_what_is_gone_counts_only_in_a_complete_review(folder):
    names = sorted(row["clip"] for row in rows_of(folder))
    mark(folder, {names[0]: 0, names[1]: "confirmed"})
    (folder / "clips" / names[-1]).unlink()
    report, listed = review(folder)
    assert (len(listed), report["n_missing"], report["n_open"]) == (1, 2, len(names) - 3)
    report, listed = review(folder, "--complete", "--rejected-label", "other")
    assert (report["n_missing"], report["n_open"]) == (0, 0)
    assert len(listed) == len(names)
    gone = next(one for path, one in listed.items() if not path.startswith("clips/"))
    assert gone.onset_s is not None
    assert sum(report["rejected"].values()) == 2
    assert all(one.labels for one in listed.values())


@pytest.mark.parametrize("form", ["kaleidoscope", "rttm", "label-studio", "raven"])
def test_tables_of_other_programs(folder, form):
    """A class is corrected in the table of the recordings; the rest is left as it was."""
    command = ("detect", "siren.ogg", "站 1", "-m", "builtin", "--threshold", "0.4", "--format", form)
    text = succeed(run_panns(*command, cwd=folder))
    if form == "kaleidoscope":
        rows = list(csv.reader(text.splitlines()))
        lines = [[*row[:-1], "Owl" if row[-3] == "Siren" else row[-1]] for row in rows]
        text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in lines)
    elif form == "label-studio":
        tasks = json.loads(text)
        for task in tasks:
            (prediction,) = task.pop("predictions")
            for region in prediction["result"]:
                region["value"]["labels"] = [region["value"]["labels"][0].replace("Siren", "Owl")]
            task["annotations"] = [{"result": prediction["result"], "was_cancelled": False}]
        text = json.dumps(tasks)
    else:
        text = text.replace("Siren", "Owl")
    path = folder / f"table.{ {'kaleidoscope': 'csv', 'label-studio': 'json', 'raven': 'txt'}.get(form, form) }"
    path.write_text(text, encoding="utf-8")
    report, listed = review(folder, path.name)
    assert (report["rejected"], report["other"]) == ({"Siren": 1}, {"Owl": 1})
    assert (report["n_missing"], report["unknown"]) == (0, [])
    assert [one.labels for one in listed.values()] == [("Owl",)]
    if form != "kaleidoscope":
        report, listed = review(folder, path.name, "--complete")
        assert report["n_open"] == 0
        assert report["confirmed"].keys() == {row["label"] for row in rows_of(folder)} - {"Siren"}


def test_a_table_with_chinese_labels_left_as_it_was_confirms(folder):
    command = ("detect", "siren.ogg", "站 1", "-m", "builtin", "--threshold", "0.4", "-f", "rttm", "--lang", "zh")
    (folder / "t.rttm").write_text(succeed(run_panns(*command, cwd=folder)), encoding="utf-8")
    report, _ = review(folder, "t.rttm", "--complete")
    assert (report["rejected"], report["other"], report["n_open"]) == ({}, {}, 0)
    assert sum(report["confirmed"].values()) == len(rows_of(folder))


def test_resume_goes_on_with_the_clips_and_keeps_reviews(folder):
    shutil.rmtree(folder / "clips")
    run = ("--threshold", "0.4", "--clips", "clips", "-o", "r.jsonl")
    succeed(run_panns("detect", "siren.ogg", *run, cwd=folder))
    first = rows_of(folder)
    mark(folder, {first[0]["clip"]: "confirmed"})
    before = (folder / "clips" / first[0]["clip"]).stat().st_mtime_ns
    succeed(run_panns("detect", "siren.ogg", "站 1", *run, "--resume", cwd=folder))
    rows = rows_of(folder)
    assert [row["clip"] for row in rows[: len(first)]] == [row["clip"] for row in first]
    assert rows[0]["review"] == "confirmed"
    assert {row["recording"] for row in rows} == {"siren.ogg", "站 1/knock.ogg"}
    assert (folder / "clips" / first[0]["clip"]).stat().st_mtime_ns == before


def test_a_new_output_file_keeps_what_a_reviewer_did(folder):
    """A second month of recordings, or a mistyped -o: the folder of clips is the work of a person."""
    first = rows_of(folder)
    knocks = [row["clip"] for row in first if row["label"] == "Knock"]
    for row in first:
        row["note"] = "" if row["clip"] != knocks[0] else "=far away"
    with (folder / "clips" / "clips.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, first[0], delimiter=";")
        table.writeheader()
        table.writerows(row | {"review": "yes"} for row in first if row["clip"] != knocks[1])
    (folder / "clips" / "confirmed").mkdir()
    moved = (folder / "clips" / knocks[0]).rename(folder / "clips" / "confirmed" / knocks[0])
    shutil.copy("examples/siren.ogg", folder / "second.ogg")
    run = ("-m", "builtin", "--threshold", "0.4", "--clips", "clips", "--resume", "-o")
    # The recordings of the first run are computed again, or are not among those of this run.
    succeed(run_panns("detect", "siren.ogg", "站 1", *run, "new.jsonl", cwd=folder))
    succeed(run_panns("detect", "second.ogg", *run, "next.jsonl", cwd=folder))
    rows = rows_of(folder)
    kept = [row["clip"] for row in first if row["clip"] != knocks[1]]
    assert [(row["clip"], row["review"]) for row in rows[: len(kept)]] == [(name, "yes") for name in kept]
    assert {row["note"] for row in rows if row["clip"] == knocks[0]} == {"=far away"}  # a person wrote it
    assert {row["recording"] for row in rows[len(kept) :]} == {"second.ogg"}
    assert moved.exists()
    assert not (folder / "clips" / knocks[0]).exists()
    report, _ = review(folder)
    assert sum(report["confirmed"].values()) == len(kept)


def test_clips_of_other_settings_do_not_mix(folder):
    run = ("-m", "builtin", "--clips", "clips", "--resume", "-o", "new.jsonl")
    other = ("--threshold", "0.4", "--clip-margin", "2"), ("--threshold", "0.6")
    for options, name in zip(other, ("clip_margin_s", "threshold"), strict=True):
        result = run_panns("detect", "siren.ogg", *options, *run, cwd=folder)
        assert result.returncode == 1
        assert f"other settings ({name})" in result.stderr
        (folder / "new.jsonl").unlink()
    # A file of results from a run without clips would leave its sounds without them.
    succeed(run_panns("detect", "siren.ogg", "-m", "builtin", "--threshold", "0.4", "-o", "new.jsonl", cwd=folder))
    result = run_panns("detect", "siren.ogg", "--threshold", "0.4", *run, cwd=folder)
    assert result.returncode == 1
    assert "other options" in result.stderr


def test_clips_among_the_recordings_are_not_detected(folder):
    knock = next((folder / "clips").glob("Knock_*.wav"))
    (folder / "clips" / "confirmed").mkdir()
    knock.rename(folder / "clips" / "confirmed" / knock.name)
    for paths in (".", "**/*.[ow][ga][gv]", "**/*.wav"):
        result = run_panns("detect", paths, "-o", "e.jsonl", cwd=folder)
        assert "clips of detected events and is left out" in result.stderr
        lines = [json.loads(line) for line in (folder / "e.jsonl").read_text(encoding="utf-8").splitlines()]
        files = {os.path.basename(one["file"]) for one in lines if "error" not in one}  # noqa: PTH119
        assert files == (set() if paths.endswith("wav") else set(SOUNDS))
        (folder / "e.jsonl").unlink()
    assert run_panns("detect", "clips", "--csv", cwd=folder).stdout.count(knock.name) > 0


def test_tasks_that_nobody_has_annotated_are_named(folder):
    command = ("detect", "siren.ogg", "-m", "builtin", "--threshold", "0.4", "--format", "label-studio")
    (folder / "tasks.json").write_text(succeed(run_panns(*command, cwd=folder)), encoding="utf-8")
    mark(folder, {row["clip"]: "yes" for row in rows_of(folder)})
    result = run_panns("review", "clips", "tasks.json", "-o", "reviewed.csv", "--json", cwd=folder)
    assert json.loads(succeed(result))["unreviewed"] == ["siren.ogg"]
    assert "siren.ogg have no annotations by a person yet" in result.stderr


def test_the_review_works_from_another_folder(folder, tmp_path):
    """Clips that are gone are heard in their recordings, wherever the command runs and the folders were moved to."""
    for path in (folder / "clips").glob("*.wav"):
        path.unlink()
    mark(folder, {row["clip"]: "yes" for row in rows_of(folder)})
    moved = folder.rename(tmp_path / "moved")
    (tmp_path / "lists").mkdir()
    report = run_panns("review", moved / "clips", "-o", "lists/r.csv", "--json", cwd=tmp_path)
    assert json.loads(succeed(report))["n_clips"] == len(rows_of(moved))
    listed = {one.path for one in read_clip_list(tmp_path / "lists" / "r.csv").clips}
    assert listed == {"../moved/siren.ogg", "../moved/站 1/knock.ogg"}
    for sound in (moved / "siren.ogg", moved / "站 1" / "knock.ogg"):
        sound.unlink()
    result = run_panns("review", moved / "clips", "-o", "lists/none.csv", cwd=tmp_path)
    assert result.returncode == 1
    assert f"none of the decided clips in {moved / 'clips'} can be used" in result.stderr
    assert not (tmp_path / "lists" / "none.csv").exists()


def test_the_list_is_evaluated(folder):
    mark(folder, {row["clip"]: "confirmed" for row in rows_of(folder) if row["label"] in {"Siren", "Knock"}})
    review(folder)
    (line,) = succeed(run_panns("evaluate", "builtin", "reviewed.csv", "--json", cwd=folder)).splitlines()
    assert json.loads(line)["n_clips"] == len(read_clip_list(folder / "reviewed.csv").clips)


def test_a_table_without_a_recording_leaves_its_clips_open(folder):
    """All events of one recording were deleted, or it was never opened; the table is the same."""
    command = ("detect", "siren.ogg", "-m", "builtin", "--threshold", "0.4", "--format", "rttm")
    text = succeed(run_panns(*command, cwd=folder))
    (folder / "t.rttm").write_text(text, encoding="utf-8")
    report, listed = review(folder, "t.rttm", "--complete")
    assert {one.source for one in listed.values()} == {"siren.ogg"}
    assert report["n_open"] == sum(row["recording"] != "siren.ogg" for row in rows_of(folder))


@pytest.mark.slow
def test_a_model_is_trained_on_the_answers(tmp_path):
    """Two recordings of each sound, at different speeds; what is heard in engines is wrong."""
    pytest.importorskip("torch")
    random = np.random.default_rng(0)
    for name in ("siren", "knock", "bell", "engine"):
        samples, rate = soundfile.read(f"examples/{name}.ogg", dtype="float32")
        for day, speed in enumerate((1.0, 1.15)):  # at another speed it is not a copy of the first recording
            noisy = samples * 0.8 + random.normal(0, 1e-4, len(samples))
            soundfile.write(tmp_path / f"{name} {day}.wav", noisy, round(rate * speed))
    sounds = sorted(path.name for path in tmp_path.glob("*.wav"))
    succeed(run_panns("detect", *sounds, "--threshold", "0.2", "--clips", "clips", cwd=tmp_path))
    right = {"Siren", "Knock", "Church bell"}
    mark(tmp_path, {row["clip"]: "yes" if row["label"] in right else "no" for row in rows_of(tmp_path)})
    _, listed = review(tmp_path)
    assert {label for one in listed.values() for label in one.labels} == right
    assert () in {one.labels for one in listed.values()}
    options = ("--epochs", "1", "--head", "linear", "--train", "head")
    succeed(run_panns("finetune", "reviewed.csv", "-o", "model", *options, cwd=tmp_path))
    (line,) = succeed(run_panns("evaluate", "model", "reviewed.csv", "--json", cwd=tmp_path)).splitlines()
    assert json.loads(line)["n_clips"] == len(listed)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["detect", "siren.ogg", "--clips", "clips"], "clips holds clips already"),
        (["detect", "-", "--clips", "new"], "standard input comes once"),
        (["detect", "siren.ogg", "--clips", "siren.ogg"], "siren.ogg is a file; give a folder"),
        (["detect", "siren.ogg", "--clips", "new", "--clip-margin", "-1"], "--clip-margin -1.0 is out of range"),
        (["detect", "siren.ogg", "--clips", "new", "--clip-length", "0"], "--clip-length 0.0 is out of range"),
        (["detect", "siren.ogg", "--clips", "new", "--clips-per-class", "0"], "--clips-per-class 0 is out of range"),
        (["detect", "siren.ogg", "--clip-margin", "2"], "--clip-margin needs --clips FOLDER"),
        (["detect", "siren.ogg", "--clips-per-class", "2"], "--clips-per-class needs --clips FOLDER"),
        (["review", "clips", "-o", "out.csv"], "nobody has decided on any of"),
        (["review", ".", "-o", "out.csv"], "holds no clips.jsonl"),
        (["review", "clips", "-o", "out.txt"], "ends in .txt"),
        (["review", "clips", "siren.ogg", "-o", "out.csv"], "siren.ogg"),
    ],
)
def test_refusals(detected, arguments, words):
    result = run_panns(*arguments, cwd=detected)
    assert result.returncode in {1, 2}
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert not (detected / "out.csv").exists()


def test_two_verdicts_on_one_clip(folder):
    knock = next((folder / "clips").glob("Knock_*.wav"))
    mark(folder, {knock.name: "yes"})
    (folder / "clips" / "rejected").mkdir()
    knock.rename(folder / "clips" / "rejected" / knock.name)
    result = run_panns("review", "clips", "-o", "out.csv", cwd=folder)
    assert result.returncode == 1
    assert f"{knock.name} has two verdicts, rejected and Knock" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
def test_names_that_are_not_text(tmp_path):
    recording = os.fsdecode(b"siren\xff.ogg")
    shutil.copy("examples/siren.ogg", tmp_path / recording)
    succeed(run_panns("detect", recording, "--threshold", "0.4", "--clips", "clips", cwd=tmp_path))
    assert len(list((tmp_path / "clips").glob("*.wav"))) == len(rows_of(tmp_path)) > 0
    result = run_panns("review", "clips", "--complete", "-o", "reviewed.jsonl", "--json", cwd=tmp_path)
    assert json.loads(succeed(result))["n_clips"] == len(rows_of(tmp_path))
    assert {one.source for one in read_clip_list(tmp_path / "reviewed.jsonl").clips} == {recording}


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    result = run_panns("detect", "examples/siren.ogg", "--clips", tmp_path / "file" / "clips")
    assert result.returncode == 1
    assert f"panns: {tmp_path / 'file' / 'clips'}: cannot be used" in result.stderr
