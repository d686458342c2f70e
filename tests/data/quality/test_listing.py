"""Findings of a clip list without reading any sound."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from panns.data.clip_lists import Clip, ClipList, TimedLabel, read_clip_list
from panns.data.quality.listing import check_listing
from panns.labels import LabelSet, audioset


def found_in(*clips, labels=None, classes=(), least=1):
    listed = ClipList(Path(), clips, classes)
    return [(one.kind, one.files, one.message) for one in check_listing(listed, labels, min_clips_per_class=least)]


def test_good_list():
    clips = [Clip(f"{i}.wav", ("dog", "cat"), fold, source=f"{i}") for i, fold in enumerate("1122")]
    assert found_in(*clips, least=4, labels=LabelSet.from_names("pets", ["cat", "dog"])) == []


def test_empty_class_folder():
    assert found_in(Clip("dog/a.wav", ("dog",)), classes=("cat", "dog")) == [
        ("empty class", (), "the folder cat is empty; add sounds, or remove it")
    ]


@pytest.mark.parametrize(
    ("classes", "is_found"),
    [(("test", "train"), True), (("train",), True), (("dog", "test", "train"), True), (("dog", "train"), False)],
)
def test_class_folders_with_names_of_folds(classes, is_found):
    found = found_in(*(Clip(f"{name}/a.wav", (name,)) for name in classes), classes=classes)
    assert [one[0] for one in found] == ["class called a fold"] * is_found
    if classes == ("test", "train"):
        assert found[0][2].startswith("test, train hold sounds directly")


@pytest.mark.parametrize(
    ("labels", "joined"),
    [
        (["dog,rain", "cat"], "'dog,rain'"),
        (["dog;rain", "cat"], "'dog;rain'"),
        (["dog, rain", "rain", "cat; dog"], "'dog, rain'"),
        (["Chicken, rooster", "1,000 Hz", "cat"], ""),
        ([label.en for label in audioset()], ""),
    ],
)
def test_labels_that_look_like_several(labels, joined):
    found = found_in(*(Clip(f"{i}.wav", (label,)) for i, label in enumerate(labels)))
    assert [one[:2] for one in found] == ([("labels joined", ())] if joined else [])
    assert all(message.startswith(joined) for *_, message in found)
    assert all(kind != "labels joined" for kind, *_ in found_in(Clip("a.wav", ("b,c",)), labels=audioset()))


@pytest.mark.parametrize(
    ("folds", "given"), [("1 1.0 2", "1 and 1.0"), ("Test test 01", "Test and test"), ("1 2 a", "")]
)
def test_folds_with_two_spellings(folds, given):
    found = found_in(*(Clip(f"{i}.wav", ("dog",), fold) for i, fold in enumerate(folds.split())))
    assert [kind for kind, *_ in found] == ["folds alike"] * bool(given)
    assert all(f"the folds {given} " in message for *_, message in found)


def test_labels_that_differ_in_case():
    (found,) = found_in(Clip("a.wav", ("Dog",)), Clip("b.wav", ("dog",)), Clip("c.wav", ("dog",)))
    assert found == (
        "labels alike",
        (),
        "Dog (1 clip) and dog (2 clips) differ only in upper and lower case; use one spelling",
    )
    assert found_in(Clip("a.wav", ("Dog",)), Clip("b.wav", ("dog",)), labels=LabelSet.from_names("x", ["dog"])) == []


def test_unknown_labels_with_files_and_suggestion():
    clips = [Clip("a.wav", ("dog", "cta")), Clip("b.wav", ("dog",), events=(TimedLabel("cta", 0, 1),))]
    unknown, absent, unlisted = found_in(*clips, labels=LabelSet.from_names("pets", ["cat", "dog"]))
    assert unknown[:2] == ("unknown label", ("a.wav", "b.wav"))
    assert unknown[2].startswith("no label 'cta' in 'pets'; did you mean 'cat'?")
    assert unknown[2].endswith("(2 clips: a.wav, b.wav)")
    assert absent[:2] == ("absent class", ())
    assert absent[2].startswith("1 of the 2 classes have no clips (cat)")
    assert unlisted[0] == "event unlisted"


def test_many_unknown_labels_share_a_finding():
    """The time grows with the clips only; one by one, these took over a minute."""
    clips = [Clip(f"{i}.wav", (f"c{i:05}", f"c{i + 1:05}")) for i in range(9_999)]
    *first, rest, absent = found_in(*clips, labels=audioset())
    assert [one[0] for one in [*first, rest]] == ["unknown label"] * 21
    assert first[1][1] == ("0.wav", "1.wav")
    assert rest[1] == tuple(f"{i}.wav" for i in range(19, 9_999))
    assert rest[2] == (
        "9,980 more labels are not in 'audioset': c00020, c00021, c00022 and 9,977 more (9,980 clips: 19.wav, 20.wav, "
        "21.wav and 9,977 more)"
    )
    assert absent[0] == "absent class"


def test_every_spelling_of_a_label_is_known():
    names = [
        text for label in audioset() for text in (label.id, label.en.upper(), unicodedata.normalize("NFD", label.zh))
    ]
    assert found_in(*(Clip(f"{i}.wav", (name,)) for i, name in enumerate(names)), labels=audioset()) == []


def test_labels_of_audioset_by_every_name():
    clips = [Clip("a.wav", ("/m/0bt9lr",)), Clip("b.wav", ("Dog",)), Clip("c.wav", ("狗",))]
    ((kind, files, message),) = found_in(*clips, labels=audioset())
    assert (kind, files) == ("absent class", ())
    assert message.startswith("526 of the 527 classes")
    assert "and 523 more" in message


def test_repeated_stretch():
    clip = Clip("a.wav", ("dog",), onset_s=1.0)
    assert found_in(clip, clip, clip)[0] == ("listed twice", ("a.wav",), "a.wav is listed 3 times; list it once")
    ((kind, files, message),) = found_in(Clip("a.wav", ("dog", "cat")), Clip("a.wav", ("cat",), onset_s=0.0))
    assert (kind, files) == ("labels differ", ("a.wav",))
    assert message == "a.wav is listed with the labels cat and dog, cat; list it once"
    assert (
        found_in(clip, Clip("a.wav", ("cat",), onset_s=2.0), Clip("a.wav", ("cat",), onset_s=1.0, offset_s=2.0)) == []
    )
    assert found_in(Clip("a.wav", ("dog", "cat")), Clip("a.wav", ("cat", "dog")))[0][0] == "listed twice"


def test_repeated_file_under_another_name():
    twice = found_in(Clip("b/a.wav", ("dog",)), Clip("./b//a.wav", ("dog",)), Clip(str(Path("b/a.wav"))))
    assert twice[0] == (
        "labels differ",
        ("b/a.wav", "./b//a.wav"),
        "one file under the names b/a.wav and ./b//a.wav is listed with the labels dog and none; list it once",
    )
    ((kind, *_),) = found_in(Clip("a.wav", ("dog",)), Clip("./a.wav", ("dog",)))
    assert kind == "listed twice"


def test_clips_without_a_label():
    (found,) = found_in(*(Clip(f"{i}.wav") for i in range(5)))
    assert found[:2] == ("no label", ("0.wav", "1.wav", "2.wav", "3.wav", "4.wav"))
    assert found[2].startswith("5 clips without a label (0.wav, 1.wav, 2.wav and 2 more)")


def test_events_of_other_labels_than_the_clip():
    clip = Clip("a.wav", ("dog",), events=(TimedLabel("dog", 0, 1), TimedLabel("cat", 0, 1)))
    ((kind, files, message),) = found_in(clip)
    assert (kind, files) == ("event unlisted", ("a.wav",))
    assert "events of cat" in message


def test_classes_with_few_clips():
    assert found_in(Clip("a.wav", ("dog",)), least=3) == [
        ("few clips", (), "dog has 1 clip; add clips until it has at least 3")
    ]


@pytest.mark.parametrize(("folds", "is_found"), [("11", True), ("12", False), (("", ""), False), (("1", ""), False)])
def test_class_in_one_fold(folds, is_found):
    others = [Clip("x.wav", ("cat",), "1"), Clip("y.wav", ("cat",), "2")]
    found = found_in(*others, *(Clip(f"{i}.wav", ("dog",), fold) for i, fold in enumerate(folds)))
    assert [one[0] for one in found] == ["class in one fold"] * is_found
    assert found_in(Clip("a.wav", ("dog",), "1")) == []  # there is one fold only


def test_source_in_two_folds():
    clips = [Clip("a.wav", ("dog",), "1", "7"), Clip("b.wav", ("dog",), "2", "7"), Clip("c.wav", ("dog",), "2", "8")]
    ((kind, files, message),) = found_in(*clips, Clip("d.wav", ("dog",), "1"), Clip("e.wav", ("dog",), "2"))
    assert (kind, files) == ("source in two folds", ("a.wav", "b.wav"))
    assert message.startswith("the source 7 has clips in the folds 1, 2 (a.wav, b.wav)")


def test_known_leaks_of_a_real_data_set(shared):
    listed = read_clip_list(shared / "data" / "esc50" / "manifest.csv")
    found = list(check_listing(listed, None, min_clips_per_class=40))
    assert {one.kind for one in found} == {"source in two folds"}
    assert {one.message.split()[2] for one in found} == {"131943", "134049", "209698", "234879"}
    assert len(found) == 4
