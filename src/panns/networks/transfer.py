"""A trained base network with a new head on its logits, its embedding or its frequency bands."""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from panns.models.transfer import HeadConfig, TransferConfig
from panns.networks.build import construct_network
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import pad_to_min


class Transfer(Network):
    """A base network, then a batch norm (logits and embeddings have any range) and linear layers."""

    config: TransferConfig

    def __init__(self, config: TransferConfig) -> None:
        super().__init__()
        self.config = config
        self.base = construct_network(config.base, config.base_config)
        self.head = _head(config.n_read, config.head)

    def initialise(self) -> None:
        """Set the initial values; trained ones usually replace those of the base network."""
        self.base.initialise()
        for module in self.head.modules():
            if isinstance(module, nn.Linear):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
        # Zeros rather than random values, which would stay as noise in weights that few clips hardly train.
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self._with_head(self.base(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, *inputs: Tensor) -> NetworkOutput:
        """Scores of the inputs of the base network."""
        return self._with_head(self.base.forward_features(*inputs))

    def _with_head(self, output: NetworkOutput) -> NetworkOutput:
        read = {"logits": output.clip_logits, "embedding": output.embedding, "bands": output.bands}
        numbers = read[self.config.head.reads]
        assert numbers is not None, "checked by the config"
        return NetworkOutput(clip_logits=self.head(numbers.flatten(1)), embedding=output.embedding)


def _head(n_read: int, config: HeadConfig) -> nn.Sequential:
    layers: list[nn.Module] = [nn.BatchNorm1d(n_read)]
    for n_in, n_out in itertools.pairwise((n_read, *config.hidden_dims)):
        layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(config.dropout)]
    layers.append(nn.Linear((n_read, *config.hidden_dims)[-1], config.n_classes))
    return nn.Sequential(*layers)
