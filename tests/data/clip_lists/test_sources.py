from __future__ import annotations

import pytest

from panns.data.clip_lists import Clip
from panns.data.clip_lists.sources import guess_sources


def sources_of(**names_of_class):
    clips = [
        Clip(f"{label}/{name}.wav", (label,)) for label, names in names_of_class.items() for name in names.split(",")
    ]
    return [clip.source for clip in guess_sources(clips)]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("1-100032-A-0", "100032"),
        ("5-9032-B", "9032"),
        ("101415-3-0-2", "101415"),
        ("344-3-12-0", "344"),
        ("2023-01-05-12", ""),  # a date
        ("1-100032-a-0", ""),
        ("1-100032-A-01", ""),
        ("bark", ""),
        ("bark_1", ""),  # alone
    ],
)
def test_conventions(name, source):
    assert sources_of(dog=name, cat="x,y") == [source, "", ""]


@pytest.mark.parametrize(
    ("one", "other", "stem"),
    [
        ("hall_1", "hall_12", "hall"),
        ("hall 1", "hall 2", "hall"),
        ("hall-part1", "hall-part2", "hall"),
        ("hall_PART_1", "hall_part_2", "hall"),
        ("hall (1)", "hall (2)", "hall"),
        ("hall", "hall (2)", "hall"),
        ("hall", "hall_2", "hall"),
        ("hall.01", "hall.02", "hall"),
        ("rec_001_03", "rec_001_04", "rec_001"),
        ("0_george_0", "0_george_10", "0_george"),
        ("大厅_1", "大厅_2", "大厅"),
    ],
)
def test_pieces_of_one_recording(one, other, stem):
    assert sources_of(dog=f"{one},x,{other}") == [stem, "", stem]
    assert sources_of(dog=f"{one},x", cat=f"{other},y") == [stem, "", stem, ""]  # a recording may hold several classes


@pytest.mark.parametrize("pair", ["hall_1,halls_2", "hall1,hall2", "halla,hallb", "1_1,2_1"])
def test_other_names_have_no_source(pair):
    assert sources_of(dog=f"{pair},x") == ["", "", ""]


def test_numbers_of_a_whole_class_are_ignored():
    assert sources_of(dog="dog_1,dog_2,dog_3", cat="cat (1),cat (2)") == [""] * 5
    assert sources_of(dog="rec_1,rec_2", cat="rec_3,rec_4,meow") == [""] * 5
    assert sources_of(dog="rec_1", cat="rec_3,rec_4,meow") == ["rec", "rec", "rec", ""]


def test_known_source_stays():
    assert [clip.source for clip in guess_sources([Clip("1-17-A-0.wav", source="mine"), Clip("1-17-B-0.wav")])] == [
        "mine",
        "17",
    ]
