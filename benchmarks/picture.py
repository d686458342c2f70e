"""Plot published mAP against cost and measured speed, from the table of models: `python -m benchmarks.picture`."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from benchmarks.measure import RESULTS
from panns.models import find_model

PICTURE = Path(__file__).parent.parent / "docs" / "models.png"
FAMILIES = {
    "cnn": ("CNN (PANNs)", "#1f77b4", "o"),
    "resnet": ("ResNet (PANNs)", "#9467bd", "s"),
    "mobilenet": ("MobileNet (PANNs)", "#17becf", "D"),
    "wave1d": ("1-D CNN (PANNs)", "#7f7f7f", "v"),
    "wavegram": ("Wavegram (PANNs)", "#8c564b", "^"),
    "efficientat": ("EfficientAT mn", "#2ca02c", "o"),
    "dymn": ("EfficientAT dymn", "#ff7f0e", "s"),
    "patch_attention": ("CED", "#d62728", "D"),
}
# Models with a label; labels of the others, such as variants of CNN14 and mn10, would overlap.
NAMED = """
cnn6 cnn14 cnn14_16k resnet38 mobilenetv1 mobilenetv2 leenet11 dainet19 res1dnet31 wavegram_cnn14 wavegram_logmel_cnn14
mn01_as mn02_as mn04_as mn10_as mn20_as mn40_as_ext dymn04_as dymn10_as dymn20_as ced_tiny ced_mini ced_small ced_base
"""

LEFT = ("cnn", "resnet", "wavegram", "wave1d", "dymn")  # families with labels left of their marks
BELOW = {"resnet38": -8, "cnn14": -8, "dymn10_as": 5, "mn20_as": -8, "ced_tiny": 6, "wavegram_logmel_cnn14": 7}


def main() -> None:
    """Draw the picture."""
    record = json.loads((RESULTS / "models.json").read_text(encoding="utf-8"))
    rows = [row for row in record["rows"] if row["mAP"] != "-"]
    figure, axes = plt.subplots(1, 2, figsize=(14, 6.5), sharey=True, layout="constrained")
    for panel, column, title in (
        (axes[0], "multiply-adds, G", "multiply-adds for 10 s, thousand millions"),
        (axes[1], "CPU-ms", f"CPU-ms for 10 s, waveform to scores, one thread of {record['machine']['processor']}"),
    ):
        for family, (label, colour, marker) in FAMILIES.items():
            family_rows = [row for row in rows if find_model(row["model"]).family == family]
            xs, ys = [float(row[column]) for row in family_rows], [float(row["mAP"]) for row in family_rows]
            panel.scatter(xs, ys, c=colour, marker=marker, s=36, label=label, alpha=0.85)
            for row, x, y in zip(family_rows, xs, ys, strict=True):
                if row["model"] in NAMED.split():
                    side, dx = ("right", -6) if family in LEFT else ("left", 6)
                    place = {"xytext": (dx, BELOW.get(row["model"], 2)), "textcoords": "offset points"}
                    panel.annotate(row["model"], (x, y), ha=side, fontsize=7.5, **place)
        panel.set_xscale("log")
        panel.set_xlabel(title)
        panel.grid(alpha=0.25, which="both")
    axes[0].set_ylabel("published mAP, AudioSet evaluation set")
    axes[0].legend(loc="lower center", fontsize=9)
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
