"""`panns evaluate --task detect`."""

from __future__ import annotations

import csv
import io
import json
import shutil

import numpy as np
import pytest

import panns
from panns.audio import load_sound
from panns.checkpoints.manifest import OperatingPoint
from panns.detection import WindowConfig
from panns.events import EventConfig
from panns.metrics import collar_based
from tests.commands import run_panns, succeed
from tests.conftest import ROOT
from tests.tiny_checkpoints import with_manifest

TABLE = [
    "filename,onset,offset,event_label",
    "siren.ogg,0,5,siren",
    "knock.ogg,0.4,1.1,Knock",
    "knock.ogg,2.2,2.9,Knock",
    "bell.ogg,,,",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three examples with a table of what is in them, and tables with faults."""
    folder = tmp_path_factory.mktemp("events")
    for name in ("siren", "knock", "bell"):
        shutil.copy(ROOT / "examples" / f"{name}.ogg", folder)
    tables = {
        "events": TABLE,
        "foreign": ["filename,onset,offset,event_label", "siren.ogg,0,5,alarm", "knock.ogg,0.4,2.9,blow"],
        "missing": [*TABLE, "nosuch.ogg,0,1,Knock"],
        "late": [*TABLE, "bell2.ogg,7,8,Bell"],
        "unknown": [*TABLE[:3], "bell.ogg,1,2,Siern"],
        "silent": [TABLE[0], TABLE[-1]],
        "backward": [*TABLE[:3], "knock.ogg,2.9,2.2,Knock"],
    }
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
    shutil.copy(folder / "bell.ogg", folder / "bell2.ogg")
    (folder / "clips.csv").write_text("path,labels\nbell.ogg,Bell\n")
    (folder / "map.json").write_text('{"alarm": ["Siren", "Police car (siren)"], "blow": "Knock"}')
    return folder


def evaluate(folder, *arguments, model="builtin"):
    return run_panns("evaluate", model, *arguments, "--task", "detect", cwd=folder)


def test_table(folder):
    result = evaluate(folder, ".", "--per-class", "--thresholds", "0.4")
    first, second, third, *rows = succeed(result).splitlines()
    assert first.startswith("builtin by onnx on cpu, 20")
    assert second == ".: 3 sounds of 14.0 s"
    assert third.startswith("detect, 2 classes, 3 events; ")
    assert third.endswith(" detected, thresholds: 0.4")
    names = [row[2:20].strip() for row in rows]
    assert names[:6] == ["PSDS1", "PSDS2", "collar F1", "intersection F1", "segment F1", "segment ER"]
    assert rows[6].startswith("  false alarms      ")
    assert rows[8].split()[-1] == "label"
    assert [row.split()[-1] for row in rows[9:]] == ["Knock", "Siren"]
    assert result.stderr == ""
    assert "警笛" in succeed(evaluate(folder, ".", "--per-class", "--lang", "zh"))


def test_json_measures_the_events_of_detect(folder):
    (line,) = succeed(evaluate(folder, "events.csv", "--json", "--thresholds", "0.4")).splitlines()
    answer = json.loads(line)
    assert (answer["model"], answer["task"], answer["thresholds"]) == ("builtin", "detect", "0.4")
    assert (answer["n_clips"], answer["n_events"], answer["n_failed"], answer["duration_s"]) == (3, 3, 0, 14.0)
    index = {"Knock": 0, "Siren": 1}
    found = [
        [
            (index[event.label], event.onset_s, event.offset_s)
            for event in panns.load().detect(folder / f"{name}.ogg", threshold=0.4)
            if event.label in index
        ]
        for name in ("siren", "knock", "bell")
    ]
    truth = [[(1, 0, 5)], [(0, 0.4, 1.1), (0, 2.2, 2.9)], []]
    counts = collar_based(truth, found, n_classes=2)
    assert answer["n_detected"] == sum(map(len, found)) > 0
    assert [one["collar_f1"] for one in answer["classes"]] == counts.f1.tolist()
    assert answer["collar_micro_precision"] == counts.micro().precision
    assert 0 < answer["psds2"] <= 1


@pytest.mark.parametrize(
    ("given", "own", "config"),
    [
        ((), EventConfig(median_s=0.9, min_gap_s=0.0), EventConfig(median_s=0.9, min_gap_s=0.0)),
        (
            ("--threshold", "1/h", "--min-duration", "0.5", "--release", "0.9"),
            EventConfig(min_gap_s=0.5),
            EventConfig(min_gap_s=0.5, min_duration_s=0.5, release=0.9),
        ),
    ],
)
def test_events_follow_the_options_and_the_models_settings(
    folder, tiny_frames_checkpoint, tmp_path, given, own, config
):
    siren = load_sound(folder / "siren.ogg", sample_rate=32_000)
    limits = panns.load(tiny_frames_checkpoint, n_threads=1).run(siren).frame_probs[0].mean(axis=0)
    few = OperatingPoint(1.0, tuple(np.float64(limits * 0.98)))
    # The thresholds of clips do not apply to events.
    levels = {"thresholds": (1.0,) * len(limits), "operating_points": (few,)}
    model = with_manifest(tiny_frames_checkpoint, tmp_path / "model", events=own, **levels)
    arguments = (*given, "--window", "2")
    answer = json.loads(succeed(evaluate(folder, "events.csv", "--json", *arguments, model=model)))
    files = [folder / f"{name}.ogg" for name in ("siren", "knock", "bell")]
    lines = succeed(run_panns("detect", *files, "--model", model, "--json", *arguments)).splitlines()
    found = [event for line in lines for event in json.loads(line)["events"]]
    assert answer["n_detected"] == sum(event["label"] in {"Knock", "Siren"} for event in found) > 0
    recognizer = panns.load(model, n_threads=1)
    threshold = "1/h" if given else None
    settings = {"threshold": threshold, "windows": WindowConfig(window_s=2.0)}

    def count_events(config):
        return len([event for file in files for event in recognizer.detect(file, **settings, config=config)])

    assert len(found) == count_events(config) != count_events(EventConfig())


def test_csv(folder):
    rows = list(csv.reader(io.StringIO(succeed(evaluate(folder, "events.csv", "--csv")))))
    assert rows[:2] == [["measure", "value"], ["n_clips", "3"]]
    assert {"psds1", "psds2", "collar_macro_f1", "segment_micro_error_rate"} <= dict(rows).keys()
    classes = list(csv.DictReader(io.StringIO(succeed(evaluate(folder, "events.csv", "--csv", "--per-class")))))
    assert [(one["label"], one["n_events"]) for one in classes] == [("Knock", "2"), ("Siren", "1")]
    manifest = panns.load("builtin").manifest
    own = [manifest.event_thresholds[manifest.labels.find(one["label"]).index] for one in classes]
    assert [float(one["threshold"]) for one in classes] == own


def test_a_map_of_labels(folder):
    text = succeed(evaluate(folder, "foreign.csv", "--map", "map.json", "--per-class"))
    assert "detect, 2 classes mapped by map.json, 2 events" in text
    assert [line.split()[-1] for line in text.splitlines()[-2:]] == ["alarm", "blow"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.csv", "panns: nosuch.ogg: "),
        ("late.csv", "panns: bell2.ogg: "),
    ],
)
def test_a_bad_sound_does_not_stop_the_others(folder, name, message):
    result = evaluate(folder, name, "--json")
    assert result.returncode == 1
    assert result.stderr.startswith(message)
    assert len(result.stderr.splitlines()) == 1
    answer = json.loads(result.stdout)
    assert (answer["n_clips"], answer["n_failed"]) == (3, 1)
    assert "3 sounds of 14.0 s, and 1 that could not be measured" in evaluate(folder, name).stdout


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["unknown.csv"], 2, "bell.ogg: no label 'Siern' in 'audioset'; did you mean 'Siren'"),
        (["silent.csv"], 1, "none of 1 sounds has an event"),
        (["backward.csv"], 1, "backward.csv, line 4: offset_s=2.2 is not after onset_s=2.9"),
        (["clips.csv"], 1, "clips.csv, line 1: the column 'filename' is missing"),
        (["nosuch.tsv"], 1, "nosuch.tsv: no such file"),
        (["events.csv", "--fold", "1"], 2, "--fold 1: events.csv has no clip of that fold; it has no folds"),
        (["events.csv", "--confusion", "a.png"], 2, "--confusion applies to whole clips"),
        (["events.csv", "--best-thresholds", "a.json"], 2, "--best-thresholds applies to whole clips"),
        (["events.csv", "--thresholds", "5/h"], 2, "--thresholds 5/h: "),
        (
            ["foreign.csv", "--map", "map.json", "--threshold", "1/h"],
            2,
            "--thresholds 1/h: the model has no thresholds for the labels of --map",
        ),
        (["events.csv", "--median", "-1"], 2, "'--median': -1.0"),
        (["events.csv", "--hop", "1"], 2, "'--hop': "),
        (["events.csv", "--thresholds", "1.5"], 2, "--thresholds 1.5 is out of range"),
    ],
)
def test_refused_input(folder, arguments, status, words):
    result = evaluate(folder, *arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert words in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--median", "1", "--window", "2"], "--median, --window: these options apply to events; add --task detect"),
        (["--thresholds", "1/h", "--task", "multi-label"], "--thresholds 1/h: false-alarm rates apply to events"),
    ],
)
def test_event_options_are_refused_for_clips(folder, arguments, words):
    result = run_panns("evaluate", "builtin", "clips.csv", *arguments, cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.replace("│", " ").split())


def test_a_model_without_frame_scores_uses_windows(folder, tiny_checkpoint):
    result = evaluate(folder, "events.csv", "--json", model=tiny_checkpoint)
    assert result.returncode == 0
    assert json.loads(result.stdout)["n_events"] > 0
