"""CNN14 in this package and in panns_inference 0.1.1, the original authors' package, on one file with equal weights.

The benchmark installs panns_inference into its own folder. Both packages read one file of random parameters in the
published layout. Random parameters cost as much as trained ones, and the scores can be compared too.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.material import FOLDER, noise_file
from benchmarks.measure import report, run_process, timing
from panns.labels import audioset

PEER = FOLDER / "panns_inference"
# Without dependencies: torch and librosa are installed, and older pins would downgrade them.
PACKAGES = (
    "panns-inference==0.1.1", "torchlibrosa==0.1.0", "matplotlib==3.11.2", "contourpy", "cycler", "fonttools",
    "kiwisolver", "pyparsing", "python-dateutil", "six", "pillow",
)  # fmt: skip

MAKE_WEIGHTS = """
import sys, torch
from panns_inference.models import Cnn14
torch.manual_seed(0)
model = Cnn14(sample_rate=32000, window_size=1024, hop_size=320, mel_bins=64, fmin=50, fmax=14000, classes_num=527)
with torch.no_grad():  # fit the norms and scale the last layer up, so that scores depend on the sound
    for _ in range(20):
        model.train()(0.1 * torch.randn(4, 64000))
    model.fc_audioset.weight *= 30
torch.save({"model": model.state_dict()}, sys.argv[1])
"""

MEASURE = """
import json, sys, time
calls, path, weights = int(sys.argv[1]), sys.argv[2], sys.argv[3]
start_cpu, start_wall = time.process_time(), time.perf_counter()
{setup}
first = score()
load = [time.process_time() - start_cpu, time.perf_counter() - start_wall]
each = []
for _ in range(calls):
    cpu = time.process_time()
    probs = score()
    each.append(time.process_time() - cpu)
json.dump({{"load": load, "each": each, "probs": [float(p) for p in probs]}}, open(sys.argv[4], "w"))
"""

THEIRS = """
import librosa
from panns_inference import AudioTagging
tagger = AudioTagging(checkpoint_path=weights, device="cpu")
def score():
    audio, _ = librosa.core.load(path, sr=32000, mono=True)
    return tagger.inference(audio[None, :])[0][0]
"""

OURS = """
import panns
recognizer = panns.load("cnn14", weights=weights, backend="{backend}", device="cpu", n_threads=1)
def score():
    tags = recognizer.tag(path, top=None)
    return [tag.score for tag in sorted(tags, key=lambda tag: tag.index)]
"""


def main() -> None:
    """Measure and report."""
    environment = _install_peer()
    weights, path = PEER / "Cnn14_random.pth", noise_file()
    if not weights.is_file():
        run_process([sys.executable, "-c", MAKE_WEIGHTS, str(weights)], **environment)
    setups = {"panns_inference": THEIRS} | {f"panns, {name}": OURS.format(backend=name) for name in ("onnx", "torch")}
    for setup in setups.values():  # warm up: convert the weights, compile, fill the disk cache
        _measure(setup, 1, path, weights, environment)
    # Alternate the setups, so that other load on the machine affects all alike.
    rounds = [
        {name: _measure(setup, 4, path, weights, environment) for name, setup in setups.items()} for _ in range(3)
    ]
    reference = rounds[0]["panns_inference"]["probs"]
    original = timing([s for one in rounds for s in one["panns_inference"]["each"]])
    rows: list[dict[str, object]] = []
    for name in setups:
        each = timing([s for one in rounds for s in one[name]["each"]])
        load = timing([one[name]["load"][0] for one in rounds])
        difference = max(abs(a - b) for a, b in zip(reference, rounds[0][name]["probs"], strict=True))
        rows.append(
            {
                "by": name,
                "file to tags, CPU-s": each,
                "times faster": f"{original.median / each.median:.2f}",
                "start to first scores, CPU-s": load,
                "peak MB": round(max(one[name]["peak_mb"] for one in rounds)),
                "largest difference of scores": f"{difference:.1e}",
            }
        )
    report(
        "against_panns_inference",
        "CNN14, 10 s stereo 44.1 kHz wav, one thread",
        rows,
        notes="random parameters, scaled to give scores from 0 to 1; CPU-s with quartiles of 12 calls in 3 processes",
    )


def _measure(setup: str, calls: int, path: Path, weights: Path, environment: dict[str, str]) -> dict[str, Any]:
    output = PEER / "run.json"
    script = MEASURE.format(setup=setup)
    command = [sys.executable, "-c", script, str(calls), str(path), str(weights), str(output)]
    run = run_process(command, **environment)
    measured: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return measured | {"peak_mb": run.peak_mb}


def _install_peer() -> dict[str, str]:
    """Install panns_inference; return environment variables with its folder and a home folder with its label file."""
    folder, home = PEER / "packages", PEER / "home"
    if not (folder / "panns_inference").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), *PACKAGES]
        subprocess.run(pip, check=True)
    data = home / "panns_data"
    data.mkdir(parents=True, exist_ok=True)
    with (data / "class_labels_indices.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "mid", "display_name"])
        writer.writerows([label.index, label.id, label.en] for label in audioset())
    return {"HOME": str(home), "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


if __name__ == "__main__":
    main()
