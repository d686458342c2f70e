"""What can be said of a list of clips without hearing them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from panns.data.clip_lists import Clip, ClipList, TimedLabel
from panns.data.quality.listing import check_listing
from panns.labels import LabelSet, audioset


def found_in(*clips, labels=None, classes=(), least=1):
    manifest = ClipList(Path(), clips, classes)
    return [(one.kind, one.files, one.sentence) for one in check_listing(manifest, labels, min_clips_per_class=least)]


def test_a_good_list():
    clips = [Clip(f"{i}.wav", ("dog", "cat"), fold, source=f"{i}") for i, fold in enumerate("1122")]
    assert found_in(*clips, least=4, labels=LabelSet.from_names("pets", ["cat", "dog"])) == []


def test_folders_without_a_sound():
    assert found_in(Clip("dog/a.wav", ("dog",)), classes=("cat", "dog")) == [
        ("empty class", (), "the folder cat holds no sound; add some, or remove it")
    ]


@pytest.mark.parametrize(
    ("classes", "is_found"),
    [(("test", "train"), True), (("train",), True), (("dog", "test", "train"), True), (("dog", "train"), False)],
)
def test_class_folders_that_are_called_like_folds(classes, is_found):
    found = found_in(*(Clip(f"{name}/a.wav", (name,)) for name in classes), classes=classes)
    assert [one[0] for one in found] == ["class called a fold"] * is_found
    if classes == ("test", "train"):
        assert found[0][2] == (
            "test, train hold sounds themselves, so their names are classes; if they are folds, put into each a "
            "folder for every class"
        )


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
    sentence = (
        f"{joined}: each is one label; if several are meant, put | between them (dog|rain), in a column called labels"
    )
    assert found == ([("labels joined", (), sentence)] if joined else [])
    assert all(kind != "labels joined" for kind, *_ in found_in(Clip("a.wav", ("b,c",)), labels=audioset()))


@pytest.mark.parametrize(
    ("folds", "given"), [("1 1.0 2", "1 and 1.0"), ("Test test 01", "Test and test"), ("1 2 a", "")]
)
def test_folds_that_are_one(folds, given):
    found = found_in(*(Clip(f"{i}.wav", ("dog",), fold) for i, fold in enumerate(folds.split())))
    assert [one[2] for one in found] == [f"the folds {given} count as 2; if they are one, write it alike"] * bool(given)


def test_labels_that_differ_in_case_alone():
    (found,) = found_in(Clip("a.wav", ("Dog",)), Clip("b.wav", ("dog",)), Clip("c.wav", ("dog",)))
    assert found == (
        "labels alike",
        (),
        "Dog (1 clip) and dog (2 clips) differ in upper and lower case alone; write them alike",
    )
    assert found_in(Clip("a.wav", ("Dog",)), Clip("b.wav", ("dog",)), labels=LabelSet.from_names("x", ["dog"])) == []


def test_unknown_labels_are_named_with_their_files_and_the_nearest_known_one():
    clips = [Clip("a.wav", ("dog", "cta")), Clip("b.wav", ("dog",), events=(TimedLabel("cta", 0, 1),))]
    unknown, absent, unlisted = found_in(*clips, labels=LabelSet.from_names("pets", ["cat", "dog"]))
    assert unknown[:2] == ("unknown label", ("a.wav", "b.wav"))
    assert unknown[2].startswith("no label 'cta' in 'pets'; did you mean 'cat'?")
    assert unknown[2].endswith("(2 clips: a.wav, b.wav)")
    assert absent == ("absent class", (), "no clip has cat (1 of the 2 classes)")
    assert unlisted[0] == "event unlisted"


def test_very_many_unknown_labels_are_told_at_once():
    """In time that grows with the clips alone: one by one, these took over a minute."""
    clips = [Clip(f"{i}.wav", (f"c{i:05}", f"c{i + 1:05}")) for i in range(9_999)]
    *first, rest, absent = found_in(*clips, labels=audioset())
    assert [one[0] for one in [*first, rest]] == ["unknown label"] * 21
    assert first[1][1] == ("0.wav", "1.wav")
    assert rest[1] == tuple(f"{i}.wav" for i in range(19, 9_999))
    assert rest[2] == (
        "9,980 more labels are not in 'audioset': c00020, c00021, c00022 and 9977 more (9,980 clips: 19.wav, 20.wav, "
        "21.wav and 9977 more)"
    )
    assert absent[0] == "absent class"


def test_every_way_to_write_a_known_label_is_known():
    names = [
        text for label in audioset() for text in (label.id, label.en.upper(), unicodedata.normalize("NFD", label.zh))
    ]
    assert found_in(*(Clip(f"{i}.wav", (name,)) for i, name in enumerate(names)), labels=audioset()) == []


def test_labels_of_audioset_are_known_by_every_name():
    clips = [Clip("a.wav", ("/m/0bt9lr",)), Clip("b.wav", ("Dog",)), Clip("c.wav", ("狗",))]
    ((kind, files, sentence),) = found_in(*clips, labels=audioset())
    assert (kind, files) == ("absent class", ())
    assert sentence.endswith("and 523 more (526 of the 527 classes)")


def test_a_stretch_that_is_listed_again():
    clip = Clip("a.wav", ("dog",), onset_s=1.0)
    assert found_in(clip, clip, clip)[0] == ("listed twice", ("a.wav",), "a.wav is listed 3 times; list it once")
    ((kind, files, sentence),) = found_in(Clip("a.wav", ("dog", "cat")), Clip("a.wav", ("cat",), onset_s=0.0))
    assert (kind, files) == ("labels differ", ("a.wav",))
    assert sentence == "a.wav is listed with the labels cat and dog, cat; list it once"
    assert (
        found_in(clip, Clip("a.wav", ("cat",), onset_s=2.0), Clip("a.wav", ("cat",), onset_s=1.0, offset_s=2.0)) == []
    )
    assert found_in(Clip("a.wav", ("dog", "cat")), Clip("a.wav", ("cat", "dog")))[0][0] == "listed twice"


def test_a_file_that_is_listed_again_by_another_name():
    twice = found_in(Clip("b/a.wav", ("dog",)), Clip("./b//a.wav", ("dog",)), Clip(str(Path("b/a.wav"))))
    assert twice[0] == (
        "labels differ",
        ("b/a.wav", "./b//a.wav"),
        "one file, called b/a.wav and ./b//a.wav, is listed with the labels dog and none; list it once",
    )
    ((kind, *_),) = found_in(Clip("a.wav", ("dog",)), Clip("./a.wav", ("dog",)))
    assert kind == "listed twice"


def test_clips_without_a_label():
    (found,) = found_in(*(Clip(f"{i}.wav") for i in range(5)))
    assert found == (
        "no label",
        ("0.wav", "1.wav", "2.wav", "3.wav", "4.wav"),
        "5 clips without a label (0.wav, 1.wav, 2.wav and 2 more); right only if none of the classes is heard",
    )


def test_events_of_what_the_clip_does_not_name():
    clip = Clip("a.wav", ("dog",), events=(TimedLabel("dog", 0, 1), TimedLabel("cat", 0, 1)))
    ((kind, files, sentence),) = found_in(clip)
    assert (kind, files) == ("event unlisted", ("a.wav",))
    assert "events of cat, which its labels do not name" in sentence


def test_classes_with_few_clips():
    assert found_in(Clip("a.wav", ("dog",)), least=3) == [
        ("few clips", (), "dog has 1 clip; 3 are the least to learn a class from")
    ]


@pytest.mark.parametrize(("folds", "is_found"), [("11", True), ("12", False), (("", ""), False), (("1", ""), False)])
def test_a_class_that_is_in_one_fold(folds, is_found):
    others = [Clip("x.wav", ("cat",), "1"), Clip("y.wav", ("cat",), "2")]
    found = found_in(*others, *(Clip(f"{i}.wav", ("dog",), fold) for i, fold in enumerate(folds)))
    assert [one[0] for one in found] == ["class in one fold"] * is_found
    assert found_in(Clip("a.wav", ("dog",), "1")) == []  # there is one fold only


def test_a_source_in_two_folds():
    clips = [Clip("a.wav", ("dog",), "1", "7"), Clip("b.wav", ("dog",), "2", "7"), Clip("c.wav", ("dog",), "2", "8")]
    ((kind, files, sentence),) = found_in(*clips, Clip("d.wav", ("dog",), "1"), Clip("e.wav", ("dog",), "2"))
    assert (kind, files) == ("source in two folds", ("a.wav", "b.wav"))
    assert sentence == (
        "the source 7 is in the folds 1, 2 (a.wav, b.wav); training without one of them leaves out its clips in the "
        "others"
    )


def test_the_known_leaks_of_a_real_data_set(shared):
    from panns.data.clip_lists import read_clip_list

    manifest = read_clip_list(shared / "data" / "esc50" / "manifest.csv")
    found = list(check_listing(manifest, None, min_clips_per_class=40))
    assert {one.kind for one in found} == {"source in two folds"}
    assert {one.sentence.split()[2] for one in found} == {"131943", "134049", "209698", "234879"}
    assert len(found) == 4
