"""Label sets: finding, searching, the family tree, round trips, and what each refusal says."""

import doctest
import importlib
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.errors import PannsError, UnknownLabel
from panns.labels import Label, LabelSet

ANIMALS = LabelSet(
    "animals",
    (
        Label(0, "/a/0", "Animal", "动物"),
        Label(1, "/a/1", "Hot dog cart", "热狗车"),
        Label(2, "/a/2", "Dogfish, shark", "狗鱼"),
        Label(3, "/a/3", "Bulldogs", "斗牛犬", ("/a/4",)),
        Label(4, "/a/4", "Dog", "狗", ("/a/0",)),
        Label(5, "/a/5", "Café", "咖啡馆（室内）"),
        Label(6, "/a/60", "Puppy", "小狗", ("/a/4", "/a/0")),
    ),
)


def named(labels: list[Label]) -> list[str]:
    return [label.en for label in labels]


def test_examples_in_the_docstrings():
    results = doctest.testmod(importlib.import_module("panns.labels.label_set"))
    assert results.attempted > 0
    assert results.failed == 0


def test_label_set_is_a_sequence():
    assert len(ANIMALS) == 7
    assert [label.index for label in ANIMALS] == list(range(7))
    assert ANIMALS[4].zh == "狗"


@pytest.mark.parametrize("index", [-1, 7])
def test_an_index_outside_names_the_allowed_ones(index):
    with pytest.raises(IndexError, match=rf"no label {index} in 'animals'; its indices are 0 to 6"):
        ANIMALS[index]


@pytest.mark.parametrize("text", ["/a/4", "/A/4", "Dog", "DOG", " dog ", "狗"])
def test_find_ignores_case(text):
    assert ANIMALS.find(text).index == 4


def test_find_refuses_with_the_nearest_names():
    with pytest.raises(UnknownLabel) as refused:
        ANIMALS.find("anmal")
    assert str(refused.value) == (
        "no label 'anmal' in 'animals'; did you mean 'Animal'? `panns labels QUERY` searches names"
    )
    assert isinstance(refused.value, PannsError)
    assert isinstance(refused.value, LookupError)


def test_find_suggests_the_full_name_for_a_part():
    with pytest.raises(UnknownLabel, match=r"did you mean 'Dogfish, shark'\?"):
        ANIMALS.find("shark")


def test_find_suggests_at_most_three():
    many = LabelSet.from_names("many", ["siren a", "siren b", "siren c", "siren d"])
    with pytest.raises(UnknownLabel, match=r"mean 'siren a' or 'siren b' or 'siren c'\?"):
        many.find("siren")


@pytest.mark.parametrize("text", ["xyzzy", "", " , "])
def test_find_refuses_what_is_near_nothing(text):
    with pytest.raises(UnknownLabel, match=r"in 'animals', which has 7; `panns labels QUERY` searches names"):
        ANIMALS.find(text)


def test_search_ranks_equal_prefix_whole_word_then_part():
    assert named(ANIMALS.search("dog")) == ["Dog", "Dogfish, shark", "Hot dog cart", "Bulldogs"]
    assert named(ANIMALS.search("狗")) == ["Dog", "Dogfish, shark", "Hot dog cart", "Puppy"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cafe", ["Café"]),
        ("CAFÉ", ["Café"]),
        ("Ｃａｆｅ", ["Café"]),  # full width, as a Chinese input method types it
        ("室内", ["Café"]),
        ("cart dog", ["Hot dog cart"]),
        ("dog 车", ["Hot dog cart"]),
        ("shark, dogfish", ["Dogfish, shark"]),
        ("dog shark", ["Dogfish, shark"]),
        ("/a/4", ["Dog"]),
        ("/A/6", ["Puppy"]),
        ("a", ["Animal", "Hot dog cart", "Dogfish, shark", "Café"]),  # the a of every id does not count
        ("dog whale", []),
        ("[.*", []),
    ],
)
def test_search(query, found):
    assert named(ANIMALS.search(query)) == found


@pytest.mark.parametrize("query", ["", "  ", ", "])
def test_an_empty_search_finds_all(query):
    assert ANIMALS.search(query) == list(ANIMALS)


def test_ancestors_are_nearest_first_and_once():
    bulldogs, puppy = ANIMALS[3], ANIMALS[6]
    assert named(ANIMALS.ancestors(bulldogs)) == ["Dog", "Animal"]
    assert named(ANIMALS.ancestors(puppy)) == ["Dog", "Animal"]
    assert ANIMALS.ancestors(ANIMALS[0]) == []


def test_ancestors_take_bounded_time():
    # Each label has both labels of the level above: 2**30 paths lead up from the last.
    rows = [
        Label(i, f"id{i}", f"en{i}", f"zh{i}", tuple(f"id{j}" for j in (i - i % 2 - 2, i - i % 2 - 1) if j >= 0))
        for i in range(60)
    ]
    diamonds = LabelSet("diamonds", tuple(rows))
    assert len(diamonds.ancestors(diamonds[59])) == 58


