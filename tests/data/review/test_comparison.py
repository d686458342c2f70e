"""Verdicts in annotations of clips and of recordings."""

from __future__ import annotations

import pytest

from panns.data.annotations import AnnotatedSound, Annotation
from panns.data.review import comparison
from panns.data.review.comparison import compare_annotations
from panns.data.review.detected_clips import DetectedClip
from panns.data.review.verdicts import KnownClasses, Verdict


def clip(label, onset_s, offset_s, event=None):
    event_onset_s, event_offset_s = event or (onset_s, offset_s)
    recording = "site/a b.wav"
    name = f"{label}_a b_{onset_s:09.3f}.wav"
    return DetectedClip(
        name,
        label,
        0.5,
        recording,
        onset_s,
        offset_s,
        max(onset_s - 0.5, 0),
        offset_s + 0.5,
        event_onset_s,
        event_offset_s,
        "m",
    )


DOG, CAT, RAIN = clip("Dog", 1.0, 2.0), clip("Cat", 1.2, 2.0), clip("Rain", 10.0, 40.0)
CLIPS = (DOG, CAT, RAIN)
KNOWN = KnownClasses({"Dog": "狗", "Cat": "猫", "Rain": "雨"})


def compare(*sounds):
    return compare_annotations(sounds, CLIPS, KNOWN)


@pytest.mark.parametrize("file", ["site/a b.wav", "a b", "/other/a b.wav", "C:\\site\\a b.wav"])
def test_changed_removed_added_and_unchanged_events_of_a_recording(file):
    events = (Annotation("Dog", 1.0, 2.0), Annotation("Wolf", 1.2, 2.0), Annotation("Owl", 5.0, 6.0))
    found = compare(AnnotatedSound(file, events))
    assert found.unchanged == {DOG.clip}
    assert found.verdicts == {CAT.clip: Verdict(("Wolf",))}
    assert found.removed == {RAIN.clip}
    assert found.added == [("site/a b.wav", events[2])]


def test_an_event_whose_borders_were_moved_was_heard():
    assert compare(AnnotatedSound("a b", (Annotation("Dog", 0.9, 2.1),))).verdicts == {DOG.clip: Verdict(("Dog",))}


def test_marks_beside_the_label():
    """MANUAL ID of Kaleidoscope: empty for what nobody heard, which says nothing even if AUTO ID or OFFSET differs."""
    events = (
        Annotation("Dog", 1.0, 2.0, review="dog"),
        Annotation("Cat", 1.2, 2.0, review="Noise"),
        Annotation("Thunder", 10.04, 40.0),
        Annotation("Owl", 50.0, 51.0),
        Annotation("Owl", 60.0, 61.0, review="Wolf"),
    )
    found = compare(AnnotatedSound("a b.wav", events, is_marked=True))
    assert found.verdicts == {DOG.clip: Verdict(("Dog",)), CAT.clip: Verdict(())}
    assert (found.unchanged, found.removed) == ({RAIN.clip}, set())
    assert found.added == [("site/a b.wav", Annotation("Wolf", 60.0, 61.0))]


def test_labels_in_another_case_or_language_are_the_detected_classes():
    events = (Annotation("dog", 1.0, 2.0), Annotation("猫", 1.2, 2.0), Annotation("CAT", 10.0, 40.0))
    found = compare(AnnotatedSound("a b", (*events, Annotation("RAIN", 50.0, 51.0))))
    assert found.unchanged == {DOG.clip, CAT.clip}
    assert found.verdicts == {RAIN.clip: Verdict(("Cat",))}
    assert found.added == [("site/a b.wav", Annotation("Rain", 50.0, 51.0))]
    assert compare(AnnotatedSound(DOG.clip, (Annotation("狗", 0, 1),))).unchanged == {DOG.clip}


def test_detections_that_a_reviewer_joined_stay_right():
    clips = [clip("Dog", 1.0, 2.5), clip("Dog", 3.0, 5.0), clip("Dog", 8.0, 10.0), clip("Dog", 20.0, 21.0)]
    joined = Annotation("Dog", 1.0, 5.0)
    found = compare_annotations([AnnotatedSound("a b", (joined, Annotation("Dog", 9.7, 12.0)))], clips, KNOWN)
    assert found.verdicts == {one.clip: Verdict(("Dog",)) for one in clips[:2]}
    assert found.removed == {clips[3].clip}  # a little of the class is in the third
    assert found.unchanged == set()
    assert ("site/a b.wav", joined) in found.events


def test_a_row_of_a_program_neither_confirms_nor_removes_what_it_covers():
    found = compare(AnnotatedSound("a b", (Annotation("Dog", 0.0, 9.0),), is_marked=True))
    assert (found.verdicts, found.unchanged, found.added) == ({}, set(), [])
    assert found.removed == {CAT.clip, RAIN.clip}


def test_a_long_event_that_a_reviewer_shortened_is_gone_from_its_last_part():
    parts = [clip("Rain", 0.0, 30.0, (0.0, 60.0)), clip("Rain", 30.0, 60.0, (0.0, 60.0))]
    found = compare_annotations([AnnotatedSound("a b", (Annotation("Rain", 0.0, 30.0),))], parts, KNOWN)
    assert found.verdicts == {parts[0].clip: Verdict(("Rain",))}
    assert found.removed == {parts[1].clip}


def test_annotations_of_the_clips_themselves():
    found = compare(
        AnnotatedSound(f"/x/{DOG.clip}", (Annotation("NoID", 0, 1, review="Wolf"),), is_marked=True),
        AnnotatedSound(CAT.clip.removesuffix(".wav"), (Annotation("NoID", 0, 1),), is_marked=True),
        AnnotatedSound(RAIN.clip, (Annotation("Hail", 3, 5), Annotation("Rain", 0, 9))),
        AnnotatedSound("else.wav", ()),
        AnnotatedSound("a b.wav", (), is_reviewed=False),
    )
    assert found.verdicts == {DOG.clip: Verdict(("Wolf",)), RAIN.clip: Verdict(("Hail", "Rain"))}
    assert found.unchanged == {CAT.clip}
    assert (found.unknown, found.unreviewed, found.removed) == (["else.wav"], ["a b.wav"], set())


def test_parts_of_a_long_event_share_its_annotation():
    parts = [clip("Rain", 0.0, 30.0, (0.0, 60.0)), clip("Rain", 30.0, 60.0, (0.0, 60.0))]
    found = compare_annotations([AnnotatedSound("a b", (Annotation("Rain", 0.0, 60.0),))], parts, KNOWN)
    assert found.unchanged == {one.clip for one in parts}
    found = compare_annotations([AnnotatedSound("a b", (Annotation("Hail", 0.0, 60.0),))], parts, KNOWN)
    assert found.verdicts == {one.clip: Verdict(("Hail",)) for one in parts}


def test_many_events_of_a_recording_are_compared_with_those_near_them_only(monkeypatch):
    clips = [clip("Dog", float(i), i + 0.5) for i in range(500)]
    n_compared = 0

    def counted(*arguments):
        nonlocal n_compared
        n_compared += 1
        return overlap(*arguments)

    overlap = comparison._overlap
    monkeypatch.setattr(comparison, "_overlap", counted)
    sounds = [AnnotatedSound("a b.wav", [Annotation("Cat", i + 0.01, i + 0.5) for i in range(500)])]
    found = compare_annotations(sounds, clips, KnownClasses({"Dog"}))
    assert len(found.verdicts) == 500
    assert n_compared < 1_500
