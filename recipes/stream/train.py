"""Train the streaming model, or resume an interrupted run.

python -m recipes.stream.train [--data ../shared] [--out runs/stream] [--start FOLDER]
"""

from __future__ import annotations

import argparse
import itertools
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from panns.checkpoints.checkpoint import open_checkpoint
from panns.data.clip_lists import read_clip_list
from panns.data.soundscapes import Stretch
from panns.networks.build import build_network
from panns.networks.contract import Network
from panns.networks.saving import load_network
from panns.training.engine.distributed import World
from panns.training.engine.loop import train
from panns.training.engine.losses import Objective, set_prior
from recipes.builtin.clips import esc50_categories
from recipes.builtin.esc50 import audioset_names
from recipes.builtin.prepare import CLIPS_FILE
from recipes.builtin.train import category_classes, clip_labels
from recipes.common.frontends import find_log_mel
from recipes.common.mel_store import MelStore
from recipes.common.paths import ROOT, RUNS
from recipes.stream.batches import ClipFrames, SoundscapeBatches
from recipes.stream.prepare import FRAMES_FILE, MELS_FOLDER
from recipes.stream.settings import Settings, read_settings

RUN_FOLDER, NETWORK_FILE = "run", "network.pt"


def main() -> None:
    """Train the network and write its parameters."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--out", type=Path, default=RUNS / "stream")
    parser.add_argument("--config", type=Path, default=Path(__file__).parent / "train.toml")
    parser.add_argument("--start", type=Path, metavar="FOLDER", help="checkpoint whose weights the network starts from")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    out: Path = arguments.out
    settings = read_settings(arguments.config)
    clips = read_clip_list(out / CLIPS_FILE).clips
    frames = read_frames(out / FRAMES_FILE, settings)
    names = audioset_names(mapping := arguments.data / "reference" / "esc50_to_audioset.json")
    network, objective = build(settings, category_classes(names), torch.from_numpy(mean_probs(frames)))
    if arguments.start is not None:
        network.load_state_dict(load_network(open_checkpoint(arguments.start)).state_dict())
    batches = SoundscapeBatches(
        MelStore(out / MELS_FOLDER, n_frontends=1),
        clip_labels(clips, esc50_categories(clips, mapping), names, n_versions=len(settings.speeds)),
        frames,
        find_log_mel(settings.architecture),
        settings.batches,
        settings.seed,
    )
    trained = train(
        network,
        objective,
        batches,
        settings.train,
        out / RUN_FOLDER,
        seed=settings.seed,
        world=World(device=arguments.device),
    )
    torch.save(trained.cpu().state_dict(), out / NETWORK_FILE)


def build(settings: Settings, classes: torch.Tensor, prior: torch.Tensor) -> tuple[Network, Objective]:
    """Build a network with initial values from the seed, and its objective."""
    torch.manual_seed(settings.seed)
    network = build_network(settings.architecture).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.scores_ends_only = settings.batches.frame_stride == network.config.block_frames
    set_prior(network.classifier, prior)
    return network, Objective(settings.loss, category_classes=classes)


def read_frames(file: Path, settings: Settings) -> ClipFrames:
    """Read the active stretches and teacher scores that `prepare` wrote."""
    arrays = np.load(file)
    stretches = [Stretch(*map(float, values)) for values in arrays["stretches"]]
    bounds = arrays["stretch_offsets"].tolist()
    return ClipFrames(
        stretches=[stretches[first:end] for first, end in itertools.pairwise(bounds)],
        teacher=arrays["teacher"],
        offsets=arrays["teacher_offsets"],
        hop_s=settings.teacher_hop_s,
    )


def mean_probs(frames: ClipFrames) -> npt.NDArray[np.float32]:
    """Mean probability of each class over all frames of the teacher."""
    mean: npt.NDArray[np.float32] = frames.teacher.mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


if __name__ == "__main__":
    main()
