"""Train the head of `builtin` on the wider data with frozen convolutions, which takes minutes instead of hours.

python -m recipes.world.widen [--data ../shared] [--out runs/world]

The outputs of the convolutions are computed once for every clip and stored. Writes `widened.pt` for `export`.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from panns.audio import load_sound
from panns.data.clip_lists import Clip, read_clip_list
from panns.frontend import log_mel
from panns.hub.resolve import resolve
from panns.labels import audioset
from panns.networks.blocks import norm_bands
from panns.networks.residual_cnn import ResidualCnn
from panns.networks.saving import load_network
from panns.training.engine.losses import category_loss, multi_label_loss
from recipes.builtin.clips import audioset_names
from recipes.builtin.teacher import Teacher
from recipes.common.paths import ROOT, RUNS
from recipes.world.clips import esc50_categories, validation_clips
from recipes.world.prepare import MANIFEST_FILE, find_clip
from recipes.world.synthetic import is_synthetic
from recipes.world.train import TEACHER_WEIGHTS, category_classes, clip_labels, is_real_voice

logger = logging.getLogger(__name__)

PIECE_S = 5.0
MAX_PIECES = 2  # from each clip
MIN_PIECE_S = 0.4
LABEL_TARGET, SYNTHESIZER_CAP = 0.9, 0.05
N_EPOCHS, BATCH, LR, WEIGHT_DECAY = 16, 64, 1e-3, 0.02
FRAMES_EVERY = 4  # batches; scoring all frames costs five times as much as scoring the piece
DROPOUT, FRAME_DROPOUT = 0.3, 0.3
SHARES = (0.0, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0)
WIDENED_FILE = "widened.pt"
Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pieces:
    """Outputs of the convolutions and scores of the teacher for pieces of clips.

    Attributes:
        maps: `(frames, channels)` each, outputs of the convolutions, averaged over frequency.
        teacher: `(pieces, classes)`.
        clips: `(pieces,)`, index of the clip.
    """

    maps: list[npt.NDArray[np.float16]]
    teacher: Array
    clips: npt.NDArray[np.intp]


def main() -> None:
    """Compute and store the pieces, train the head, and write the parameters."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--out", type=Path, default=RUNS / "world", help="output folder")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    data, out = arguments.data / "data", arguments.out
    mapping = arguments.data / "reference" / "esc50_to_audioset.json"
    network = load_network(resolve("builtin")).to(memory_format=torch.channels_last)  # type: ignore[call-overload] # stubs
    assert isinstance(network, ResidualCnn)
    teacher = Teacher("mn04_as", arguments.data / "weights" / TEACHER_WEIGHTS)
    clips = read_clip_list(out / MANIFEST_FILE).clips
    recorded = [clip for clip in clips if not is_synthetic(clip)]
    synthetic = [clip for clip in clips if is_synthetic(clip)][::2]  # half of these similar sounds is enough
    parts = {"validation": validation_clips(data, mapping), "train": [*recorded, *synthetic]}
    for name, part in parts.items():
        if not (out / f"pieces-{name}.pt").exists():
            pieces = compute_pieces(part, (data, out), network, teacher)
            torch.save(vars(pieces), out / f"pieces-{name}.pt", pickle_protocol=5)
    categories = audioset_names(mapping)
    examples = {
        name: make_examples(Pieces(**torch.load(out / f"pieces-{name}.pt", weights_only=False)), part, mapping)
        for name, part in parts.items()
    }
    before = {key: value.clone() for key, value in network.state_dict().items()}
    members = category_classes(categories)
    train_head(network, examples["train"], examples["validation"], members, seed=0)
    share = interpolate(network, before, examples["validation"], members)
    logger.info("share of the new parameters: %g", share)
    torch.save(network.state_dict(), out / WIDENED_FILE)


