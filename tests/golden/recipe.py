"""Deterministic parameters and sounds, so that golden outputs of 20 MB to 300 MB networks need no stored parameters.

An independent implementation of the recipe behind the golden outputs. It uses no random generator of a library, so it
does not depend on the version of numpy. `README.md` in this folder names the sources of the outputs.
"""

import hashlib
import re

import numpy as np

SEED = "panns-golden-1"
CONV_GAIN, CONV_1D_GAIN, MOBILE_BLOCK_GAIN, HEAD_GAIN = 1.75, 1.45, 1.3, 1.5
HEADS = ("fc_audioset", "att_block.cla", "att_block.att")
FRONTEND = ("spectrogram_extractor.", "logmel_extractor.")
# splitmix64: https://prng.di.unimi.it/splitmix64.c
STEP, MIX_1, MIX_2 = (np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def uniform(name, n, seed=SEED):
    """Draw `n` multiples of 2**-24 in [0, 1), float64, from the name and the seed alone."""
    state = np.frombuffer(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "<u8")
    z = state + np.arange(1, n + 1, dtype=np.uint64) * STEP
    z = (z ^ (z >> np.uint64(30))) * MIX_1
    z = (z ^ (z >> np.uint64(27))) * MIX_2
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)) / 2.0**24


def state_dict(shapes, seed=SEED):
    """Parameters for published shapes `{key: shape}`, in order, without the front end."""
    has_logmel = "logmel_extractor.melW" in shapes
    return {
        key: parameter(key, tuple(shape), seed, has_logmel=has_logmel)
        for key, shape in shapes.items()
        if not key.startswith(FRONTEND)
    }


def parameter(key, shape, seed=SEED, *, has_logmel=True):
    """One parameter or buffer."""
    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    u = uniform(key, int(np.prod(shape)), seed)
    if len(shape) > 1:
        return _weight(key, shape, u)
    low, high = _range(key, has_logmel)
    return (low + (high - low) * u).astype(np.float32).reshape(shape)


def _range(key, has_logmel):
    """Range of a norm or a bias."""
    layer, _, kind = key.rpartition(".")
    if layer == "bn0" and has_logmel:  # its input is in decibels
        return {"weight": (0.8, 1.2), "bias": (-0.3, 0.3), "running_mean": (-32, -22), "running_var": (250, 450)}[kind]
    if kind == "bias":
        return (-3, 1) if layer in ("fc_audioset", "att_block.cla") else (-0.2, 0.2)
    if kind == "weight" and re.fullmatch(r"resnet\.layer\d\.\d+\.bn[23]|conv_block\d\.bn4", layer):
        return 0.15, 0.45  # ends a residual branch
    return {"weight": (0.8, 1.3), "running_mean": (-0.1, 0.1), "running_var": (0.7, 1.3)}[kind]


def _weight(key, shape, u):
    fan_in = int(np.prod(shape[1:]))
    gain = CONV_GAIN
    if key.removesuffix(".weight") in HEADS:
        gain = HEAD_GAIN
    elif len(shape) == 3 and not key.startswith("pre_"):
        gain = CONV_1D_GAIN
    elif key.startswith("features.") and ".conv." in key:
        gain = MOBILE_BLOCK_GAIN
    centred = 2 * u.reshape(shape[0], fan_in) - 1
    if fan_in > 1:
        centred -= centred.mean(axis=1, keepdims=True)
    # A uniform number of -1 to 1 has a standard deviation of 1 / sqrt(3).
    return (centred * (np.sqrt(3.0) * (gain / np.sqrt(fan_in)))).astype(np.float32).reshape(shape)


def digest(parameters):
    """SHA-256 over the bytes of all tensors, in order."""
    sha256 = hashlib.sha256()
    for tensor in parameters.values():
        sha256.update(tensor.tobytes())
    return sha256.hexdigest()


