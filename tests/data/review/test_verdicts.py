"""Verdicts in cells and in names of folders."""

import pytest

from panns.data.review.detected_clips import DetectedClip
from panns.data.review.verdicts import KnownClasses, Verdict, parse_verdict, sorted_verdicts
from panns.errors import DataError

KNOWN = KnownClasses({"Dog": "狗", "Noise": "噪音"})


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("CONFIRMED", ("Dog",)),
        (" ok ", ("Dog",)),
        ("1.0", ("Dog",)),  # pandas, in a column with empty cells
        ("0.0", ()),
        ("Negative", ()),  # a folder of BirdNET-Analyzer
        ("NoID", ()),
        ("noise", ()),  # a word of Kaleidoscope
        ("Noise", ("Noise",)),  # a detected class
        ("狗", ("Dog",)),
        ("Owl", ("Owl",)),
        ("Owl| dog |owl|", ("Owl", "Dog", "owl")),
        ("yes|Owl", ("Dog", "Owl")),
        ("no|Owl", ("Owl",)),
        ("no|rejected", ()),
    ],
)
def test_a_decision(text, labels):
    assert parse_verdict(text, "Dog", KNOWN) == Verdict(labels)


@pytest.mark.parametrize("text", ["", "  ", "|", "Unsure", "?", "Owl|?"])
def test_no_decision(text):
    assert parse_verdict(text, "Dog", KNOWN) is None


def test_a_detected_class_has_priority_over_a_word():
    assert parse_verdict("Skip", "Dog", KnownClasses({"Skip"})) == Verdict(("Skip",))


def test_the_case_counts_where_two_classes_differ_in_nothing_else():
    known = KnownClasses({"Bass": "", "bass": "Dog"})
    assert [known.name(text) for text in ("bass", "Bass", " dog ")] == ["bass", "Bass", "bass"]


def clips_in(folder, *places):
    clips = {}
    for place in places:
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        clips[path.name] = DetectedClip(path.name, "Dog", 0.5, "a.wav", 1.0, 2.0, 0.5, 2.5, 1.0, 2.0, "m")
    return clips


def test_the_innermost_folder_counts(tmp_path):
    clips = clips_in(tmp_path, "a.wav", "b/confirmed/b.wav", "confirmed/no/c.wav", "unsure/d.wav", "D_g/e.wav")
    (tmp_path / "confirmed" / "other.wav").parent.mkdir(exist_ok=True)
    (tmp_path / "confirmed" / "other.wav").touch()  # not a clip
    places, verdicts = sorted_verdicts(tmp_path, clips, KNOWN, {"D_g": "D?g"})
    assert places.keys() == clips.keys()
    assert verdicts == {"b.wav": Verdict(("Dog",)), "c.wav": Verdict(()), "e.wav": Verdict(("D?g",))}


def test_a_clip_in_two_places_is_refused(tmp_path):
    clips = clips_in(tmp_path, "confirmed/a.wav", "rejected/a.wav")
    with pytest.raises(DataError, match=r"a\.wav lies in .*confirmed and in .*rejected"):
        sorted_verdicts(tmp_path, clips, KNOWN, {})