def compute_pieces(clips: Sequence[Clip], folders: Sequence[Path], network: ResidualCnn, teacher: Teacher) -> Pieces:
    """Cut clips into pieces, and compute the outputs of the convolutions and the scores of the teacher."""
    own = network.config.frontend
    maps, probs, indices = [], [], []
    for index, clip in enumerate(clips):
        waveform = load_sound(find_clip(clip, folders), sample_rate=own.sample_rate)
        n_piece = round(PIECE_S * own.sample_rate)
        for start in range(0, max(1, min(len(waveform), MAX_PIECES * n_piece)), n_piece):
            piece = waveform[start : start + n_piece]
            if start and len(piece) < MIN_PIECE_S * own.sample_rate:
                continue
            piece = np.pad(piece, (0, max(0, round(MIN_PIECE_S * own.sample_rate) - len(piece))))
            maps.append(frame_map(network, torch.from_numpy(log_mel(piece, own))[None])[0].to(torch.float16).numpy())
            probs.append(teacher(log_mel(piece, teacher.frontend)[None])[0][0])
            indices.append(index)
        if index % 200 == 0:
            logger.info("%d of %d clips", index, len(clips))
    return Pieces(maps, np.stack(probs), np.array(indices))


@torch.inference_mode()
def frame_map(network: ResidualCnn, features: Tensor) -> Tensor:
    """Output of the convolutions, averaged over frequency: `(batch, frames, channels)`."""
    x = network.stages(network.stem(norm_bands(network.input_norm, features)))
    means: Tensor = x.mean(dim=3).transpose(1, 2)
    return means


@dataclass(frozen=True)
class Examples:
    """Pieces, padded to one length, with their targets.

    Attributes:
        maps: `(pieces, frames, channels)`, zero after the end of a piece.
        is_inside: `(pieces, frames)`, false after the end of a piece.
        targets: `(pieces, classes)`.
        categories: `(pieces, categories)`, all 0 for clips of other data sets than ESC-50.
    """

    maps: Tensor
    is_inside: Tensor
    targets: Tensor
    categories: Tensor


def make_examples(pieces: Pieces, clips: Sequence[Clip], mapping: Path) -> Examples:
    """Pad pieces, and set targets from the labels of the clips and from the teacher."""
    names = audioset_names(mapping)
    labels = clip_labels(clips, esc50_categories(clips, mapping), names)
    targets = np.maximum(pieces.teacher, LABEL_TARGET * labels.classes[pieces.clips])
    is_voice = np.array([is_real_voice(clip) for clip in clips])[pieces.clips]
    synthesizer = audioset().find("Speech synthesizer").index
    targets[is_voice, synthesizer] = np.minimum(targets[is_voice, synthesizer], SYNTHESIZER_CAP)
    # Category -1 picks the last row, which is 0 in all columns but the last.
    categories = np.eye(len(names) + 1, dtype=np.float32)[labels.categories[pieces.clips], :-1]
    n_frames = max(len(one) for one in pieces.maps)
    maps = np.zeros((len(pieces.maps), n_frames, pieces.maps[0].shape[1]), np.float16)
    for row, one in zip(maps, pieces.maps, strict=True):
        row[: len(one)] = one
    lengths = torch.tensor([len(one) for one in pieces.maps])
    return Examples(
        torch.from_numpy(maps),
        torch.arange(n_frames) < lengths[:, None],
        torch.from_numpy(targets.astype(np.float32)),
        torch.from_numpy(categories),
    )


def score_maps(
    network: ResidualCnn, maps: Tensor, is_inside: Tensor, *, dropout: float = 0.0, has_frames: bool = True
) -> tuple[Tensor, Tensor | None]:
    """Logits of pieces, and the highest of their frames, as in the forward pass of the network."""
    frames = functional.relu(network.projection(maps.float()))
    pool = network.pool
    weights = pool.attention(frames).masked_fill(~is_inside[..., None], float("-inf")).softmax(dim=1)
    parts = frames.reshape(*frames.shape[:2], pool.n_heads, -1)
    embedding = functional.dropout((parts * weights[..., None]).sum(dim=1).flatten(1), dropout, dropout > 0)
    logits: Tensor = network.classifier(embedding)
    if not has_frames:
        return logits, None
    frame_logits = network.classifier(frames).masked_fill(~is_inside[..., None], float("-inf"))
    return logits, frame_logits.amax(dim=1)


