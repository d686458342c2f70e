"""A training in a process of its own: FOLDER CONFIG-AS-JSON [SECONDS-A-STEP]."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from panns.config import config_from_dict
from panns.networks.contract import Network, NetworkOutput
from panns.training.engine.batch import Batch
from panns.training.engine.distributed import join_world
from panns.training.engine.loop import TrainConfig, train
from panns.training.engine.losses import LossConfig, Objective

N_CLIPS = 16


class Small(Network):
    def __init__(self, dropout):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.classify = nn.Linear(4, 3)
        self.unused = nn.Linear(4, 3)  # like the old output layer under a head on the embedding
        self.dropout = dropout

    def initialise(self):
        """Keep the values that torch gave."""

    def forward_features(self, features):
        x = torch.relu(self.norm(self.conv(features[:, None]))).mean(dim=(2, 3))
        return NetworkOutput(self.classify(nn.functional.dropout(x, self.dropout, self.training)))


def make_batch(step):
    rng = np.random.default_rng([7, step])
    features = torch.from_numpy(rng.normal(0, 1, (N_CLIPS, 9, 6)).astype(np.float32))
    return Batch((features,), torch.eye(3)[rng.integers(3, size=N_CLIPS)])


def main():
    folder, config = Path(sys.argv[1]), config_from_dict(TrainConfig, json.loads(sys.argv[2]))
    pause_s = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = Small(dropout=0.0 if config.keeps_statistics else 0.2)
    with join_world("cpu") as world:

        def make_own_batch(step):
            part = make_batch(step)
            mine = slice(world.rank, None, world.size)
            return replace(part, inputs=(part.inputs[0][mine],), targets=part.targets[mine])

        def report(progress):
            if world.is_first:
                sys.stdout.write(f"{progress.done}\n")
                sys.stdout.flush()
            time.sleep(pause_s)

        objective = Objective(LossConfig(task="single-label"))
        trained = train(network, objective, make_own_batch, config, folder, world=world, on_progress=report)
        torch.save(trained.state_dict(), folder / f"average_{world.rank}.pt")
        torch.save(network.state_dict(), folder / f"network_{world.rank}.pt")


if __name__ == "__main__":
    main()