def waveforms(sample_rate, duration_s, seed=SEED):
    """Two clips `(2, samples)` of multiples of 1/32768: chirps, a pulsing tone and clicks; a voice and bursts."""
    n = round(sample_rate * duration_s)
    t = np.arange(n) / sample_rate
    top_hz = 0.45 * sample_rate

    def tone(hz, to_hz=None):
        sweep = 0 if to_hz is None else 0.5 * (to_hz - hz) * t * t / (n / sample_rate)
        return np.sin(2 * np.pi * (hz * t + sweep))

    def noise(name):
        return 2 * uniform(f"wave/{name}/{sample_rate}/{n}", n, seed) - 1

    first = 0.25 * tone(60.0, 0.6 * top_hz) + 0.15 * tone(top_hz, 400.0)
    first += 0.2 * tone(1000.0) * (0.5 + 0.5 * tone(3.0)) + 0.02 * noise("a")
    first[[int(n * place) for place in (0.2, 0.55, 0.9)]] += 0.4

    cycles = 220.0 * t + 0.8 * tone(5.0)
    second = 0.12 * sum(np.sin(2 * np.pi * harmonic * cycles) / harmonic for harmonic in range(1, 9))
    second += 0.35 * (tone(4.0) > 0.3) * noise("b1") + 0.005 * noise("b2")
    clips = np.clip([first, second], -0.999, 0.999)
    return (np.rint(clips * 32768) / 32768).astype(np.float32)


def _norm_shapes(name, n):
    kinds = ("weight", "bias", "running_mean", "running_var")
    return {**{f"{name}.{kind}": (n,) for kind in kinds}, f"{name}.num_batches_tracked": ()}


def cnn6_shapes():
    """Keys and shapes of the published CNN6, in order."""
    shapes = {
        "spectrogram_extractor.stft.conv_real.weight": (513, 1, 1024),
        "spectrogram_extractor.stft.conv_imag.weight": (513, 1, 1024),
        "logmel_extractor.melW": (513, 64),
        **_norm_shapes("bn0", 64),
    }
    for block, (n_in, n_out) in enumerate([(1, 64), (64, 128), (128, 256), (256, 512)], start=1):
        shapes[f"conv_block{block}.conv1.weight"] = (n_out, n_in, 5, 5)
        shapes |= _norm_shapes(f"conv_block{block}.bn1", n_out)
    shapes |= {"fc1.weight": (512, 512), "fc1.bias": (512,)}
    return shapes | {"fc_audioset.weight": (527, 512), "fc_audioset.bias": (527,)}


# Digest of the CNN6 parameters in the index of the golden outputs.
CNN6_DIGEST = "e0c165bb4666b0270fcf4921bb80de4e04a1bf15e43e8eeb10e06f0db3f3697e"


def ced_parameter(key, shape):
    """One parameter or buffer of the CED golden outputs."""
    leaf = key.rpartition(".")[2]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    u = 2 * uniform(key, int(np.prod(shape)), "ced-golden-1") - 1
    if leaf == "running_mean":  # its input is in decibels
        values = -25 + 5 * u
    elif leaf == "running_var":
        values = 350 + 100 * u
    elif leaf.endswith("pos_embed"):
        values = 0.3 * u
    elif len(shape) == 1:
        values = 1 + 0.2 * u if leaf == "weight" else 0.1 * u
    else:
        values = 1.5 * u * np.sqrt(3.0 / np.prod(shape[1:]))
    return values.astype(np.float32).reshape(shape)


def mobile_net_parameter(key, shape):
    """One parameter of the EfficientAT golden outputs; the statistics of its norms are stored beside them."""
    leaf = key.rpartition(".")[2]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    u = 2 * uniform(key, int(np.prod(shape)), "efficientat-golden-1") - 1
    if len(shape) == 1:
        values = 1 + 0.2 * u if leaf == "weight" else 0.1 * u
    else:
        values = u * np.sqrt(3.0 / np.prod(shape[1:]))
    return values.astype(np.float32).reshape(shape)
