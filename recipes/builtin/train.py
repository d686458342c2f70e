"""Train the student, or resume an interrupted run; with torchrun, in several processes.

torchrun --nproc-per-node 2 -m recipes.builtin.train [--data ../shared] [--out runs/builtin]
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from panns.data.clip_lists import Clip, read_clip_list
from panns.labels import audioset
from panns.models.registry import find_model
from panns.models.strided_mobilenet import StridedMobileNetConfig
from panns.networks.build import build_network, load_published
from panns.networks.efficientat import MobileNet
from panns.networks.strided_mobilenet import StridedMobileNet
from panns.training.engine.distributed import World, join_world
from panns.training.engine.loop import train
from recipes.builtin.clips import esc50_categories
from recipes.builtin.drawing import ClipLabels
from recipes.builtin.esc50 import audioset_names
from recipes.builtin.mixtures import MapBatch, Mixtures
from recipes.builtin.objective import MapNetwork, MapObjective
from recipes.builtin.prepare import CLIPS_FILE, MELS_FOLDER, N_VERSIONS, stored_frontends
from recipes.builtin.settings import Settings, read_settings
from recipes.builtin.start import start_from_teacher
from recipes.builtin.synthetic.sounds import is_synthetic
from recipes.builtin.teacher import MapTeacher
from recipes.common.frontends import find_log_mel
from recipes.common.mel_store import MelStore
from recipes.common.paths import ROOT, RUNS

RUN_FOLDER, NETWORK_FILE, TEACHER_WEIGHTS = "run", "network.pt", "mn04_as_mAP_432.pt"
N_STATISTICS = 12  # batches for means and deviations of the teacher


def main() -> None:
    """Train the network and write its parameters."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--out", type=Path, default=RUNS / "builtin", help="output folder")
    parser.add_argument("--weights", default=TEACHER_WEIGHTS, help="the teacher's file, in weights/ of the data")
    parser.add_argument("--config", type=Path, default=Path(__file__).parent / "train.toml")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    settings = read_settings(arguments.config)
    with join_world(arguments.device) as world:
        network = run(settings, arguments.data, arguments.out, arguments.weights, world)
        if world.is_first:
            torch.save(network.cpu().state_dict(), arguments.out / NETWORK_FILE)


def run(settings: Settings, data: Path, out: Path, weights: str, world: World) -> StridedMobileNet:
    """Train on the data that `prepare` wrote to `out`."""
    clips = read_clip_list(out / CLIPS_FILE).clips
    names = audioset_names(mapping := data / "reference" / "esc50_to_audioset.json")
    own, of_teacher = stored_frontends(settings.architecture, settings.teacher)
    teacher = load_published(find_model(settings.teacher), data / "weights" / weights)
    assert isinstance(teacher, MobileNet), f"{settings.teacher} is not a MobileNet of EfficientAT"
    architecture = find_model(settings.architecture).config
    assert isinstance(architecture, StridedMobileNetConfig), f"{settings.architecture} has no maps; use 'builtin'"
    mixtures = Mixtures(
        MelStore(out / MELS_FOLDER, n_frontends=2),
        clip_labels(clips, esc50_categories(clips, mapping), names),
        [is_real_voice(clip) for clip in clips],
        (own, of_teacher),
        find_log_mel(settings.architecture).hop_samples // own.hop_samples,
        round(architecture.frame_hop_s / own.hop_s),
        MapTeacher(teacher, n_bands=of_teacher.n_mels // own.n_mels),
        settings,
        rank=world.rank,
        size=world.size,
    )
    statistics = world.broadcast([mixtures(step) for step in range(N_STATISTICS)] if world.is_first else [])
    network, objective = build(settings, names, teacher, statistics)
    trained = train(network, objective, mixtures, settings.train, out / RUN_FOLDER, seed=settings.seed, world=world)
    assert isinstance(trained, MapNetwork)
    return trained.network


def build(
    settings: Settings, categories: dict[str, list[str]], teacher: MobileNet, batches: Sequence[MapBatch]
) -> tuple[MapNetwork, MapObjective]:
    """Build a network with initial values from the teacher, and its objective.

    Args:
        settings: All settings.
        categories: AudioSet names by category.
        teacher: The teacher.
        batches: Batches for the means and deviations of the teacher.
    """
    torch.manual_seed(settings.seed)
    student = build_network(settings.architecture)
    assert isinstance(student, StridedMobileNet)
    start_from_teacher(student, teacher)
    network = MapNetwork(student)
    embeddings = torch.cat([batch.teacher_embedding for batch in batches if batch.teacher_embedding is not None])
    objective = MapObjective(
        settings.loss,
        network,
        category_classes=category_classes(categories),
        scales=[
            torch.cat([batch.maps[i] for batch in batches]).std(dim=(0, 2, 3)) + 1e-3
            for i in range(len(batches[0].maps))
        ],
        embedding=(embeddings.mean(dim=0), embeddings.std(dim=0) + 1e-3),
        weight=settings.maps.weight,
    )
    return network, objective


def category_classes(categories: dict[str, list[str]]) -> torch.Tensor:
    """`(categories, classes)`, True where a class is a label of a category."""
    members = torch.zeros(len(categories), len(audioset()), dtype=torch.bool)
    for row, names in enumerate(categories.values()):
        members[row, [audioset().find(name).index for name in names]] = True
    return members


def clip_labels(
    clips: Sequence[Clip], categories: Sequence[str], names: dict[str, list[str]], *, n_versions: int = N_VERSIONS
) -> ClipLabels:
    """Labels and ESC-50 categories of clips as arrays.

    Args:
        clips: The clips.
        categories: ESC-50 category of every clip; "" for none.
        names: AudioSet names by category.
        n_versions: Rows of the store for every clip.
    """
    order = {name: i for i, name in enumerate(names)}
    classes = np.zeros((len(clips), len(audioset())), np.float32)
    for row, clip in enumerate(clips):
        classes[row, [audioset().find(name).index for name in clip.labels]] = 1.0
    return ClipLabels(
        rows=[range(i * n_versions, (i + 1) * n_versions) for i in range(len(clips))],
        classes=classes,
        categories=np.array([order.get(category, -1) for category in categories]),
        n_categories=len(order),
    )


def is_real_voice(clip: Clip) -> bool:
    """True for a clip with recorded speech, to which "Speech synthesizer" does not apply."""
    return "Speech" in clip.labels and not is_synthetic(clip)


if __name__ == "__main__":
    main()
