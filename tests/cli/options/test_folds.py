from pathlib import Path

import pytest
import typer

from panns.cli.options.folds import select_folds
from panns.data.clip_lists import ClipList
from panns.data.clips.clip import Clip

CLIPS = ClipList(Path(), tuple(Clip(f"{fold}.wav", ("a",), fold=fold) for fold in ("1", "2", "10", "")))


@pytest.mark.parametrize(("folds", "paths"), [(None, 4), ([], 4), (["2"], 1), (["10", "1"], 2)])
def test_clips_of_the_folds(folds, paths):
    assert len(select_folds(CLIPS, Path("a.csv"), folds).clips) == paths


@pytest.mark.parametrize(
    ("clips", "words"),
    [(CLIPS, r"--fold 3: a\.csv .*it has 1, 10, 2"), (ClipList(Path(), CLIPS.clips[3:]), "it has no folds")],
)
def test_an_unknown_fold(clips, words):
    with pytest.raises(typer.BadParameter, match=words):
        select_folds(clips, Path("a.csv"), ["3"])
