"""`panns models pack`: a checkpoint in one file, to send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from panns.cli import options
from panns.cli.options.model_options import MODEL_HELP
from panns.cli.terminal.bars import doing
from panns.cli.terminal.output import print_line, writing


def pack_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP)],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.panns", help="File to write.")],
) -> None:
    """Pack a checkpoint folder into one file, to send.

    Every command and `panns.load` take the file in place of the folder; a web server can offer it at an address.
    """
    from panns.hub.addresses import PACKED_SUFFIX
    from panns.hub.packed import pack
    from panns.hub.resolve import resolve
    from panns.system.files import file_digests

    options.check_output(output, PACKED_SUFFIX)
    with doing(f"loading {model}"):
        checkpoint = resolve(model)
    with doing(f"packing {model}"), writing(output) as partial:
        pack(checkpoint, partial)
    print_line(
        f"{output}  {output.stat().st_size / 1e6:.1f} MB  licence {checkpoint.manifest.licence}  "
        f"sha256={file_digests(output)['sha256']}"
    )
