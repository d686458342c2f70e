"""From a published file to the parameters of a registered model."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from panns.errors import CheckpointError
from panns.models.parameters import Parameter, misfit, parameters_of
from panns.models.registry import OWN_WEIGHTS_HINT, ModelEntry
from panns.published.file_formats import read_arrays
from panns.published.state_dict import Array, StateDict, split_frontend

_FLOATS = ("float32", "float16", "float64")  # bfloat16 has become float32
_INTEGERS = ("int64", "int32", "int16", "int8", "uint8", "bool")


def read_published(entry: ModelEntry, path: Path) -> StateDict:
    """Read the parameters of a registered model from its published file.

    A model with `starts_from` reads the published file of that other model. Its new layers get initial values that are
    equal every time.

    Raises:
        CheckpointError: The file is damaged, or belongs to another model or front end.
    """
    if entry.converter is None:
        raise CheckpointError(f"{entry.name!r} has no published weights, so it cannot load {path}; {OWN_WEIGHTS_HINT}")
    state_dict = split_frontend(read_arrays(path), entry.config.frontend, name=entry.name)
    try:
        arrays = converter_of(entry)(state_dict)
    except (
        LookupError,
        ValueError,
        TypeError,
        ArithmeticError,
    ) as exc:  # a shape or a name that the renaming does not expect
        raise CheckpointError(
            f"{path} loaded as {entry.name} does not fit: {exc}; load it with the name of its model"
        ) from exc
    return fit(arrays, parameters_of(entry.name), where=f"{path} loaded as {entry.name}")


def converter_of(entry: ModelEntry) -> Callable[[StateDict], StateDict]:
    """Function that renames a published state dict, without its front end, to that of the network."""
    assert entry.converter is not None, f"{entry.name} has no published weights"
    module, name = entry.converter.split(":")
    convert: Callable[[StateDict], StateDict] = getattr(importlib.import_module(module), name)
    return convert


def fit(arrays: StateDict, wanted: dict[str, Parameter], *, where: str) -> StateDict:
    """Arrays in the precision of the network, if names, shapes and kinds of numbers are its own.

    Raises:
        CheckpointError: They are those of another model, or not finite.
    """
    problem = misfit({key: array.shape for key, array in arrays.items()}, wanted)
    if problem is None:
        # A file may hold another precision, such as float16; the network computes in its own.
        fitted = {key: _converted(array, wanted[key].dtype) for key, array in arrays.items()}
        problems = (_unfit(key, array, fitted[key]) for key, array in arrays.items())
        problem = next((found for found in problems if found is not None), None)
        if problem is None:
            return fitted
    raise CheckpointError(f"{where} does not fit: {problem}; load it with the name of its model")


def _converted(array: Array, dtype: str) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(dtype, copy=False)


def _unfit(key: str, array: Array, fitted: Array) -> str | None:
    """Difference in kind between an array and the parameter that it should be; None if there is none."""
    wanted = fitted.dtype.name
    if wanted in _FLOATS and array.dtype.name not in _FLOATS:
        return f"{key} is of type {array.dtype.name}, where {', '.join(_FLOATS)} or bfloat16 belongs"
    if wanted not in _FLOATS and array.dtype.name not in _INTEGERS:
        return f"{key} is of type {array.dtype.name}, where {wanted} belongs"
    return f"{key} holds NaN or infinity" if wanted in _FLOATS and not np.isfinite(fitted).all() else None
