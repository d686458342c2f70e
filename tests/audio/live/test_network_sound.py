import logging

import numpy as np
import pytest

from panns.audio import NetworkSound, open_sound
from panns.errors import AudioDecodeError, DeviceUnavailable
from panns.system.safe_text import without_password
from tests.audio.live.fake_sounddevice import Clock
from tests.audio.live.servers import RtspCamera, files, http_server, radio
from tests.audio.live.test_piped_sound import encoded
from tests.sounds import tone, write_wav

pytest.importorskip("av")
RATE = 16_000


def level(samples):
    return float(np.sqrt(np.mean(np.square(samples))))


def take(sound, seconds):
    """The first seconds, after which the sound is stopped."""
    parts, n_left = [], round(seconds * sound.sample_rate)
    for block in sound:
        parts.append(block)
        n_left -= len(block)
        if n_left <= 0:
            sound.stop()
    return np.concatenate(parts)


def test_a_file_ends_where_it_ends(tmp_path):
    write_wav(tmp_path / "a.wav", tone(1.0, sample_rate=RATE), RATE)
    with http_server(files(tmp_path)) as address, NetworkSound(f"{address}/a.wav") as sound:
        samples = np.concatenate(list(sound))
    np.testing.assert_allclose(samples, tone(1.0, sample_rate=RATE), atol=1e-6)
    assert (sound.sample_rate, sound.lost_s, sound.name) == (RATE, 0, f"{address}/a.wav")


def test_a_station_that_breaks_off_is_opened_again(caplog):
    clock, connections = Clock(), []
    data = encoded("adts", tone(2.0, sample_rate=RATE), "aac", RATE)
    with (
        http_server(radio(data, connections)) as address,
        NetworkSound(f"{address}/live", clock=clock, sleep=clock.sleep) as sound,
        caplog.at_level(logging.WARNING, "panns"),
    ):
        clock.sleep(2.2)  # the time that the first two seconds take
        samples = take(sound, 4.3)
    assert len(connections) == 2
    assert 0.3 < sound.lost_s < 1.0
    assert len(samples) / RATE == pytest.approx(2 + sound.lost_s + 2, abs=0.5)
    assert level(samples[RATE // 2 : RATE]) == pytest.approx(level(samples[-RATE:]), rel=0.1)
    assert "/live: the stream broke off (Input/output error); waiting up to 60 s for it" in caplog.text
    assert "is back after" in caplog.text


def opposite(samples):
    """Channels that cancel each other."""
    return np.stack([samples, -samples], axis=1)


def test_channels_that_cancel_are_a_warning(tmp_path):
    write_wav(tmp_path / "a.wav", opposite(tone(1.0, sample_rate=RATE)), RATE)
    with http_server(files(tmp_path)) as address, NetworkSound(f"{address}/a.wav") as sound:
        samples = np.concatenate(list(sound))
    np.testing.assert_allclose(np.abs(samples), np.abs(tone(1.0, sample_rate=RATE)), atol=1e-6)
    (warning,) = sound.warnings
    assert warning.startswith("the channels cancel each other for 1.00 s, first at 0.00 s")


def test_warnings_of_all_connections_are_one():
    clock, connections = Clock(), []
    data = encoded("adts", opposite(tone(1.0, sample_rate=RATE)), "aac", RATE)
    with (
        http_server(radio(data, connections, n_endless=1)) as address,
        NetworkSound(f"{address}/live", clock=clock, sleep=clock.sleep) as sound,
    ):
        clock.sleep(2.0)
        n_samples = sum(map(len, sound))
    assert len(connections) == 2
    assert n_samples / RATE - sound.lost_s == pytest.approx(2.0, abs=0.3)
    (warning,) = sound.warnings
    assert float(warning.split()[6]) == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e9])