def train_head(network: ResidualCnn, train: Examples, validation: Examples, members: Tensor, *, seed: int) -> None:
    """Train projection, pool and classifier; keep the parameters of the epoch with the lowest validation loss."""
    parameters = [*network.projection.parameters(), *network.pool.parameters(), *network.classifier.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=LR, weight_decay=WEIGHT_DECAY)
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    best, best_parameters = float("inf"), None
    for epoch in range(N_EPOCHS):
        for group in optimiser.param_groups:
            group["lr"] = LR * 0.5 * (1 + np.cos(np.pi * epoch / N_EPOCHS))
        order = torch.randperm(len(train.maps), generator=generator)
        for i, rows in enumerate(torch.split(order, BATCH)):
            # Random frames, so that a piece differs from epoch to epoch.
            is_inside = train.is_inside[rows] & (torch.rand(len(rows), train.maps.shape[1]) > FRAME_DROPOUT)
            is_inside[:, 0] |= ~is_inside.any(dim=1)
            has_frames = i % FRAMES_EVERY == 0
            logits, best_frames = score_maps(
                network, train.maps[rows], is_inside, dropout=DROPOUT, has_frames=has_frames
            )
            loss = total_loss(logits, best_frames, train.targets[rows], train.categories[rows], members)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch's annotations
            optimiser.step()
        value = validation_loss(network, validation, members)
        logger.info("epoch %d: training %.3f, validation %.3f", epoch, loss.item(), value)
        if value < best:
            best, best_parameters = value, {key: one.clone() for key, one in network.state_dict().items()}
    assert best_parameters is not None
    network.load_state_dict(best_parameters)


def interpolate(network: ResidualCnn, before: dict[str, Tensor], validation: Examples, members: Tensor) -> float:
    """Interpolate the old and new parameters where the validation loss is lowest; return the share of the new ones.

    Interpolation forgets less than the new parameters alone (Wortsman et al. 2022, arXiv:2109.01903).
    """
    after = {key: value.clone() for key, value in network.state_dict().items()}
    losses_of_share = {}
    for share in SHARES:
        network.load_state_dict(mix_parameters(before, after, share))
        losses_of_share[share] = validation_loss(network, validation, members)
        logger.info("share %g: validation %.3f", share, losses_of_share[share])
    best = min(losses_of_share, key=lambda share: losses_of_share[share])
    network.load_state_dict(mix_parameters(before, after, best))
    return best


def mix_parameters(before: dict[str, Tensor], after: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weighted mean of the parameters of two networks."""
    return {key: value.lerp(after[key], share) if value.is_floating_point() else value for key, value in before.items()}


@torch.inference_mode()
def validation_loss(network: ResidualCnn, validation: Examples, members: Tensor) -> float:
    """Loss of the clip scores on validation pieces."""
    logits, _ = score_maps(network, validation.maps, validation.is_inside, has_frames=False)
    return total_loss(logits, None, validation.targets, validation.categories, members).item()


def total_loss(
    logits: Tensor, best_frames: Tensor | None, targets: Tensor, categories: Tensor, members: Tensor
) -> Tensor:
    """Sum of the terms of the recipe `builtin`; the term of frames also stands for the batches without it."""
    total = 0.3 * multi_label_loss(logits, targets) + category_loss(logits, categories, members)
    return total if best_frames is None else total + 0.03 * FRAMES_EVERY * multi_label_loss(best_frames, targets)


if __name__ == "__main__":
    main()
