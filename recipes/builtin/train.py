"""Train the built-in model, or resume an interrupted run.

python -m recipes.builtin.train [--data ../shared] [--out runs/builtin]
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from panns.data.clip_lists import Clip, read_clip_list
from panns.labels import audioset
from panns.models.registry import find_model
from panns.networks.build import build_network
from panns.networks.contract import Network
from panns.training.engine.distributed import World
from panns.training.engine.loop import train
from panns.training.engine.losses import Objective, set_prior
from recipes.builtin.mixtures import ClipLabels, Mixtures
from recipes.builtin.prepare import MANIFEST_FILE, MELS_FOLDER, TEACHER_FILE
from recipes.builtin.settings import ROOT, Settings, find_log_mel, read_settings
from recipes.builtin.teacher import Teacher
from recipes.common.mel_store import MelStore

RUN_FOLDER, NETWORK_FILE = "run", "network.pt"


def main() -> None:
    """Train the network and write its parameters."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "builtin")
    parser.add_argument("--weights", default="mn04_as_mAP_432.pt", help="the teacher's file, in weights/ of the data")
    parser.add_argument("--config", type=Path, default=Path(__file__).parent / "train.toml")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    out: Path = arguments.out
    settings = read_settings(arguments.config)
    clips = read_clip_list(out / MANIFEST_FILE).clips
    teacher = Teacher(settings.teacher, arguments.data / "weights" / arguments.weights)
    statistics = np.load(out / TEACHER_FILE)
    teacher.standardise(statistics["embedding_mean"], statistics["embedding_scale"])
    store = MelStore(out / MELS_FOLDER, n_frontends=2)
    network, objective = build(settings, category_classes(clips), teacher_dim=len(statistics["embedding_mean"]))
    set_prior(network.classifier, torch.from_numpy(statistics["probs"]))  # type: ignore[arg-type] # a module's attribute
    frontends = (find_log_mel(settings.architecture), teacher.frontend)
    labels = clip_labels(clips, n_speeds=len(settings.speeds))
    mixtures = Mixtures(store, labels, frontends, teacher, settings.mixtures, settings.seed)
    trained = train(
        network,
        objective,
        mixtures,
        settings.train,
        out / RUN_FOLDER,
        seed=settings.seed,
        world=World(device=arguments.device),
    )
    torch.save(trained.cpu().state_dict(), out / NETWORK_FILE)


def build(settings: Settings, classes: torch.Tensor, *, teacher_dim: int) -> tuple[Network, Objective]:
    """Build a network with initial values from the seed, and its objective."""
    torch.manual_seed(settings.seed)
    network = build_network(settings.architecture).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    embedding_dim = find_model(settings.architecture).config.embedding_dim
    assert embedding_dim is not None
    return network, Objective(settings.loss, category_classes=classes, embedding_dims=(embedding_dim, teacher_dim))


def list_categories(clips: Sequence[Clip]) -> list[tuple[str, ...]]:
    """Distinct label sets of clips, in order of first occurrence."""
    return list(dict.fromkeys(clip.labels for clip in clips if clip.labels))


def category_classes(clips: Sequence[Clip]) -> torch.Tensor:
    """`(categories, classes)`, True where a class is a label of a category."""
    members = torch.zeros(len(list_categories(clips)), len(audioset()), dtype=torch.bool)
    for row, names in enumerate(list_categories(clips)):
        members[row, [audioset().find(name).index for name in names]] = True
    return members


def clip_labels(clips: Sequence[Clip], *, n_speeds: int) -> ClipLabels:
    """Labels of clips as arrays."""
    order = {names: i for i, names in enumerate(list_categories(clips))}
    members = category_classes(clips).numpy().astype(np.float32)
    categories = np.array([order.get(clip.labels, -1) for clip in clips])
    return ClipLabels(
        rows=[range(i * n_speeds, (i + 1) * n_speeds) for i in range(len(clips))],
        classes=np.where(categories[:, None] >= 0, members[categories], np.float32(0)),
        categories=categories,
        n_categories=len(order),
    )


if __name__ == "__main__":
    main()
