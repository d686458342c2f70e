"""Files that `panns evaluate` writes about an evaluation of clips: pictures, thresholds, scores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.terminal.bars import doing
from panns.cli.terminal.output import writing

if TYPE_CHECKING:
    from panns.data.clip_lists import ClipList
    from panns.evaluation import ClipEvaluation

PICTURES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class EvaluationOutputs:
    """Paths of the files to write; a group of options."""

    confusion: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the confusion matrix; single-label only.")
    ] = None
    reliability: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the reliability diagram (calibration).")
    ] = None
    best_thresholds: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Write the thresholds with the highest F1, for --thresholds. Choose thresholds on other clips than "
            "those you report.",
        ),
    ] = None
    save_scores: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Write scores, targets, labels and paths.")
    ] = None

    def check(self, *, is_detection: bool) -> None:
        """Refuse files that cannot be written, before hours of computing them."""
        from panns.system.extras import require

        for path, option, suffixes in (
            (self.confusion, "--confusion", PICTURES),
            (self.reliability, "--reliability", PICTURES),
            (self.best_thresholds, "--best-thresholds", (".json",)),
            (self.save_scores, "--save-scores", (".npz",)),
        ):
            if path is not None:
                if is_detection:
                    raise typer.BadParameter(f"{option} applies to whole clips; leave it out with --task detect")
                options.check_output(path, *suffixes, option=option)
                if suffixes == PICTURES:
                    require("matplotlib", what="drawing", extra="plot")

    def write(
        self, evaluation: ClipEvaluation, clips: ClipList, *, title: str, language: options.LanguageChoice
    ) -> None:
        """Write the files.

        Args:
            evaluation: The evaluation.
            clips: The clips it was made on.
            title: Title of the pictures.
            language: Language of the labels in the pictures.
        """
        labels = [one.label for one in evaluation.classes]
        if self.confusion is not None:
            from panns.plot.confusion import draw_confusion

            assert evaluation.confusion is not None
            with doing("drawing"), writing(self.confusion) as partial:
                draw_confusion(evaluation.confusion, labels, partial, title=title, language=language.value)
        if self.reliability is not None:
            from panns.plot.reliability import draw_reliability

            with doing("drawing"), writing(self.reliability) as partial:
                draw_reliability(evaluation.reliability, partial, title=title)
        if self.best_thresholds is not None:
            from panns.evaluation import thresholds_to_json
            from panns.metrics import best_f1_thresholds

            best = best_f1_thresholds(evaluation.scores, evaluation.targets)
            with writing(self.best_thresholds) as partial:
                partial.write_text(thresholds_to_json(best.tolist(), labels), encoding="utf-8")
        if self.save_scores is not None:
            import numpy as np

            with writing(self.save_scores) as partial:
                np.savez_compressed(
                    partial,
                    scores=evaluation.scores,
                    targets=evaluation.targets,
                    label=np.array([label.en for label in labels]),
                    path=np.array([_path_as_text(clips.clips[i].path) for i in evaluation.clips]),
                )


def _path_as_text(path: str) -> str:
    """Escape bytes of a file name that are not text, which a numpy array of strings cannot hold."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