def test_invalid_values_do_not_end_the_sound_and_are_a_warning(tmp_path, value):
    samples = tone(1.0, sample_rate=RATE)
    samples[RATE // 2] = value
    write_wav(tmp_path / "a.wav", samples, RATE)
    with http_server(files(tmp_path)) as address, NetworkSound(f"{address}/a.wav") as sound:
        found = np.concatenate(list(sound))
    samples[RATE // 2] = 0
    np.testing.assert_allclose(found, samples, atol=1e-6)
    (warning,) = sound.warnings
    assert "zeros replace values that cannot be audio, the first after 0." in warning


def test_a_connection_at_another_rate_keeps_the_first_rate_and_every_sample(tmp_path):
    write_wav(tmp_path / "a.wav", tone(1.0, sample_rate=RATE), RATE)
    with http_server(files(tmp_path)) as address, NetworkSound(f"{address}/a.wav") as sound:
        sound.sample_rate = RATE // 2  # as if the first connection had had half the rate
        samples = np.concatenate(list(sound))
    np.testing.assert_allclose(samples[1000:-1000], tone(1.0, sample_rate=RATE // 2)[1000:-1000], atol=1e-3)
    assert len(samples) == RATE // 2


def test_a_station_that_stays_away_is_given_up():
    clock, connections = Clock(), []
    began_s = clock()
    with http_server(radio(encoded("adts", tone(1.0, sample_rate=RATE), "aac", RATE), connections)) as address:
        sound = NetworkSound(f"{address}/live", give_up_s=3, clock=clock, sleep=clock.sleep)
        blocks = iter(sound)
        next(blocks)
    with sound, pytest.raises(DeviceUnavailable, match=r"/live has been gone for 3 s \(.*cannot be opened"):
        list(blocks)
    assert sound.lost_s == pytest.approx(clock() - began_s - 1.0, abs=1.0)


def test_hls(tmp_path):
    import av

    samples = tone(3.0, sample_rate=RATE)
    with av.open(tmp_path / "live.m3u8", "w", format="hls", options={"hls_time": "1", "hls_list_size": "0"}) as output:
        track = output.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler("fltp", "mono", RATE, track.codec_context.frame_size)
        for one in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(track.encode(one))
        output.mux(track.encode(None))
    with http_server(files(tmp_path)) as address, NetworkSound(f"{address}/live.m3u8") as sound:
        found = np.concatenate(list(sound))
    assert len(found) / RATE == pytest.approx(3.0, abs=0.2)
    assert level(found[RATE : 2 * RATE]) == pytest.approx(level(samples), rel=0.05)


def test_a_playlist_cannot_name_a_file_of_this_machine(tmp_path):
    write_wav(tmp_path / "secret.wav", tone(1.0, sample_rate=RATE), RATE)
    (tmp_path / "live.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{tmp_path}/secret.wav\n#EXT-X-ENDLIST\n"
    )
    with http_server(files(tmp_path)) as address, pytest.raises(DeviceUnavailable, match="cannot be opened"):
        NetworkSound(f"{address}/live.m3u8")


def test_a_camera():
    samples = tone(2.0, sample_rate=RATE)
    camera = RtspCamera(samples)
    with NetworkSound(camera.address) as sound:
        found = take(sound, 1.9)
    camera.close()
    np.testing.assert_allclose(found, samples[: len(found)], atol=1e-4)
    assert "secret" not in sound.name


def test_lost_packets_become_silence():
    samples = tone(4.0, sample_rate=RATE)
    camera = RtspCamera(samples, lost=range(50, 100))  # from 1 to 2 s
    with NetworkSound(camera.address) as sound:
        found = take(sound, 3.5)
    camera.close()
    assert sound.lost_s == pytest.approx(1.0, abs=0.05)
    assert level(found[round(1.1 * RATE) : round(1.9 * RATE)]) == 0
    assert level(found[round(2.1 * RATE) :]) == pytest.approx(level(samples), rel=0.01)


@pytest.mark.parametrize("address", ["file:///etc/hostname", "concat://a|b", "ftp://host/a.wav", "udp://127.0.0.1:9"])
def test_other_addresses_are_refused(address):
    with pytest.raises(ValueError, match="is not an address of http, https, rtsp, rtsps"):
        NetworkSound(address)


def test_nothing_at_an_address_is_a_message():
    with pytest.raises(DeviceUnavailable, match=r"http://127\.0\.0\.1:9/a: cannot be opened \(Connection refused\)"):
        NetworkSound("http://user:secret@127.0.0.1:9/a")


def test_files_and_functions_of_files_open_no_address():
    with pytest.raises(AudioDecodeError, match="network addresses are not supported"):
        open_sound("http://127.0.0.1:9/a.wav", sample_rate=None)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://a/b@c", "http://a/b@c"),
        ("rtsp://u:p@a:554/b", "rtsp://a:554/b"),
        ("rtsp://u:p@a", "rtsp://a"),
    ],
)
def test_names_hold_no_password(address, name):
    assert without_password(address) == name
