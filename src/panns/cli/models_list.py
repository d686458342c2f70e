"""`panns models list`: a line for every registered model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from panns.cli import options
from panns.cli.terminal.output import complain, print_json, print_line

Offline = Annotated[
    bool, typer.Option("--offline", help="Only models that run here without a network, after a check of their files.")
]


def models(context: typer.Context, as_json: options.AsJson = False, offline: Offline = False) -> None:
    """List, show, download, pack and join models.

    Without a command, lists the models.
    """
    if context.invoked_subcommand is None:
        list_models(as_json, offline)


def list_models(as_json: options.AsJson = False, offline: Offline = False) -> None:
    """List all registered models and those downloaded from addresses."""
    from panns import models
    from panns.cli.render.model_info import summarize, summarize_shared
    from panns.hub.costs import measured_on
    from panns.hub.shared import list_shared
    from panns.hub.without_network import runs, runs_offline

    rows = [summarize(entry) for entry in models.list_models() if not offline or runs_offline(entry)]
    rows += [
        summarize_shared(address, checkpoint.manifest)
        for address, checkpoint in list_shared()
        if not offline or runs(checkpoint)
    ]
    if as_json:
        for row in rows:
            print_json(row)
        return
    print_line(
        f"{'model':<24} {'M par.':>6} {'G mul.':>6} {'MB':>4} {'CPU-ms':>6} {'mAP':>6} {'source':>10} {'rate':>6}"
        f" {'frames':>7}  weights"
    )
    for row in rows:
        print_line(" ".join(_cells(row)))
    complain(
        "M par.: million parameters; G mul.: billion multiply-adds for 10 s of sound, without the log-mel; MB: size of "
        f"the .onnx file; CPU-ms: time for 10 s of sound on one thread, with the log-mel ({measured_on()}); mAP: on "
        "AudioSet, as published; source: arXiv number of the paper; `panns models show NAME` prints details"
    )


def _cells(row: dict[str, Any]) -> list[str]:
    """Cells of one line of the list."""
    cost = row["cost"] or {}
    rate, hop_s = f"{row['sample_rate'] / 1000:g} kHz", row["frame_hop_s"]
    return [
        f"{row['name']:<24}",
        _number(cost.get("n_parameters"), 1e6, width=6),
        _number(cost.get("multiply_adds"), 1e9, width=6),
        _number(cost.get("n_bytes"), 1e6, width=4, digits=0),
        _number(cost.get("cpu_ms"), 1.0, width=6, digits=0 if cost and cost["cpu_ms"] >= 100 else 1),
        _number(row["value"] if row["metric"] == "mAP" else None, 1.0, width=6, digits=3),
        f"{row['arxiv'] or '-':>10}",
        f"{rate:>6}",
        f"{'-' if hop_s is None else f'{hop_s:.2f} s':>7} ",
        row["weights"],
    ]


def _number(value: float | None, unit: float, *, width: int, digits: int = 2) -> str:
    return f"{'-' if value is None else f'{value / unit:.{digits}f}':>{width}}"
