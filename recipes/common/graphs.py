"""Write what the package knows of every registered network without torch: the parameters, and the graphs.

python -m recipes.common.graphs [NAME ...]
"""

from __future__ import annotations

import argparse
import gzip
import json
import re

import torch

from panns.checkpoints.graph_files import GRAPHS, INDEX_FILE
from panns.checkpoints.manifest import ModelManifest
from panns.export.graph import weightless_graph
from panns.labels import named_labels
from panns.models import ModelEntry, list_models
from panns.models.parameters import PARAMETERS_FILE
from panns.networks.build import construct_network, parameters_of_network
from panns.networks.contract import Network


def empty_network(entry: ModelEntry) -> Network:
    """Network of a registered model without values, which takes neither memory nor time."""
    with torch.device("meta"):
        return construct_network(entry.name)


def graph_of(entry: ModelEntry) -> bytes:
    """Graph of a registered model without its weights."""
    # Not on the meta device, where recurrent layers cannot be traced.
    network = construct_network(entry.name)
    return weightless_graph(network, ModelManifest(entry.name, entry.config, named_labels(entry.labels)))


def parameter_tables() -> bytes:
    """Content of `parameters.json.gz`, before compression; models with equal parameters share a table."""
    tables: dict[str, str] = {}
    models = {}
    for entry in list_models():
        table = json.dumps(parameters_of_network(empty_network(entry)), separators=(",", ":"))
        models[entry.name] = tables.setdefault(table, entry.name)
    plain = {"models": models, "tables": {name: json.loads(table) for table, name in tables.items()}}
    return json.dumps(plain, separators=(",", ":")).encode()


def structure_of(entry: ModelEntry) -> str:
    """Text that is equal for models whose graphs are equal, because only the front end before the graph differs."""
    table = json.dumps(parameters_of_network(empty_network(entry)))
    # The numbers of the front end that do not shape its output, and settings of training.
    outside = (
        r"\b(sample_rate|n_fft|spectrum|window_samples|hop_samples|window|f_min_hz|f_max_hz|mel_scale|pre_emphasis|log|log_floor|"
        r"shift|scale|range_db|\w*dropout|drop_path)=[^,()]+"
    )
    return f"{entry.network} {re.sub(outside, '', repr(entry.config))} {table}"


def main() -> None:
    """Write the files into the package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="models whose graphs to write (default: all)")
    names = set(parser.parse_args().names)
    PARAMETERS_FILE.write_bytes(gzip.compress(parameter_tables(), 9, mtime=0))
    GRAPHS.mkdir(exist_ok=True)
    index: dict[str, str] = {}
    first: dict[str, str] = {}
    for entry in list_models():
        if entry.family in UNSHARED:
            continue
        index[entry.name] = first.setdefault(structure_of(entry), entry.name)
    for name in sorted(set(index.values())):
        if names and name not in names:
            continue
        (entry,) = (entry for entry in list_models() if entry.name == name)
        packed = gzip.compress(graph_of(entry), 9, mtime=0)
        (GRAPHS / f"{name}.onnx.gz").write_bytes(packed)
        print(f"{name}: {len(packed):,} bytes", flush=True)
    # A model whose graph is not written yet gets one from its network, as models with a config of their own do.
    index = {name: graph for name, graph in index.items() if (GRAPHS / f"{graph}.onnx.gz").is_file()}
    INDEX_FILE.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


# Built from other models; each is a network of its own.
UNSHARED = ("ensemble", "transfer")

if __name__ == "__main__":
    main()
