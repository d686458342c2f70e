"""A file that continues without sound costs bounded reading: zeros after a download, headers of empty chunks."""

import pytest

from panns.audio import open_sound
from panns.audio.decoding import file_reader, media_reader, soundfile_reader, source
from panns.errors import AudioDecodeError
from tests.audio.decoding.encoded_sounds import sound_file

_SEARCHED = 2**20


@pytest.fixture
def reads(monkeypatch):
    """Number of reads and seeks, and of bytes; the budget of a search is 1 MB."""
    for module in (file_reader, media_reader, soundfile_reader):
        monkeypatch.setattr(module, "MAX_SEARCH_BYTES", _SEARCHED)
    counts = {"calls": 0, "bytes": 0}
    read, seek = source.SeekableInput.readinto, source.SeekableInput.seek

    def counted_read(self, buffer):
        n_read = read(self, buffer)
        counts["calls"] += 1
        counts["bytes"] += n_read
        return n_read

    def counted_seek(self, *arguments):
        counts["calls"] += 1
        return seek(self, *arguments)

    monkeypatch.setattr(source.SeekableInput, "readinto", counted_read)
    monkeypatch.setattr(source.SeekableInput, "seek", counted_seek)
    return counts


def _followed_by_zeros(tmp_path, data, n_bytes=64 * 2**20):
    path = tmp_path / "preallocated"
    with path.open("wb") as file:
        file.write(data)
        file.truncate(len(data) + n_bytes)
    return path


@pytest.mark.parametrize("name", ["flac", "mp3", "ac3", "aac", "opus", "ogg", "mpegts", "mkv_video", "flv", "wavpack"])
def test_zeros_after_a_sound_are_left_unread(name, tmp_path, reads):
    with open_sound(_followed_by_zeros(tmp_path, sound_file(name)), sample_rate=None) as sound:
        for _ in sound:
            pass
    assert sound.duration_s == pytest.approx(2.0, abs=0.1)
    assert reads["bytes"] < 8 * _SEARCHED


def test_a_search_that_ends_is_reported(tmp_path, reads):  # noqa: ARG001 - sets the budget
    with open_sound(_followed_by_zeros(tmp_path, sound_file("ac3")), sample_rate=None) as sound:
        for _ in sound:
            pass
    assert any("nothing decodable in 1 MB after 1.98 s" in warning for warning in sound.warnings)


@pytest.mark.parametrize(
    ("name", "n_kept"),
    [
        ("wav", 12),
        ("wav", 36),
        ("aiff", 12),
        ("caf", 36),
        ("w64", 20),
        ("avi_video", 12),
        ("avi_video", 60),
        ("ogg", 60),
    ],
)
def test_headers_of_zeros_are_refused_soon(name, n_kept, tmp_path, reads):
    with pytest.raises(AudioDecodeError):
        open_sound(_followed_by_zeros(tmp_path, sound_file(name)[:n_kept]), sample_rate=None)
    assert reads["calls"] < 50_000
    assert reads["bytes"] < 8 * _SEARCHED
