"""The one place that damages bytes: flipped bits, extreme fields, cuts, pieces that are lost, added or repeated."""

from __future__ import annotations


def damage(data, rng, *, others=()):
    """Damage bytes one to three times.

    Args:
        data: The bytes.
        rng: Random generator.
        others: Other files of this kind, to join halves with.
    """
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        i = int(rng.integers(len(_DAMAGES) + 2 * bool(others)))
        if i < len(_DAMAGES):
            data = _DAMAGES[i](data, rng)
        else:
            other = others[rng.integers(len(others))]
            data = data[: len(data) // 2] + other[len(other) // 2 :] if i == len(_DAMAGES) else data + other
    return bytes(data)


def flip_bits(data, rng):
    for _ in range(rng.integers(1, 100)):
        if data:
            data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    return data


def flip_header_bits(data, rng):
    for _ in range(rng.integers(1, 8)):
        if data:
            data[rng.integers(min(len(data), 200))] ^= 1 << int(rng.integers(8))
    return data


def overwrite_field(data, rng):
    """A size, count or rate with an extreme value."""
    width = int(rng.choice([2, 4, 8]))
    highest = 2 ** (8 * width)
    value = (0, 1, 0x7F, 0x80, highest // 2 - 1, highest // 2, highest - 1)[rng.integers(7)]
    at = int(rng.integers(max(min(len(data), 300), 1)))
    data[at : at + width] = value.to_bytes(width, "little" if rng.integers(2) else "big")
    return data


def truncate(data, rng):
    return data[: rng.integers(len(data) + 1)]


def cut_front(data, rng):
    return data[rng.integers(len(data) + 1) :]


def remove_piece(data, rng):
    start = int(rng.integers(len(data) + 1))
    del data[start : start + int(rng.integers(1, 5000))]
    return data


def insert_noise(data, rng):
    at = int(rng.integers(len(data) + 1))
    data[at:at] = rng.bytes(int(rng.integers(1, 5000)))
    return data


def zero_piece(data, rng):
    start = int(rng.integers(len(data) + 1))
    n_bytes = min(int(rng.integers(1, 5000)), len(data) - start)
    data[start : start + n_bytes] = bytes(n_bytes)
    return data


def repeat_piece(data, rng):
    start = int(rng.integers(len(data) + 1))
    data[start:start] = data[start : start + int(rng.integers(1, 20_000))]
    return data


def replace_by_noise(data, rng):
    """Garbage, with or without the first bytes that name the format."""
    n_kept = int(rng.choice([0, 4, 16, 64]))
    return data[:n_kept] + rng.bytes(int(rng.integers(1, 50_000)))


_DAMAGES = (
    flip_bits,
    flip_header_bits,
    overwrite_field,
    truncate,
    cut_front,
    remove_piece,
    insert_noise,
    zero_piece,
    repeat_piece,
    replace_by_noise,
)


_HOSTILE_VALUES = (None, True, -1, 1e308, 10**400, "", [], {}, [[]], {"a": {}}, "\ud800", "0" * 10_000)


def replace_json_value(content, rng):
    """JSON with one of its values, at any depth, replaced by another that its reader may not expect."""
    at, key = content, None
    while isinstance(at, dict | list) and len(at) and (key is None or rng.integers(3)):
        inside, keys = at, list(at) if isinstance(at, dict) else range(len(at))
        key = keys[rng.integers(len(keys))]
        at = inside[key]
    inside[key] = _HOSTILE_VALUES[rng.integers(len(_HOSTILE_VALUES))]
    return content
