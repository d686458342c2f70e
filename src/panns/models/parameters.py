"""Names, types and shapes of the parameters of every registered model, from `parameters.json.gz`.

`python -m recipes.graphs` writes the file from the networks.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from panns.system.json_files import parse_json

PARAMETERS_FILE = Path(__file__).with_name("parameters.json.gz")


class Parameter(NamedTuple):
    """Type and shape of a parameter, or of another value that is stored with the parameters."""

    dtype: str
    shape: tuple[int, ...]


def parameters_of(name: str) -> dict[str, Parameter]:
    """Parameters of a registered model with its registered config, by name."""
    tables = _read()
    return {
        key: Parameter(dtype, tuple(shape)) for key, (dtype, shape) in tables["tables"][tables["models"][name]].items()
    }


def misfit(shapes: Mapping[str, tuple[int, ...]], wanted: Mapping[str, Parameter]) -> str | None:
    """Difference between the names and shapes of some parameters and those of a network; None if they agree."""
    missing, unknown = sorted(wanted.keys() - shapes.keys()), sorted(shapes.keys() - wanted.keys())
    problems = [
        f"{len(keys)} {problem}, such as {keys[0]}"
        for problem, keys in (("missing", missing), ("unknown", unknown))
        if keys
    ]
    wrong = [key for key in wanted.keys() & shapes.keys() if wanted[key].shape != tuple(shapes[key])]
    if wrong:
        key = min(wrong)
        problems.append(f"{key} has shape {tuple(shapes[key])}, expected {wanted[key].shape}")
    return "; ".join(problems) or None


@lru_cache(maxsize=1)
def _read() -> dict[str, Any]:
    tables: dict[str, Any] = parse_json(gzip.decompress(PARAMETERS_FILE.read_bytes()).decode())
    return tables
