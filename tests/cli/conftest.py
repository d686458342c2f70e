"""Good and bad sounds for the command line."""

import pytest

from tests.sounds import changing_sound, noise, tone, write_wav
from tests.training.conftest import (  # noqa: F401 - fixtures, by whose names tests ask for them
    class_folders,
    clip_list_file,
    settings_file,
    trained_checkpoint,
    trained_run,
    untrained_checkpoint,
)


@pytest.fixture(scope="session")
def sound_folder(tmp_path_factory):
    """Sounds in this order: a.wav (good), b.wav (text), c.flac (good), sub/d.WAV (good); notes.txt is not a sound."""
    folder = tmp_path_factory.mktemp("sounds")
    write_wav(folder / "a.wav", tone(2))
    (folder / "b.wav").write_bytes(b"this is not a sound\n" * 20)
    write_wav(folder / "c.flac", noise(1), 32_000)
    (folder / "sub").mkdir()
    write_wav(folder / "d.wav", changing_sound(1.5)).rename(folder / "sub" / "d.WAV")
    (folder / "notes.txt").write_text("no sound")
    return folder


@pytest.fixture(scope="session")
def sound(sound_folder):
    return sound_folder / "a.wav"


@pytest.fixture(scope="session")
def long_sound(tmp_path_factory):
    """35 s, which is four windows."""
    return write_wav(tmp_path_factory.mktemp("long") / "long.wav", changing_sound(35))
