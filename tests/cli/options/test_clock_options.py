"""`--clock`, `--recorder-timezone` and `--timezone` of detect, tag and embed."""

import csv
import io
import json
import shutil
from datetime import datetime, timedelta

import numpy as np
import pytest

from tests.commands import run_panns, succeed
from tests.sounds import changing_sound, write_wav

SIREN = "examples/siren.ogg"
BEGIN = datetime(2024, 4, 30, 23, 59, 57)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A sound that begins three seconds before midnight, one without a time, and one of a recorder that was reset."""
    folder = tmp_path_factory.mktemp("recordings")
    for name in ("SITE_20240430_235957.ogg", "knock.ogg", "20000101_000012.ogg"):
        shutil.copy(SIREN, folder / name)
    return folder


def detect(recordings, *arguments):
    return run_panns("detect", *arguments, "--model", "builtin", "--threshold", "0.4", cwd=recordings)


def test_nothing_changes_without_it(recordings):
    result = detect(recordings, "SITE_20240430_235957.ogg", "20000101_000012.ogg", "--json")
    assert (succeed(result), result.stderr) == (result.stdout, "")
    assert not {"recorded_at", "clock_source", "warnings"} & set(json.loads(result.stdout.splitlines()[0]))


def time_of(seconds):
    """Clock time in the recording that begins three seconds before midnight."""
    return (BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def test_json(recordings):
    result = detect(recordings, "SITE_20240430_235957.ogg", "--json", "--clock")
    record = json.loads(succeed(result))
    assert result.stderr == ""
    assert (record["recorded_at"], record["clock_source"]) == ("2024-04-30T23:59:57.000", "file_name")
    for event in record["events"]:
        before_midnight = event["onset_s"] < 3
        assert event["onset_at"].startswith("2024-04-30T23:59:5" if before_midnight else "2024-05-01T00:00:0")
    late = [event for event in record["events"] if event["onset_s"] > 3]
    assert [event["onset_at"] for event in late] == [time_of(event["onset_s"]) for event in late]
    assert late


def test_unknown_times_are_null_with_a_warning(recordings):
    result = detect(recordings, "knock.ogg", "20000101_000012.ogg", "--json", "--clock")
    for record in map(json.loads, succeed(result).splitlines()):
        assert (record["recorded_at"], record["clock_source"]) == (None, None)
        assert {event["onset_at"] for event in record["events"]} == {None}
        assert "unknown" in record["warnings"][-1]
    assert result.stderr.count("warning") == 3
    assert "2000-01-01 00:00:12" in result.stderr


def test_csv(recordings):
    text = succeed(
        detect(recordings, "SITE_20240430_235957.ogg", "knock.ogg", "--csv", "--clock", "--recorder-timezone", "+02:00")
    )
    known, unknown = [], []
    for row in csv.DictReader(io.StringIO(text)):
        (known if row["file"].startswith("SITE") else unknown).append((row["onset_at"], row["offset_at"]))
    assert known[0][0] == "2024-04-30T23:59:57.000+02:00"
    assert set(unknown) == {("", "")}


def test_raven(recordings):
    text = succeed(detect(recordings, "SITE_20240430_235957.ogg", "knock.ogg", "-f", "raven", "--clock"))
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    first, last = rows[0], rows[-1]
    assert (first["Begin Date"], first["Begin Clock Time"]) == ("2024/04/30", "23:59:57.000")
    assert {row["End Clock Time"][:2] for row in rows if row["Begin Path"].startswith("SITE")} <= {"23", "00"}
    assert (last["Begin Date"], last["Begin Clock Time"], last["End Clock Time"]) == ("", "", "")


def test_kaleidoscope(recordings):
    text = succeed(detect(recordings, "SITE_20240430_235957.ogg", "knock.ogg", "-f", "kaleidoscope", "--clock"))
    rows = list(csv.DictReader(io.StringIO(text)))
    times = {row["OFFSET"]: (row["DATE"], row["TIME"], row["HOUR"]) for row in rows if row["IN FILE"] != "knock.ogg"}
    assert times["0.000000"] == ("2024-04-30", "23:59:57", "23")
    late = max(times, key=float)
    assert float(late) > 3
    assert times[late] == ("2024-05-01", time_of(float(late))[11:19], "0")
    assert (rows[-1]["IN FILE"], rows[-1]["DATE"], rows[-1]["TIME"]) == ("knock.ogg", "", "")


def test_clips(recordings, tmp_path):
    clips = tmp_path / "clips"
    succeed(detect(recordings, "SITE_20240430_235957.ogg", "knock.ogg", "--clock", "--clips", clips))
    with (clips / "clips.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    known = {row["onset_s"]: row["onset_at"] for row in rows if row["recording"] != "knock.ogg"}
    late = max(known, key=float)
    assert float(late) > 3
    assert known[late] == time_of(float(late))
    assert {row["onset_at"] for row in rows if row["recording"] == "knock.ogg"} == {""}
    succeed(run_panns("review", clips, "-o", tmp_path / "list.csv", "--complete"))


def test_table(recordings):
    lines = succeed(
        detect(recordings, "SITE_20240430_235957.ogg", "knock.ogg", "--clock", "--recorder-timezone", "UTC")
    ).splitlines()
    assert lines[0] == "SITE_20240430_235957.ogg  5.0 s  recorded at 2024-04-30 23:59:57+00:00"
    assert lines[1].startswith("  2024-04-30 23:59:57.00      0.00")
    head = lines.index("knock.ogg  5.0 s  recorded at an unknown time")
    assert lines[head + 1].split()[0] == "?"


def test_tag(tiny_checkpoint, tmp_path):
    write_wav(tmp_path / "20240430_235955.wav", changing_sound(35))
    tag = ["tag", tmp_path / "20240430_235955.wav", "--clock", "--timeline", "--top", "1", "--model", tiny_checkpoint]
    windows = json.loads(succeed(run_panns(*tag, "--json")))["windows"]
    assert [window["onset_at"][11:] for window in windows] == [
        "23:59:55.000",
        "00:00:05.000",
        "00:00:15.000",
        "00:00:25.000",
    ]
    rows = list(csv.DictReader(io.StringIO(succeed(run_panns(*tag, "--csv")))))
    assert [row["onset_at"][8:19] for row in rows][:3] == ["30T23:59:55", "30T23:59:55", "01T00:00:05"]
    assert rows[0]["offset_at"] == "2024-05-01T00:00:30.000"
    table = succeed(run_panns(*tag)).splitlines()
    assert table[0].endswith("recorded at 2024-04-30 23:59:55")
    assert [line[2:24] for line in table if " to " in line][1] == "2024-05-01 00:00:05.00"


@pytest.mark.parametrize("suffix", ["npz", "parquet", "jsonl"])
def test_embed(tiny_checkpoint, recordings, tmp_path, suffix):
    parquet = pytest.importorskip("pyarrow.parquet") if suffix == "parquet" else None
    output = tmp_path / f"out.{suffix}"
    names = ["SITE_20240430_235957.ogg", "knock.ogg"]
    embed = ["embed", *names, "--model", tiny_checkpoint, "-o", output]
    succeed(run_panns(*embed, "--clock", "--recorder-timezone", "UTC", "--timezone", "Europe/Berlin", cwd=recordings))
    if suffix == "npz":
        starts = np.load(output)["recorded_at"].tolist()
    elif parquet is not None:
        starts = parquet.read_table(output)["recorded_at"].to_pylist()
    else:
        starts = [json.loads(line)["recorded_at"] or "" for line in output.read_text().splitlines()]
    assert starts == ["2024-05-01T01:59:57.000+02:00", ""]


def test_results_of_another_clock_do_not_mix(recordings, tmp_path):
    output = tmp_path / "events.jsonl"
    name = "SITE_20240430_235957.ogg"
    succeed(detect(recordings, name, "-o", output, "--clock"))
    assert json.loads(output.read_text())["recorded_at"] == "2024-04-30T23:59:57.000"
    succeed(detect(recordings, name, "-o", output, "--clock", "--resume"))
    for other in ([], ["--clock", "--timezone", "UTC"]):
        result = detect(recordings, name, "-o", output, "--resume", *other)
        assert result.returncode == 1
        assert "other options" in result.stderr


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        ("detect", ["--timezone", "UTC"], "--timezone is about clock times; add --clock"),
        ("tag", ["--recorder-timezone", "UTC"], "--recorder-timezone is about clock times; add --clock"),
        ("tag", ["--clock", "--recorder-timezone", "Mars"], "'--recorder-timezone': 'Mars' is unknown"),
        ("tag", ["--clock", "--timezone", "Europe/Brlin"], "'Europe/Brlin' is unknown; did you mean 'Europe/Berlin'"),
        ("embed", ["--clock", "--timezone", "+25:00", "--json"], "'+25:00' is unknown"),
        ("detect", ["--clock", "--format", "audacity"], "no clock times"),
    ],
)
def test_wrong_usage(command, arguments, words):
    result = run_panns(command, SIREN, *arguments)
    assert result.returncode == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())
