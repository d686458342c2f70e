import csv
import io
import json

import numpy as np
import pytest
from matplotlib import image

import panns
from panns.data.clip_lists import read_clip_list
from panns.data.clips.audio import FileAudio
from panns.evaluation import evaluate_clips
from tests.commands import run_panns, succeed
from tests.sounds import changing_sound, write_wav

MAP = {"one": ["Speech", "Music"], "two": "Dog", "unused": ["Cat"]}


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """Folder of five sounds and a text d.wav, with clip lists and a map from their labels to AudioSet labels."""
    folder = tmp_path_factory.mktemp("clips")
    for seed, name in enumerate("abcef"):
        write_wav(folder / f"{name}.wav", changing_sound(1, seed=seed))
    (folder / "d.wav").write_bytes(b"this is not a sound\n" * 20)
    mapped = ["a.wav,one,1", "b.wav,two,1", "c.wav,one,2", "e.wav,two,2", "f.wav,two,2"]
    several = ["a.wav,Speech,1", "b.wav,Speech|Dog,1", "c.wav,,2", "e.wav,Music,2"]
    for name, rows in (
        ("one", mapped),
        ("several", several),
        ("broken", [*mapped[:3], "d.wav,two,2"]),
        ("wrong", ["a.wav,Speech,1", "b.wav,Speach,1"]),
    ):
        (folder / f"{name}.csv").write_text("\n".join(["path,labels,fold", *rows]) + "\n")
    (folder / "map.json").write_text(json.dumps(MAP))
    return folder


@pytest.fixture
def evaluate(tiny_checkpoint, clips):
    """`panns evaluate` of the tiny model, in the folder of the clips."""
    return lambda *arguments, **keywords: run_panns("evaluate", tiny_checkpoint, *arguments, cwd=clips, **keywords)


def in_python(checkpoint, manifest, **settings):
    recognizer = panns.load(checkpoint)
    audio = FileAudio(read_clip_list(manifest), recognizer.sample_rate)
    return evaluate_clips(recognizer.run, audio, recognizer.manifest.labels, **settings)


def test_table(evaluate, tiny_checkpoint, clips):
    result = evaluate("one.csv", "--map", "map.json")
    first, second, third, *rows = succeed(result).splitlines()
    assert first.startswith(f"{tiny_checkpoint} by onnx on cpu, 20")
    assert second == "one.csv: 5 clips"
    assert third == "single-label, 2 classes mapped by map.json"
    expected = in_python(tiny_checkpoint, clips / "one.csv", mapping={"one": ["Speech", "Music"], "two": ["Dog"]})
    table = {row[:20].strip(): row[20:] for row in rows}
    assert float(table["accuracy"]) == pytest.approx(expected.accuracy, abs=6e-4)
    assert table["mAP"] == f"{expected.mean_average_precision.value:.3f}  mean of 2 of 2 classes"
    assert table["mAUC"].startswith(f"{expected.mean_auc.value:.3f}")
    assert (
        table["F1"] == f"{expected.macro.f1:.3f}  mean of 2 of 2 classes; {expected.micro.f1:.3f} over all predictions"
    )
    assert "calibration error" in table
    assert {"top-5 accuracy", "log loss", "Brier score"}.isdisjoint(table)
    assert result.stderr == ""


def test_json_is_the_result_of_python(evaluate, tiny_checkpoint, clips):
    (line,) = succeed(evaluate("several.csv", "--json", "--thresholds", "0.3")).splitlines()
    answer = json.loads(line)
    expected = in_python(tiny_checkpoint, clips / "several.csv", thresholds=0.3)
    run_keys = ["model", "backend", "device", "clip_list", "folds", "label_map", "thresholds", "date"]
    assert list(answer)[: len(run_keys)] == run_keys
    assert (answer["clip_list"], answer["folds"], answer["thresholds"]) == ("several.csv", [], "0.3")
    assert answer["task"] == "multi-label"
    measured = {name: answer[name] for name in expected.to_dict()}
    assert measured.keys() | set(run_keys) == answer.keys()
    for name in ("mean_average_precision", "mean_auc", "macro_f1", "log_loss", "calibration_error"):
        assert measured[name] == pytest.approx(expected.to_dict()[name], abs=1e-5)
    assert len(measured["classes"]) == 527


def test_folds(evaluate):
    answer = json.loads(succeed(evaluate("one.csv", "--map", "map.json", "--fold", "2", "--json")))
    assert (answer["n_clips"], answer["folds"]) == (3, ["2"])
    both = succeed(evaluate("one.csv", "--map", "map.json", "--fold", "2", "--fold", "1"))
    assert "one.csv, folds 2, 1: 5 clips" in both


