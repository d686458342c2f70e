"""Write a trained network as a checkpoint folder in the form of a bundled model: half precision, torch and ONNX.

python -m recipes.world.export [--out runs/world] [--to runs/world/model]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from panns.data.clip_lists import read_clip_list
from panns.networks.build import build_network
from recipes.common.bundled_models import write_model
from recipes.common.paths import RUNS
from recipes.world.objective import NETWORK_PREFIX
from recipes.world.prepare import MANIFEST_FILE
from recipes.world.settings import read_settings
from recipes.world.train import NETWORK_FILE, RUN_FOLDER

TRAINING_DATA = (
    "ESC-50 (Piczak 2015), folds 1 to 4, only clips that are themselves CC0 or CC BY 3.0; 7 minutes of meeting speech "
    "of pyannote.audio's test data (MIT); speech, music, instruments, ambience and effects of public repositories "
    "under free licences; music rendered with the MIT-licensed FluidR3 soundfont, speech of espeak-ng and flite, and "
    "tones, alarms and noise computed by the recipe; every clip is attributed in ATTRIBUTION.csv beside this file. "
    "Labels: the clips' own, and the guesses of mn04_as (MIT), which was trained on AudioSet"
)


def main() -> None:
    """Round, export, verify and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RUNS / "world", help="output folder of the training")
    parser.add_argument("--to", type=Path, default=RUNS / "world" / "model", help="folder to write")
    parser.add_argument("--architecture", default=read_settings().architecture, help="a registered name")
    parser.add_argument("--parameters", type=Path, help="file of parameters (default: those of the training)")
    parser.add_argument("--temperature", type=float, default=1.0, help="divisor of all logits, from calibrate")
    arguments = parser.parse_args()
    network = build_network(arguments.architecture)
    network.load_state_dict(
        read_parameters(arguments.out)
        if arguments.parameters is None
        else torch.load(arguments.parameters, weights_only=True)
    )
    divide_logits(network, arguments.temperature)
    write_model(
        network,
        arguments.architecture,
        arguments.to,
        source="trained by recipes/world of this project",
        training_data=TRAINING_DATA,
        clips=read_clip_list(arguments.out / MANIFEST_FILE).clips,
    )


def divide_logits(network: nn.Module, temperature: float) -> None:
    """Divide the logits of a network by a temperature, in the parameters of its classifier."""
    with torch.no_grad():
        for parameter in network.get_submodule("classifier").parameters():
            parameter.div_(temperature)


def read_parameters(out: Path) -> dict[str, Tensor]:
    """Averaged parameters of a finished training, or of the last state of an unfinished one."""
    file = out / NETWORK_FILE
    if file.is_file():
        parameters: dict[str, Tensor] = torch.load(file, weights_only=True)
        return parameters
    state = torch.load(out / RUN_FOLDER / "state.pt", weights_only=True, map_location="cpu")
    return {key.removeprefix(NETWORK_PREFIX): value for key, value in state["average"].items()}


if __name__ == "__main__":
    main()
