"""Plans of clips: margins, parts of long events, the best of each class, names."""

from __future__ import annotations

import pytest

from panns.data.review.detected_clips import ClipSettings, plan_clips, recording_stems
from panns.results import Detection, Event


def detection(*events, duration_s=100.0):
    return Detection("a.wav", duration_s, "builtin", tuple(Event(label, "", 0, *rest) for label, *rest in events))


def test_margin_stays_inside_the_recording():
    clips = plan_clips("a.wav", "a", detection(("Dog", 0.2, 1.0, 0.5), ("Dog", 99.0, 99.9, 0.6)), ClipSettings())
    assert [(one.clip, one.clip_onset_s, one.clip_offset_s) for one in clips] == [
        ("Dog_a_00000.200.wav", 0.0, 1.5),
        ("Dog_a_00099.000.wav", 98.5, 100.0),
    ]
    assert [one.stem for one in clips] == ["a", "a"]


def test_long_events_are_cut_into_equal_parts():
    clips = plan_clips(
        "a.wav", "a", detection(("Rain", 1.0, 71.0, 0.5)), ClipSettings(clip_margin_s=0, clip_length_s=30)
    )
    assert [(one.onset_s, one.offset_s) for one in clips] == [
        (1.0, pytest.approx(24.333333)),
        (pytest.approx(24.333333), pytest.approx(47.666667)),
        (pytest.approx(47.666667), 71.0),
    ]


def test_the_best_of_each_class():
    events = [("Dog", float(i), i + 0.5, score) for i, score in enumerate((0.3, 0.9, 0.6))] + [("Cat", 9.0, 9.5, 0.1)]
    clips = plan_clips("a.wav", "a", detection(*events), ClipSettings(clips_per_class=2))
    assert [(one.label, one.score) for one in clips] == [("Cat", 0.1), ("Dog", 0.9), ("Dog", 0.6)]


def test_names_are_possible_on_every_system_and_differ():
    labels = ("A/B", "A:B", 'say "x"?', "狗" * 100, "ends.")
    clips = plan_clips("a.wav", "a", detection(*((label, 0.0, 1.0, 0.5) for label in labels)), ClipSettings())
    names = [one.clip for one in clips]
    assert len(set(names)) == len(labels)
    for name in names:
        assert len(name.encode()) < 255
        assert not set('<>:"/\\|?*') & set(name)
    assert {one.label for one in clips} == set(labels)


def test_recordings_of_one_name_keep_apart():
    first = recording_stems(["a/x.wav", "b/X.wav"])
    assert first["a/x.wav"] == "x"
    assert first["b/X.wav"].startswith("X~")
    # A later run, in another order, gives what is known the same name.
    assert recording_stems(["b/X.wav", "a/x.wav"], first.items()) == first


@pytest.mark.parametrize(
    "wrong", [{"clip_margin_s": -1}, {"clip_length_s": 0}, {"clip_length_s": 1e9}, {"clips_per_class": 0}]
)
def test_settings_out_of_range(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name}={value}.* out of range"):
        ClipSettings(**wrong)
