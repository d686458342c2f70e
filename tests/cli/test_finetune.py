"""`panns finetune`."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tests.commands import run_panns, succeed
from tests.sounds import write_wav


@pytest.mark.slow
@pytest.mark.usefixtures("_own_cache")
def test_every_command_accepts_the_new_model(class_folders, trained_checkpoint, tmp_path):
    model = tmp_path / "my-model"
    lines = succeed(run_panns("finetune", class_folders, "-o", model, "--model", trained_checkpoint)).splitlines()
    assert lines[0] == "3 classes, 18 training clips"
    assert lines[-1].endswith(f"panns tag SOUND --model {model}")
    tagged = run_panns("tag", class_folders / "tone" / "toneb.wav", "--model", model, "--json")
    assert {tag["label"] for tag in json.loads(tagged.stdout)["tags"]} == {"clicks", "noise", "tone"}
    evaluated = run_panns("evaluate", model, class_folders, "--json")
    assert json.loads(evaluated.stdout)["n_clips"] == 24


def test_bad_clips_are_reported_before_training(class_folders, trained_checkpoint, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(class_folders, root)
    (root / "noise" / "broken.wav").write_bytes(b"no sound")
    (root / "nothing").mkdir()
    write_wav(root / "tone" / "nan.wav", np.full(800, np.nan, np.float32))
    result = run_panns("finetune", root, "-o", tmp_path / "model", "--model", trained_checkpoint)
    assert result.returncode == 1
    for words in ("broken.wav", "nan.wav", "the folder nothing is empty", "has 3 errors"):
        assert words in result.stderr
    assert not (tmp_path / "model").exists()
