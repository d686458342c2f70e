"""The 447 classes of AudioSet-Strong: published names and order, ids of AudioSet, parents of its ontology."""

import csv
import json
import re

import pytest

from panns.labels import audioset, named_labels
from panns.labels.audioset import audioset_strong


@pytest.fixture(scope="module")
def rows(shared):
    path = shared / "reference/frame_mn/labels_strong_447.csv"
    if not path.exists():
        pytest.skip("needs the published list")
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_known_classes():
    labels = named_labels("audioset_strong")
    assert labels is audioset_strong()
    assert len(labels) == 447
    assert [labels[index].en for index in (0, 1, 446)] == [
        "Accelerating, revving, vroom",
        "Air brake",
        "Zipper (clothing)",
    ]
    assert [label.en for label in labels] == sorted((label.en for label in labels), key=str.lower)
    assert [label.en for label in labels.ancestors(labels.find("Bark"))] == ["Dog", "Domestic animals, pets", "Animal"]


def test_order_and_names_are_the_published_ones(rows):
    assert [(label.id, label.en) for label in audioset_strong()] == [(row["mid"], row["display_name"]) for row in rows]


def test_classes_of_audioset_have_its_ids_and_names(rows):
    shared_ids = {label.id for label in audioset()}
    common = [label for label in audioset_strong() if label.id in shared_ids]
    assert len(common) == 376
    assert {row["mid"]: int(row["audioset_index"]) for row in rows if row["audioset_index"]} == {
        label.id: audioset().find(label.id).index for label in common
    }
    longer = [label for label in common if label.en != audioset().find(label.id).en]
    assert len(longer) == 11
    others = [label for label in common if label not in longer]
    assert all(label.zh == audioset().find(label.id).zh for label in others)


def test_chinese_names_are_tidy():
    tidy = r"[\u4e00-\u9fff、]+(（[\u4e00-\u9fffA-Za-z、 -]+）)?"
    assert [label.zh for label in audioset_strong() if not re.fullmatch(tidy, label.zh) or len(label.zh) > 16] == []


def test_parents_follow_the_published_ontology(shared):
    path = shared / "data/audioset/ontology.json"
    if not path.exists():
        pytest.skip("needs the published ontology")
    nodes = {node["id"]: node for node in json.loads(path.read_text(encoding="utf-8"))}
    ours = {label.id for label in audioset_strong()}

    def nearest(label_id):
        direct = {node["id"] for node in nodes.values() if label_id in node["child_ids"]}
        return (direct & ours).union(*(nearest(above) for above in direct - ours))

    assert {label.id: set(label.parents) for label in audioset_strong()} == {one: nearest(one) for one in ours}
