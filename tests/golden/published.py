"""Make `published.npz` of the reference data beside the checkout: python -m tests.golden.published ../shared/reference.

The file holds a CED, an EfficientAT MobileNet and both log-mels, so that parity is tested wherever the repository is.
"""

import json
import sys
from pathlib import Path

import numpy as np

FRAMES = np.array([0, 1, 30, 64, 98, 99])
FILE = Path(__file__).with_name("published.npz")


def arrays(reference):
    """Arrays by name, `<model>/<what>`, of the clips of 1 s."""
    content = {"frames": FRAMES}
    for name, source, rate in (("ced_tiny", "ced/ced_tiny", 16_000), ("mn04_as", "efficientat/mn04", 32_000)):
        file = reference / f"{source}.npz"
        facts = json.loads(file.with_name("state_dicts.json").read_text())[file.stem]
        shapes = json.dumps([[key, shape] for key, shape, _ in facts["state_dict"]], separators=(",", ":"))
        content[f"{name}/shapes"] = np.frombuffer(shapes.encode(), np.uint8)
        with np.load(file) as golden:
            for kind in ("clip_probs", "embedding"):
                content[f"{name}/{kind}"] = golden[f"1s_{rate}:{kind}"]
            statistics = [golden[f"bn:{key}"] for key, *_ in facts["state_dict"] if f"bn:{key}" in golden]
        if statistics:  # the running means and variances, in order
            content[f"{name}/statistics"] = np.concatenate(statistics)
    for name, source, rate in (
        ("ced_tiny", "ced/ced_tiny", 16_000),
        ("mn04_as", "efficientat/mn04_as_real_weights", 32_000),
    ):
        with np.load(reference / f"{source}.npz") as golden:
            content[f"{name}/logmel"] = golden[f"1s_{rate}:logmel"].transpose(0, 2, 1)[:, FRAMES]
    return content


if __name__ == "__main__":
    np.savez_compressed(FILE, **arrays(Path(sys.argv[1])))