def test_classes_in_a_table_and_as_csv(evaluate):
    table = succeed(evaluate("several.csv", "--per-class", "--lang", "zh")).splitlines()
    assert table[-5].split() == ["clips", "AP", "AUC", "prec.", "recall", "F1", "thresh.", "label"]
    assert [line.split()[0::7] for line in table[-4:-1]] == [["2", "语音"], ["1", "狗"], ["1", "音乐"]]
    assert table[-1] == "  524 classes without clips not shown"
    rows = list(csv.DictReader(io.StringIO(succeed(evaluate("several.csv", "--per-class", "--csv")))))
    assert len(rows) == 527
    assert (rows[0]["label"], rows[0]["n_clips"], rows[0]["threshold"]) == ("Speech", "2", "0.5")
    assert rows[1]["average_precision"] == ""


def test_measures_as_csv(evaluate):
    rows = list(csv.reader(io.StringIO(succeed(evaluate("several.csv", "--csv")))))
    assert rows[:2] == [["measure", "value"], ["n_clips", "4"]]
    values = dict(rows[1:])
    assert 0 < float(values["mean_average_precision"]) <= 1
    assert values["accuracy"] == ""


def test_an_unreadable_clip_does_not_stop_the_others(evaluate):
    result = evaluate("broken.csv", "--map", "map.json")
    assert result.returncode == 1
    assert "broken.csv: 3 clips, and 1 that could not be read" in result.stdout
    assert result.stderr.startswith("panns: d.wav: ")
    assert len(result.stderr.splitlines()) == 1
    answer = json.loads(evaluate("broken.csv", "--map", "map.json", "--json").stdout)
    assert (answer["n_clips"], answer["n_failed"]) == (3, 1)
    assert answer["failures"][0]["file"] == "d.wav"


def test_damaged_clips_are_skipped_on_demand(evaluate):
    result = evaluate("broken.csv", "--map", "map.json", "--skip-damaged", "--json")
    answer = json.loads(succeed(result))
    assert [one["file"] for one in answer["failures"]] == ["d.wav"]
    assert result.stderr.splitlines()[-1] == "panns: skipped 1 of 4 clips, which cannot be read: d.wav"


def test_pictures_and_files(evaluate, tmp_path):
    files = {
        name: tmp_path / file
        for name, file in (
            ("--confusion", "confusion.png"),
            ("--reliability", "reliability.png"),
            ("--save-scores", "scores.npz"),
            ("--best-thresholds", "best.json"),
        )
    }
    options = [str(word) for pair in files.items() for word in pair]
    assert evaluate("broken.csv", "--map", "map.json", *options).returncode == 1
    for name in ("--confusion", "--reliability"):
        assert image.imread(files[name]).std() > 0.1
    with np.load(files["--save-scores"]) as saved:
        assert saved["scores"].shape == saved["targets"].shape == (3, 2)
        assert saved["path"].tolist() == ["a.wav", "b.wav", "c.wav"]
        assert saved["label"].tolist() == ["one", "two"]
        assert saved["targets"].tolist() == [[True, False], [False, True], [True, False]]
    best = json.loads(files["--best-thresholds"].read_text())
    assert list(best) == ["one", "two"]
    again = succeed(
        evaluate("one.csv", "--map", "map.json", "--task", "multi-label", "--thresholds", files["--best-thresholds"])
    )
    assert f"multi-label, 2 classes mapped by map.json, thresholds: {files['--best-thresholds']}" in again


def test_a_folder_of_class_folders(evaluate, tmp_path):
    for i, name in enumerate(("Dog", "Speech")):
        (tmp_path / "mine" / name).mkdir(parents=True)
        write_wav(tmp_path / "mine" / name / "a.wav", changing_sound(1, seed=i))
    assert "2 clips\nsingle-label, 527 classes" in succeed(evaluate(tmp_path / "mine"))


def test_another_backend(evaluate):
    one, other = (
        json.loads(succeed(evaluate("several.csv", "--json", "--backend", name))) for name in ("onnx", "torch")
    )
    assert other["backend"] == "torch"
    assert other["log_loss"] == pytest.approx(one["log_loss"], abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("one.csv", "--json", "--csv"), 2, "give one of --json and --csv"),
        (("one.csv", "--map", "map.json", "--fold", "7"), 2, "--fold 7: one.csv has no clip of that fold; it has 1, 2"),
        (("wrong.csv",), 2, "b.wav: no label 'Speach' in 'audioset'; did you mean 'Speech'"),
        (("several.csv", "--thresholds", "2"), 2, "--thresholds 2 is out of range"),
        (("several.csv", "--thresholds", "model"), 2, "the model has no thresholds for these classes"),
        (("several.csv", "--thresholds", "nosuch.json"), 1, "nosuch.json cannot be read"),
        (("several.csv", "--confusion", "a.png"), 2, "--confusion needs one class per clip"),
        (("one.csv", "--save-scores", "a.csv"), 2, "--save-scores a.csv ends in .csv; use .npz"),
        (("nosuch.csv",), 1, "nosuch.csv: no such file"),
    ],
)
def test_refused_input(evaluate, arguments, status, words):
    result = evaluate(*arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert words in " ".join(result.stderr.replace("│", " ").split())