def test_children_are_direct_ones():
    assert named(ANIMALS.children(ANIMALS[4])) == ["Bulldogs", "Puppy"]
    assert named(ANIMALS.children(ANIMALS[0])) == ["Dog", "Puppy"]
    assert ANIMALS.children(ANIMALS[5]) == []


def test_round_trip_through_json():
    assert LabelSet.from_dict(json.loads(json.dumps(ANIMALS.to_dict()))) == ANIMALS
    assert ANIMALS.to_dict()["labels"][3] == {
        "index": 3, "id": "/a/3", "en": "Bulldogs", "zh": "斗牛犬", "parents": ["/a/4"],
    }  # fmt: skip


def as_found(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1, unique_by=as_found))
def test_own_labels_are_found_and_survive_a_round_trip(names):
    own = LabelSet.from_names("own", names)
    assert [own.find(name).index for name in names] == list(range(len(names)))
    assert all(own.find(name) in own.search(name) for name in names)
    assert LabelSet.from_dict(json.loads(json.dumps(own.to_dict()))) == own


def test_from_names_uses_the_name_for_every_field():
    assert list(LabelSet.from_names("pets", ["cat", "狗"])) == [
        Label(0, "cat", "cat", "cat"),
        Label(1, "狗", "狗", "狗"),
    ]


def test_from_names_refuses_one_string():
    with pytest.raises(TypeError, match=r"names='cat'.*\['cat'\]"):
        LabelSet.from_names("pets", "cat")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ((), "label set 'x' has no labels; give at least one"),
        ((Label(1, "a", "a", "a"),), "label 'a' of 'x' has index 1 at place 0; indices are 0 to 0, each once and in"),
        ((Label(0, "a", "a", "a"), Label(0, "b", "b", "b")), "label 'b' of 'x' has index 0 at place 1"),
        ((Label(0, "a", "b", "c"), Label(1, "A", "d", "e")), "labels 0 and 1 of 'x' are both called 'A'; ids"),
        ((Label(0, "a", "b", "c"), Label(1, "d", "B", "e")), "labels 0 and 1 of 'x' are both called 'B'"),
        ((Label(0, "a", "b", "狗"), Label(1, "d", "e", "狗")), "labels 0 and 1 of 'x' are both called '狗'"),
        ((Label(0, "a", "b", " "),), "label 0 of 'x' has an empty id or name; give it id, en and zh"),
        ((Label(0, "a", "b", "c", ("z",)),), "label 'b' of 'x' has the parent 'z', which is not in the set"),
        ((Label(0, "a", "b", "c", ("a",)),), "the parents of 'x' form a cycle among ['a']; remove one of them"),
        (
            (Label(0, "a", "b", "c", ("d",)), Label(1, "d", "e", "f", ("a",)), Label(2, "g", "h", "i")),
            "the parents of 'x' form a cycle among ['a', 'd']",
        ),
    ],
)  # fmt: skip
def test_an_inconsistent_label_set_is_refused(labels, words):
    with pytest.raises(ValueError, match="'x'") as refused:
        LabelSet("x", labels)
    assert words in str(refused.value)


def test_a_set_without_a_name_is_refused():
    with pytest.raises(ValueError, match="a label set needs a name, got ' '"):
        LabelSet(" ", ANIMALS.labels)


GOOD = {"index": 0, "id": "a", "en": "b", "zh": "c", "parents": []}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "a label set is a list; give an object with exactly ['labels', 'name']"),
        ({"name": "x"}, "a label set has the fields ['name']; give an object with exactly ['labels', 'name']"),
        ({"name": "x", "labels": [GOOD], "more": 1}, "a label set has the fields ['name', 'labels', 'more']"),
        ({"name": 3, "labels": [GOOD]}, "a label set has name=3; give a JSON value of type str"),
        ({"name": "x", "labels": "ab"}, "a label set has labels='ab'; give a JSON value of type list"),
        ({"name": "x", "labels": ["cat"]}, "label 0 is a str; give an object with exactly"),
        ({"name": "x", "labels": [{"index": 0}]}, "label 0 has the fields ['index']; give an object with exactly"),
        ({"name": "x", "labels": [GOOD | {"index": False}]}, "label 0 has index=False; give a JSON value of type int"),
        ({"name": "x", "labels": [GOOD | {"index": 0.0}]}, "label 0 has index=0.0; give a JSON value of type int"),
        ({"name": "x", "labels": [GOOD | {"zh": None}]}, "label 0 has zh=None; give a JSON value of type str"),
        ({"name": "x", "labels": [GOOD | {"parents": "a"}]}, "label 0 has parents='a'; give a JSON value of type list"),
        ({"name": "x", "labels": [GOOD | {"parents": [1]}]}, "label 0 has parents=[1]; give a list of ids"),
        ({"name": "x", "labels": [GOOD | {"index": 5}]}, "has index 5 at place 0"),
    ],
)  # fmt: skip
def test_a_damaged_manifest_is_refused(data, words):
    with pytest.raises(ValueError, match="label") as refused:
        LabelSet.from_dict(data)
    assert words in str(refused.value)
