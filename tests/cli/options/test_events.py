from __future__ import annotations

import pytest
import typer

import panns
from panns.cli.options.events import EventOptions, parse_threshold
from panns.events import EventConfig
from tests.tiny_checkpoints import with_manifest


def refused(call):
    """The message of wrong usage, with the options it names."""
    with pytest.raises(typer.BadParameter) as caught:
        call()
    return caught.value.format_message()


@pytest.mark.parametrize(
    ("options", "flags", "values"),
    [
        ({"release": 0.0}, "'--release'", " 0.0 "),
        ({"min_gap_s": -1.0}, "'--min-gap'", " -1.0 "),
        ({"window_s": 0.0}, "'--window'", " 0.0 "),
        ({"hop_s": 1e9}, "'--hop'", " 1000000000.0 "),
        ({"window_s": 1.0, "hop_s": 2.0}, "'--window' / '--hop'", " 2.0 "),
    ],
)
def test_a_value_out_of_range_names_its_option(options, flags, values):
    message = refused(lambda: EventOptions(**options))
    assert message.startswith(f"Invalid value for {flags}: ")
    assert values in message


def test_a_reworded_error_still_names_its_option(monkeypatch):
    def refuse(self):
        if self.release != 0.5:
            raise ValueError("entirely other words")

    monkeypatch.setattr(EventConfig, "__post_init__", refuse)
    assert refused(lambda: EventOptions(release=0.1)) == "Invalid value for '--release': entirely other words"


def test_flags_are_those_the_user_gave():
    assert EventOptions().flags == []
    assert EventOptions(median_s=0.0, window_s=1.0).flags == ["--median", "--window"]


def test_threshold():
    assert [parse_threshold(text) for text in (None, "0.3", "10/h")] == [None, 0.3, "10/h"]
    assert refused(lambda: parse_threshold("1.5")).startswith("Invalid value for '--threshold': ")


class TestForModel:
    def test_own_settings_hold_where_the_user_gave_none(self, tiny_frames_checkpoint, tmp_path):
        own = EventConfig(median_s=0.9, min_gap_s=0.7)
        recognizer = panns.load(with_manifest(tiny_frames_checkpoint, tmp_path / "model", events=own))
        assert EventOptions().for_model(recognizer).config == own
        settings = EventOptions(min_gap_s=0.1, window_s=2.0).for_model(recognizer, 0.25)
        assert settings.config == EventConfig(median_s=0.9, min_gap_s=0.1)
        assert (settings.threshold, settings.windows.window_s) == (0.25, 2.0)

    def test_a_model_without_settings_gets_the_defaults(self, tiny_frames_checkpoint):
        settings = EventOptions().for_model(panns.load(tiny_frames_checkpoint))
        assert settings.config == EventConfig()
        assert settings.threshold is None

    def test_an_unsupported_setting_names_the_option(self, tiny_frames_checkpoint):
        recognizer = panns.load(tiny_frames_checkpoint)
        assert refused(lambda: EventOptions(hop_s=0.1).for_model(recognizer)).startswith("Invalid value for '--hop': ")
        message = refused(lambda: EventOptions().for_model(recognizer, "5/h"))
        assert message.startswith("Invalid value for '--threshold': ")
