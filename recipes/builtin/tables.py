"""Result tables of the README and the model card, from `results.json`.

python -m recipes.builtin.tables
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recipes.builtin.measures import CLIPS_OF_CLASS, N_DRAWS
from recipes.builtin.settings import HERE
from recipes.common.paths import ROOT
from recipes.common.results_table import replace_table

CARD = ROOT / "docs" / "model-cards" / "builtin.md"
COLUMNS = {"builtin": "`builtin`", "teacher": "teacher `mn04_as`"}


def main() -> None:
    """Write the tables of `results.json` into the pages."""
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    write_tables((HERE / "README.md", CARD), results)


def write_tables(pages: tuple[Path, ...], results: dict[str, Any]) -> None:
    """Write the tables into those pages that have their marks."""
    tables = {
        "measures": measures_table(results),
        "branches": branches_table(results),
        "languages": languages_table(results),
        "by class": by_class_table(results),
        "classes": classes_text(results),
    }
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for mark, table in tables.items():
            if f"<!-- {mark} -->" in text:
                replace_table(page, table, mark=mark)


def measures_table(results: dict[str, Any]) -> str:
    """Render all measures of all models."""
    test, everything = results["test"], results["agreement_of_all_test_clips"]
    speech, music, right = results["speech_first"], results["music_in_top3"], results["right_in_top3"]
    rows: list[tuple[str, dict[str, Any]]] = [
        (
            f"agreement with the teacher, mAP of {everything['n_classes']} classes, all test clips",
            everything["mean_ap"],
        ),
        (
            f"the same, {results['agreement']['n_classes']} classes, {test['clips']} clips of `world`",
            results["agreement"]["mean_ap"],
        ),
        (f"own class in the top 3, {_of_recordings(right)} of effects and ambience", right),
        ("UrbanSound8K, a subset, label-mapped top-1", results["urbansound8k"]),
        ("ESC-50, fold 5, label-mapped top-1", _nested(results["top1_fold5"], "esc50")),
        ("ESC-10, fold 5, label-mapped top-1", _nested(results["top1_fold5"], "esc10")),
        (f"Speech first, {_of_recordings(speech)} of speech", _nested(speech, "all")),
        (f"Music in the top 3, {_of_recordings(music)} of music", music),
        ('real voices with "Speech synthesizer" above 0.3', results["synthesizer_of_real_voices"]),
        ("linear probe on the embedding, ESC-50, fold 5", results["linear_probe_esc50_fold5"]),
        (
            f"the same probe from {CLIPS_OF_CLASS} clips of a class, mean of {N_DRAWS} draws",
            {name: sum(draws) / len(draws) for name, draws in results["few_shot_esc50_fold5"].items()},
        ),
        ("calibration error of the highest category, ESC-50, fold 5", _nested(results["calibration"], "esc50")),
        ("calibration error of the highest category, ESC-10, fold 5", _nested(results["calibration"], "esc10")),
        (
            "calibration error of the highest class, UrbanSound8K, a subset",
            _nested(results["calibration"], "urbansound8k"),
        ),
        ("log-mel, CPU-ms for 10 s", _nested(results["cpu_ms_per_10_s"], "frontend")),
        ("network, CPU-ms for 10 s", _nested(results["cpu_ms_per_10_s"], "network")),
        ("file to tags, times real time (10 s, stereo, 44.1 kHz)", results["file_to_tags"]),
    ]
    columns = {name: title for name, title in COLUMNS.items() if name in results["urbansound8k"]}
    lines = [f"| | {' | '.join(columns.values())} |", f"|---|{'---|' * len(columns)}"]
    for what, values in rows:
        lines.append(f"| {what} | {' | '.join(_format(values[name]) for name in columns)} |")
    return "\n".join(lines)


def branches_table(results: dict[str, Any]) -> str:
    """Render the agreement with the teacher by branch of the ontology."""
    lines = ["| branch of AudioSet | classes | `builtin` |", "|---|---|---|"]
    for branch, one in results["agreement_by_branch"].items():
        lines.append(f"| {branch} | {one['n_classes']} | {one['mean_ap']['builtin']:.3f} |")
    return "\n".join(lines)


def languages_table(results: dict[str, Any]) -> str:
    """Render the recognition of speech by language."""
    speech = results["speech_first"]
    lines = ["| language | clips | Speech first: `builtin` | teacher |", "|---|---|---|---|"]
    for language, n_clips in sorted(speech["clips_by_language"].items(), key=lambda item: -item[1]):
        lines.append(
            f"| {language} | {n_clips} | {speech['builtin'][language]:.2f} | {speech['teacher'][language]:.2f} |"
        )
    return "\n".join(lines)


def by_class_table(results: dict[str, Any]) -> str:
    """Render the accuracy of each class of UrbanSound8K, and of those of ESC-50 where the model fails most."""
    lines = ["| data | class | clips | `builtin` | teacher |", "|---|---|---|---|---|"]
    for title, key, worst in (
        ("UrbanSound8K", "urbansound8k_by_class", 1.0),
        ("ESC-50, fold 5", "esc50_fold5_by_class", 0.6),
    ):
        own, teacher = results[key]["builtin"], results[key]["teacher"]
        for name, one in sorted(own.items(), key=lambda item: item[1]["accuracy"]):
            if one["accuracy"] <= worst:
                shown = f"{one['accuracy']:.2f} | {teacher[name]['accuracy']:.2f}"
                lines.append(f"| {title} | {name.replace('_', ' ')} | {one['clips']} | {shown} |")
    return "\n".join(lines)


def classes_text(results: dict[str, Any]) -> str:
    """List the classes among the labels of the training clips, with their numbers of clips."""
    clips = results["classes_in_training"]["clips"]
    return "; ".join(f"{name} {count}" for name, count in clips.items()) + "."


def _of_recordings(measured: dict[str, Any]) -> str:
    return f"{measured['clips']} clips from {measured['recordings']} recordings"


def _nested(results: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: one[key] for name, one in results.items() if isinstance(one, dict) and key in one}


def _format(value: float) -> str:
    return f"{value:.3f}" if value < 2 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


if __name__ == "__main__":
    main()
