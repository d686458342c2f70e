"""The pictures and files that an evaluation of labelled clips is asked to leave."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from panns.cli import options
from panns.cli.terminal.bars import doing
from panns.cli.terminal.output import writing

if TYPE_CHECKING:
    from panns.data.clip_lists import ClipList
    from panns.evaluation import ClipEvaluation

PICTURES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class EvaluationFiles:
    """The files that are asked for."""

    confusion: Path | None
    reliability: Path | None
    best_thresholds: Path | None
    scores: Path | None

    def check(self, *, is_detection: bool) -> None:
        """Refuse, before hours of work, what could not be written after them."""
        from panns.system.extras import require

        for path, option, suffixes in (
            (self.confusion, "--confusion", PICTURES),
            (self.reliability, "--reliability", PICTURES),
            (self.best_thresholds, "--best-thresholds", (".json",)),
            (self.scores, "--save-scores", (".npz",)),
        ):
            if path is not None:
                if is_detection:
                    raise typer.BadParameter(f"{option} is of whole clips; leave it out with --task detect")
                options.check_output(path, *suffixes, option=option)
                if suffixes == PICTURES:
                    require("matplotlib", what="drawing", extra="plot")

    def write(
        self, evaluation: ClipEvaluation, manifest: ClipList, *, title: str, language: options.LanguageChoice
    ) -> None:
        """Write them."""
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
        if self.scores is not None:
            import numpy as np

            with writing(self.scores) as partial:
                np.savez_compressed(
                    partial,
                    scores=evaluation.scores,
                    targets=evaluation.targets,
                    label=np.array([label.en for label in labels]),
                    path=np.array([_as_text(manifest.clips[i].path) for i in evaluation.clips]),
                )


def _as_text(path: str) -> str:
    """The name of a file may be bytes that are no text, which no array of strings holds."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
