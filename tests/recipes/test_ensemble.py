"""Two networks of ESC-10 joined: each fold is tested with by models that have not learned from it."""

from __future__ import annotations

import json

import pytest

from panns.data.manifests import Clip, write_manifest
from recipes.esc10 import ensemble as recipe
from tests.checkpoints import make_checkpoint
from tests.sounds import noise, write_wav


def test_folds_of_both_seeds_are_joined_and_tested(tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "OUT", tmp_path)
    monkeypatch.setattr(recipe, "HERE", tmp_path)
    (tmp_path / "README.md").write_text("<!-- ensemble -->\n<!-- end -->\n", encoding="utf-8")
    clips = []
    for fold in "123":
        for label in ("Speech", "Music"):
            write_wav(tmp_path / f"{fold}{label}.wav", noise(0.3, seed=int(fold)))
            clips.append(Clip(f"{fold}{label}.wav", (label,), fold))
    write_manifest(tmp_path / "clips.csv", clips)
    small = {"stem_channels": 4, "channels": (4, 8, 8), "embedding_dim": 16}
    for folder, folds in (("builtin", "12"), ("builtin-1", "123")):
        for fold in folds:
            run = tmp_path / folder / f"fold-{fold}"
            make_checkpoint(run / "model", "builtin", **small)
            (run / "evaluation.json").write_text(json.dumps({"accuracy": 0.25 * int(fold)}), encoding="utf-8")
    recipe.main()
    results = json.loads((tmp_path / "ensemble.json").read_text(encoding="utf-8"))
    assert results["folds"].keys() == {"1", "2"}
    assert results["folds"]["2"]["seed 1"] == 0.5
    assert results["folds"]["1"]["both"] in (0.0, 0.5)  # two clips that sound the same
    assert results["accuracy"] == pytest.approx(sum(one["both"] for one in results["folds"].values()) / 2)
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| seed 0 | 0.375 ± 0.177 | 0.2500 | 0.5000 |" in readme
    assert "MB in half precision" in readme


def test_without_any_fold_of_both_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "OUT", tmp_path)
    monkeypatch.setattr(recipe, "HERE", tmp_path)
    with pytest.raises(SystemExit, match="no fold of both builtin and builtin-1"):
        recipe.main()
    assert not (tmp_path / "ensemble.json").exists()
