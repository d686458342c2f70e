"""`panns explain`: draw a sound with the scores and events of a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from panns.batch import STDIN
from panns.cli import options
from panns.cli.options.events import EventOptions, EventThreshold, parse_threshold
from panns.cli.options.grouping import with_option_groups
from panns.cli.options.model_options import ModelOptions
from panns.cli.terminal.bars import doing
from panns.cli.terminal.output import print_line, writing


@with_option_groups
def explain(
    path: Annotated[
        str,
        typer.Argument(metavar="PATH", help="Sound or video file of up to 10 minutes; - reads standard input."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Picture to write: .png, .svg or .pdf.")
    ],
    model: ModelOptions,
    top: Annotated[
        int, typer.Option(min=1, max=30, metavar="N", help="Number of tags, and of classes with events, to draw.")
    ] = 8,
    threshold: EventThreshold = None,
    *,
    events: EventOptions,
    lang: options.Language = options.LanguageChoice.en,
) -> None:
    """Draw a sound with its scores and events.

    The picture shows the waveform, the log-mel spectrogram, the scores of the top tags over time, and the events that
    `panns detect` finds with the same model and options.
    """
    from panns.system.extras import require

    options.check_output(output, ".png", ".svg", ".pdf")
    parsed_threshold = parse_threshold(threshold)
    require("matplotlib", what="drawing", extra="plot")
    from panns.plot.explain import explain as draw

    recognizer = model.load()
    settings = events.for_model(recognizer, parsed_threshold)
    source = sys.stdin.buffer if path == STDIN else path
    with doing(f"drawing {path}"), writing(output) as partial:
        draw(recognizer, source, partial, top=top, **settings._asdict(), language=lang.value)
    print_line(str(output))
