"""Two networks of ESC-10 joined, fold by fold."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from panns.checkpoints.manifest import ModelManifest
from panns.data.clip_lists import Clip, write_clip_list
from panns.labels import audioset
from panns.models.residual_cnn import ResidualCnnConfig
from panns.networks.build import build_network
from panns.networks.saving import save_checkpoint
from recipes.esc10 import ensemble as recipe
from tests.sounds import noise, write_wav


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A checkout in which fold 1 and 2 were trained with both seeds; the folds of seed 1 may be taken away."""
    monkeypatch.setattr(recipe, "ROOT", tmp_path)
    monkeypatch.setattr(recipe, "HERE", tmp_path)
    (tmp_path / "README.md").write_text("<!-- ensemble -->\n<!-- end -->\n", encoding="utf-8")
    out = tmp_path / "runs" / "esc10"
    out.mkdir(parents=True)
    clips = []
    for fold in "12":
        for label in ("Speech", "Music"):  # which sound alike, so one of two is right
            write_wav(out / f"{fold}{label}.wav", noise(0.3, seed=int(fold)))
            clips.append(Clip(f"{fold}{label}.wav", (label,), fold))
    write_clip_list(out / "clips.csv", clips)
    config = ResidualCnnConfig(stem_channels=4, channels=(4, 8, 8), embedding_dim=16)
    manifest = ModelManifest("residual_cnn", config, audioset(), window_s=5.0)
    for folder in ("residual_cnn", "residual_cnn-1"):
        for fold in "12":
            save_checkpoint(build_network("residual_cnn", config), manifest, out / folder / f"fold-{fold}" / "model")
    values = {"residual_cnn": {"1": 0.25, "2": 0.75}, "residual_cnn-1": {"1": 0.5, "2": 1.0}}
    monkeypatch.setattr(recipe, "read_result", lambda row, *_: SimpleNamespace(values=values[row.folder.name]))
    return values


def test_the_folds_of_both_seeds_are_joined_and_tested(finished, tmp_path):
    recipe.main()
    results = json.loads((tmp_path / "ensemble.json").read_text(encoding="utf-8"))
    assert results["by_fold"]["seed 0"] == finished["residual_cnn"]
    assert set(results["accuracy"]) <= {0.0, 0.5}
    lines = (tmp_path / "README.md").read_text(encoding="utf-8").splitlines()
    assert "| seed 1 | 0.750 ± 0.354 | 0.5000 | 1.0000 |" in lines
    assert lines[-2].startswith(f"The file of both has {results['n_bytes'] / 1e6:.2f} MB.")


def test_missing_folds_are_refused(finished, tmp_path):
    del finished["residual_cnn-1"]["2"]
    with pytest.raises(SystemExit, match=r"the folds 2 are not finished; first run\n  panns train .* --set seed=1"):
        recipe.main()
    assert not (tmp_path / "ensemble.json").exists()
