"""The stored graphs of small checkpoints are those of their networks."""

import pytest

from panns.checkpoints.checkpoint import open_checkpoint
from tests.tiny_checkpoints import WITH_GRAPH, graph_of, make_checkpoint_with_graph


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_GRAPH)
def test_a_stored_graph_is_that_of_its_network(name, tmp_path):
    checkpoint = open_checkpoint(make_checkpoint_with_graph(tmp_path / name, name))
    assert checkpoint.read_graph() == graph_of(checkpoint), "run `python -m tests.tiny_checkpoints`"
