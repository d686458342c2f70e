"""`panns detect`."""

from __future__ import annotations

import csv
import io
import json

import pytest

import panns
from tests.commands import run_panns, succeed

SIREN = "examples/siren.ogg"


@pytest.fixture(scope="module")
def events():
    return panns.detect(SIREN, threshold=0.4)


def detect(*arguments, **keywords):
    return run_panns("detect", *arguments, "--threshold", "0.4", **keywords)


def test_table(events):
    title, *rows = succeed(detect(SIREN)).splitlines()
    assert title == f"{SIREN}  5.0 s"
    assert [row.split() for row in rows] == [
        [f"{one.onset_s:.2f}", f"{one.offset_s:.2f}", f"{one.score:.3f}", *one.label.split()] for one in events
    ]
    assert "警笛" in succeed(detect(SIREN, "--lang", "zh"))
    quiet = succeed(run_panns("detect", SIREN, "--threshold", "1"))
    assert quiet.splitlines() == [title, "  nothing above the threshold"]


def test_json_is_the_result_of_python(events):
    for arguments in (["--json"], ["--format", "json"]):
        (line,) = succeed(detect(SIREN, *arguments)).splitlines()
        assert json.loads(line) == events.to_dict()
    assert list(events.to_dict()["events"][0]) == ["label", "label_zh", "index", "onset_s", "offset_s", "score"]


def test_csv(events):
    header, *rows = csv.reader(io.StringIO(succeed(detect(SIREN, "--csv"))))
    assert header == ["file", "onset_s", "offset_s", "index", "label", "label_zh", "score"]
    assert [row[1:4] for row in rows] == [[str(one.onset_s), str(one.offset_s), str(one.index)] for one in events]


def test_audacity_label_track(events):
    rows = [line.split("\t") for line in succeed(detect(SIREN, "--format", "audacity")).splitlines()]
    assert [(float(onset), float(offset), label) for onset, offset, label in rows] == [
        (pytest.approx(one.onset_s), pytest.approx(one.offset_s), one.label) for one in events
    ]


def test_raven_selection_table_of_many_files(events):
    knock = "examples/knock.ogg"
    result = detect(knock, "nosuch.wav", SIREN, "--format", "raven")
    assert result.returncode == 1
    rows = list(csv.DictReader(io.StringIO(result.stdout), delimiter="\t"))
    assert [row["Selection"] for row in rows] == [str(number + 1) for number in range(len(rows))]
    assert {row["High Freq (Hz)"] for row in rows} == {"8000.0"}
    # Raven concatenates the files; the one that failed is not among them.
    first = panns.detect(knock, threshold=0.4)
    assert len(first) > 0 < len(events)
    expected = [(knock, 0.0, one) for one in first] + [(SIREN, first.duration_s, one) for one in events]
    assert [row["Begin Path"] for row in rows] == [path for path, _, _ in expected]
    places = [[float(row[f"{name} (s)"]) for name in ("Begin Time", "End Time", "File Offset")] for row in rows]
    assert places == [
        pytest.approx([before_s + one.onset_s, before_s + one.offset_s, one.onset_s], abs=1e-6)
        for _, before_s, one in expected
    ]


@pytest.mark.parametrize("form", ["kaleidoscope", "rttm", "label-studio", "elan"])
def test_formats_of_reviewing_programs(form, events, tmp_path):
    """Every event of every sound comes back; a sound that fails is missing, and the document stays valid."""
    from panns.data.annotations import read_annotations

    sounds = [SIREN] if form == "elan" else ["nosuch.wav", "examples/knock.ogg", SIREN]
    result = detect(*sounds, "--format", form)
    assert result.returncode == (form != "elan")
    suffix = {"kaleidoscope": "csv", "rttm": "rttm", "label-studio": "json", "elan": "eaf"}[form]
    path = tmp_path / f"out.{suffix}"
    path.write_text(result.stdout, encoding="utf-8")
    *others, last = read_annotations(path)
    assert [one.file.rpartition("/")[2].removesuffix(".ogg") for one in others] == ["knock"] * (form != "elan")
    found = sorted((one.label, one.onset_s, one.offset_s) for one in last.annotations)
    assert found == [
        (one.label, pytest.approx(one.onset_s, abs=1e-3), pytest.approx(one.offset_s, abs=1e-3))
        for one in sorted(events, key=lambda event: (event.label, event.onset_s))
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "elan", "examples/knock.ogg"], "an ELAN document holds one sound, not 2"),
        (["--json", "--csv"], "give one of --json and --csv, not both"),
        (["--json", "--format", "raven"], "give one of --format, --json and --csv, not several"),
        (["--format", "audacity", "examples/knock.ogg"], "an Audacity label track holds one sound, not 2"),
        (["--release", "0"], "'--release': 0.0"),
        (["--min-gap", "-1"], "'--min-gap': -1.0"),
        (["--hop", "0.1"], "'--hop': "),
        (["--window", "0"], "'--window': 0.0"),
        (["--threshold", "2"], "'--threshold': "),
        (["--window", "1", "--hop", "2"], "'--window' / '--hop': --hop 2.0 is longer than --window 1.0"),
    ],
)
def test_wrong_usage(arguments, words):
    result = run_panns("detect", SIREN, *arguments)
    assert result.returncode == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())


def test_a_model_without_frame_scores_uses_windows(tiny_checkpoint):
    arguments = (SIREN, "--model", str(tiny_checkpoint), "--json", "--window", "0.8", "--hop", "0.2", "--min-gap", "0")
    (line,) = succeed(run_panns("detect", *arguments, "--threshold", "0.5")).splitlines()
    events = json.loads(line)["events"]
    assert events
    for event in events:
        assert event["onset_s"] == pytest.approx(0.2 * round(event["onset_s"] / 0.2))


def test_a_bad_file_does_not_stop_the_others():
    result = detect("nosuch.wav", SIREN, "--json")
    assert result.returncode == 1
    failed, answered = map(json.loads, result.stdout.splitlines())
    assert "error" in failed
    assert answered["events"]
