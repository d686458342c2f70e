"""Published files of YAMNet: Google's Keras weights, conversions of them to TensorFlow Lite, and one to torch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from panns.frontend import mel_filters
from panns.models.yamnet import YAMNET_LOGMEL
from panns.published.state_dict import Array, StateDict

N_SEPARABLE = 13
NORM_EPSILON = 1e-4
# Weights of 8 bits, and the mel filters among them, are off by half a step of 1/127 at most.
_MEL_TOLERANCE = 0.6 / 127


def from_published(published: StateDict) -> StateDict:
    """Convert the arrays of a published file, whichever format it has; its names tell which.

    Batch norms are folded into the convolutions before them.

    Raises:
        ValueError: The arrays are those of another network or front end.
        KeyError: An array is missing.
    """
    if any(".conv_2d" in name for name in published):
        return _from_tflite(published)
    return _from_layers(published, TORCH_NAMES if "classifier.weight" in published else KERAS_NAMES)


class _Names(NamedTuple):
    """Names in a file with batch norms; `{layer}` is "layer1/conv" with the separator of the format."""

    separator: str
    kernel: str
    depthwise_kernel: str
    beta: str
    mean: str
    variance: str
    dense: str
    dense_bias: str


# yamnet.h5, as listed by tf_2_torch/convert_yamnet.py of w-hc/torch_audioset.
KERAS_NAMES = _Names(
    separator="/",
    kernel="{layer}/{layer}/kernel:0",
    depthwise_kernel="{layer}/{layer}/depthwise_kernel:0",
    beta="{layer}/bn/{layer}/bn/beta:0",
    mean="{layer}/bn/{layer}/bn/moving_mean:0",
    variance="{layer}/bn/{layer}/bn/moving_variance:0",
    dense="logits/logits/kernel:0",
    dense_bias="logits/logits/bias:0",
)
# yamnet.pth of w-hc/torch_audioset.
TORCH_NAMES = _Names(
    separator=".",
    kernel="{layer}.conv.weight",
    depthwise_kernel="{layer}.conv.weight",
    beta="{layer}.bn.bias",
    mean="{layer}.bn.running_mean",
    variance="{layer}.bn.running_var",
    dense="classifier.weight",
    dense_bias="classifier.bias",
)


def _from_layers(published: StateDict, names: _Names) -> StateDict:
    """Convert a file with batch norms, of Keras or torch."""
    is_keras = names.separator == "/"
    found: StateDict = {}
    layers = {"stem": "layer1/conv" if is_keras else "layer1.fused"}
    for i in range(N_SEPARABLE):
        for part in ("depthwise", "pointwise"):
            layers[f"blocks.{i}.{part}"] = f"layer{i + 2}{names.separator}{part}_conv"
    for ours, layer in layers.items():
        is_depthwise = ours.endswith("depthwise")
        kernel = published[(names.depthwise_kernel if is_depthwise else names.kernel).format(layer=layer)]
        if is_keras:  # (height, width, in, out), and (height, width, channels, 1)
            kernel = kernel.transpose((2, 3, 0, 1) if is_depthwise else (3, 2, 0, 1))
        norm = [published[name.format(layer=layer)] for name in (names.beta, names.mean, names.variance)]
        if not is_keras:  # the published norms have no gain; torch stores the 1
            norm.append(published[f"{layer}.bn.weight"])
        found |= _folded(ours, kernel, *norm)
    dense = published[names.dense]
    return {
        **found,
        "classifier.weight": dense.transpose() if is_keras else dense,
        "classifier.bias": published[names.dense_bias],
    }


def _folded(
    name: str, kernel: Array, beta: Array, mean: Array, variance: Array, gamma: Array | None = None
) -> StateDict:
    """Weight and bias of a convolution with the batch norm after it."""
    # Arrays of other shapes could be broadcast to any size.
    if kernel.ndim != 4 or any(
        part is not None and part.shape != kernel.shape[:1] for part in (beta, mean, variance, gamma)
    ):
        raise ValueError(f"{name} has a kernel of shape {kernel.shape}, and a norm of {mean.shape}")
    with np.errstate(all="ignore"):  # what is not finite is refused as a parameter
        gain = 1 / np.sqrt(variance.astype(np.float64) + NORM_EPSILON)
        if gamma is not None:
            gain *= gamma
        return {f"{name}.weight": kernel * gain[:, None, None, None], f"{name}.bias": beta - mean * gain}


class _Layer(NamedTuple):
    """An operator with weights in a TensorFlow Lite file."""

    kind: str
    weight: Array
    bias: Array | None


def _from_tflite(published: StateDict) -> StateDict:
    """Convert a file whose graph holds front end and network, with folded batch norms."""
    layers = [
        _Layer(name.split(".")[1], weight, published.get(f"{name.removesuffix('.1')}.2"))
        for name, weight in sorted(published.items(), key=lambda item: int(item[0].split(".")[0]))
        if name.endswith(".1") and not name.split(".")[1].startswith("operator_")
    ]
    kinds = ["fully_connected", "conv_2d_relu", *["depthwise_conv_2d_relu", "conv_2d_relu"] * N_SEPARABLE]
    kinds.append("fully_connected")
    if [layer.kind for layer in layers] != kinds:
        first = next((i for i, layer in enumerate(layers) if layer.kind != kinds[min(i, len(kinds) - 1)]), len(layers))
        kind = layers[first].kind if first < len(layers) else "nothing"
        raise ValueError(f"layer {first} of the graph is {kind}, which is not a layer of YAMNet")
    mel, stem, *separable, dense = layers
    _check_mel(mel.weight)
    found = {**_named("stem", stem, (0, 3, 1, 2))}
    for i in range(N_SEPARABLE):
        found |= _named(f"blocks.{i}.depthwise", separable[2 * i], (3, 0, 1, 2))
        found |= _named(f"blocks.{i}.pointwise", separable[2 * i + 1], (0, 3, 1, 2))
    return found | _named("classifier", dense, (0, 1))


def _named(name: str, layer: _Layer, axes: tuple[int, ...]) -> StateDict:
    """Weight and bias of a layer under its name, with the axes of the weight in the order of torch."""
    if layer.bias is None:
        raise ValueError(f"{name} has no bias")
    return {f"{name}.weight": layer.weight.transpose(axes), f"{name}.bias": layer.bias}


def _check_mel(given: Array) -> None:
    """Refuse the filters of another front end."""
    wanted = mel_filters(YAMNET_LOGMEL).T
    if given.shape != wanted.shape or not np.allclose(given, wanted, rtol=0, atol=_MEL_TOLERANCE):
        raise ValueError(f"its mel filters, {given.shape}, are those of another front end")
