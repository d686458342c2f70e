"""`panns explain`: a picture of what a model hears."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from panns.batch.inputs import STDIN
from panns.cli import options
from panns.cli.options import events as event_options
from panns.cli.terminal.bars import doing
from panns.cli.terminal.output import print_line, writing
from panns.system.defaults import DEFAULT_MODEL


def explain(
    path: Annotated[
        str,
        typer.Argument(metavar="PATH", help="A sound or video file of up to 10 minutes; - is standard input."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The picture: .png, .svg or .pdf.")],
    model: options.ModelName = DEFAULT_MODEL,
    weights: options.WeightsFile = None,
    backend: options.Backend = options.BackendChoice.onnx,
    device: options.Device = options.DeviceChoice.auto,
    top: Annotated[int, typer.Option(min=1, max=30, help="How many tags, and of how many classes events.")] = 8,
    threshold: event_options.EventThreshold = None,
    release: event_options.Release = None,
    median_s: event_options.Median = None,
    min_gap_s: event_options.MinGap = None,
    min_duration_s: event_options.MinDuration = None,
    window_s: event_options.Window = None,
    hop_s: event_options.Hop = None,
    lang: options.Language = options.LanguageChoice.en,
) -> None:
    """Draw a sound as a model hears it: waveform, log-mel, the top tags over time, and the events.

    Scores over time and events are those of `panns detect` with the same options.
    """
    from panns.system.extras import require

    options.check_output(output, ".png", ".svg", ".pdf")
    wanted = event_options.EventOptions(
        threshold=threshold,
        release=release,
        median_s=median_s,
        min_gap_s=min_gap_s,
        min_duration_s=min_duration_s,
        window_s=window_s,
        hop_s=hop_s,
    )
    require("matplotlib", what="drawing", extra="plot")
    from panns.plot.explain import explain as draw
    from panns.recognizer import load

    with doing(f"loading {model}"):
        recognizer = load(model, weights, backend.value, device.value)
    settings = wanted.settings_of(recognizer)
    source = sys.stdin.buffer if path == STDIN else path
    with doing(f"drawing {path}"), writing(output) as partial:
        draw(recognizer, source, partial, top=top, **settings._asdict(), language=lang.value)
    print_line(str(output))
