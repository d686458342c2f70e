from dataclasses import replace

import pytest
import typer

from panns.audio import DecodeLimits
from panns.cli.options.clip_output import ClipOutputOptions, with_clips


def refused(call, *arguments, **more):
    with pytest.raises(typer.BadParameter) as caught:
        call(*arguments, **more)
    return caught.value.format_message()


@pytest.mark.parametrize(
    ("changes", "flag"),
    [({"clip_margin_s": 1.0}, "--clip-margin"), ({"clips_per_class": 3}, "--clips-per-class")],
)
def test_settings_need_a_folder(changes, flag):
    assert f"{flag} needs --clips" in refused(ClipOutputOptions(**changes).check)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"clip_margin_s": float("nan")}, "--clip-margin nan"),
        ({"clip_length_s": 0.0}, "--clip-length 0.0"),
        ({"clips_per_class": 0}, "--clips-per-class 0"),
    ],
)
def test_settings_out_of_range(tmp_path, changes, words):
    assert words in refused(ClipOutputOptions(tmp_path, **changes).check)


def test_the_folder_is_not_a_file(tmp_path):
    (tmp_path / "a").touch()
    assert "is a file; give a folder" in refused(ClipOutputOptions(tmp_path / "a").check)


def test_what_decides_the_clips(tmp_path):
    assert ClipOutputOptions().described == {}
    one = ClipOutputOptions(tmp_path, 1.0)
    assert one.described == {
        "clips": str(tmp_path),
        "clip_margin_s": 1.0,
        "clip_length_s": 30.0,
        "clips_per_class": None,
    }
    assert replace(one, clip_margin_s=2.0).described != one.described


@pytest.mark.parametrize(
    ("files", "done", "words"),
    [(["a.wav", "-"], None, "standard input comes once"), (["a.wav"], {"a.wav"}, "holds no clips of the 1 sounds")],
)
def test_folders_that_cannot_be_opened(tmp_path, files, done, words):
    options = ClipOutputOptions(tmp_path)
    arguments = {"detected_by": {}, "done": done, "limits": DecodeLimits(), "has_clock": False}
    assert words in " ".join(refused(options.open_folder, files, **arguments).split())


def test_without_a_folder_the_function_stays():
    assert with_clips(refused, None) is refused
