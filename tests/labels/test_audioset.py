"""AudioSet's 527 classes against known facts, and against the published files where those are at hand."""

import csv
import doctest
import importlib
import json
import re
from pathlib import Path

import pytest

from panns.labels import LabelSet, audioset

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "audioset"

CHINESE = {
    "Speech": "语音",
    "Whispering": "耳语",
    "Dog": "狗",
    "Bark": "犬吠",
    "Cat": "猫",
    "Clip-clop": "马蹄声",
    "Crowing, cock-a-doodle-doo": "公鸡打鸣",
    "Music": "音乐",
    "Violin, fiddle": "小提琴",
    "Drum and bass": "鼓打贝斯",
    "Rhythm and blues": "节奏布鲁斯",
    "Progressive rock": "前卫摇滚",
    "Chorus effect": "合唱效果",
    "Choir": "合唱",
    "Glass": "玻璃",
    "Pump (liquid)": "泵送液体",
    "Gears": "齿轮",
    "Siren": "警笛",
    "Gunshot, gunfire": "枪声",
    "Sine wave": "正弦波",
    "Harmonic": "谐波",
    "Chirp tone": "扫频音",
    "Reverberation": "混响",
    "Echo": "回声",
    "White noise": "白噪声",
    "Pink noise": "粉红噪声",
    "Mains hum": "电源交流声",
    "Sidetone": "侧音",
    "Field recording": "田野录音",
}


def published(name: str) -> str:
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"{path} is not here: the published AudioSet files lie beside the checkout, not in it")
    return path.read_text(encoding="utf-8")


def test_examples_in_the_docstrings():
    results = doctest.testmod(importlib.import_module("panns.labels.audioset"))
    assert results.attempted > 0
    assert results.failed == 0


def test_the_known_classes_stand_where_they_do():
    assert len(audioset()) == 527
    assert [(audioset()[index].id, audioset()[index].en) for index in (0, 72, 137, 300, 513, 526)] == [
        ("/m/09x0r", "Speech"),
        ("/m/0jbk", "Animal"),
        ("/m/04rlf", "Music"),
        ("/m/07yv9", "Vehicle"),
        ("/m/096m7z", "Noise"),
        ("/m/07hvw1", "Field recording"),
    ]


@pytest.mark.parametrize("field", ["id", "en", "zh"])
def test_ids_and_names_are_unique(field):
    assert len({getattr(label, field) for label in audioset()}) == 527


def test_every_chinese_name_is_tidy_chinese():
    untidy = [
        label.zh
        for label in audioset()
        if not re.fullmatch(r"[\u4e00-\u9fff、]+(（[\u4e00-\u9fffA-Za-z、 -]+）)?", label.zh) or len(label.zh) > 16
    ]
    assert untidy == []


@pytest.mark.parametrize(("en", "zh"), CHINESE.items())
def test_chinese_names(en, zh):
    assert audioset().find(en).zh == zh
    assert audioset().find(zh).en == en


def test_index_id_and_english_are_the_published_ones():
    rows = csv.DictReader(published("class_labels_indices.csv").splitlines())
    expected = [(int(row["index"]), row["mid"], row["display_name"]) for row in rows]
    assert [(label.index, label.id, label.en) for label in audioset()] == expected


def test_parents_follow_the_published_ontology():
    nodes = {node["id"]: node for node in json.loads(published("ontology.json"))}
    ours = {label.id for label in audioset()}

    def nearest(label_id: str) -> set[str]:
        direct = {node["id"] for node in nodes.values() if label_id in node["child_ids"]}
        return (direct & ours).union(*(nearest(above) for above in direct - ours))

    assert {label.id: set(label.parents) for label in audioset()} == {label_id: nearest(label_id) for label_id in ours}


@pytest.mark.parametrize(
    ("name", "ancestors"),
    [
        ("Bark", ["Dog", "Domestic animals, pets", "Animal"]),
        ("Punk rock", ["Rock music", "Music"]),
        ("Bicycle", ["Vehicle"]),  # by way of "Non-motorized land vehicle", which is not among the 527
        ("Speech", []),
    ],
)
def test_ancestors(name, ancestors):
    assert [label.en for label in audioset().ancestors(audioset().find(name))] == ancestors


def test_no_class_is_its_own_ancestor():
    assert [label.en for label in audioset() if label in audioset().ancestors(label)] == []


def test_children_of_speech():
    assert [label.index for label in audioset().children(audioset()[0])] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("query", ["dog", "DOG", "狗", "/m/0bt9lr"])
def test_a_dog_is_found_first_in_both_languages(query):
    assert audioset().search(query)[0].en == "Dog"


def test_search_keeps_to_names():
    found = [label.en for label in audioset().search("dog")]
    assert found == ["Dog", "Whimper (dog)", "Canidae, dogs, wolves"]
    assert [label.en for label in audioset().search("犬吠")] == ["Bark", "Yip"]
    assert audioset().search("quark") == []


@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_every_class_is_the_first_hit_of_its_own_names(every):
    for label in list(audioset())[::every]:
        assert [audioset().search(text)[0] for text in (label.id, label.en, label.zh)] == [label] * 3


def test_round_trip_through_json():
    assert LabelSet.from_dict(json.loads(json.dumps(audioset().to_dict()))) == audioset()


def test_audioset_is_read_once():
    assert audioset() is audioset()
