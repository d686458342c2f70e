"""A microphone that delivers, overflows, goes away and comes back, and one that is not there."""

from __future__ import annotations

import sys
from itertools import islice

import numpy as np
import pytest

from panns.audio import Microphone, list_microphones
from panns.audio.live.input_devices import find_microphone
from panns.audio.live.microphone import QUEUE_S
from panns.errors import DeviceUnavailable, MissingExtra, Overloaded
from tests.audio.live.fake_sounddevice import BLOCK, RATE, Clock, FakeSounddevice, device

BUILT_IN = device("Built-in")
MOST_BLOCKS = round(QUEUE_S * RATE / BLOCK)


@pytest.fixture
def plug_in(monkeypatch):
    """Put a stand-in for sounddevice in place; it and its clock."""

    def put(*sessions, devices=(BUILT_IN,), default=0):
        fake = FakeSounddevice(Clock(), sessions, devices, default)
        monkeypatch.setitem(sys.modules, "sounddevice", fake)
        return fake

    return put


def open_microphone(fake, name=None, **settings):
    return Microphone(name, clock=fake.clock, sleep=fake.clock.sleep, **settings)


def number_of(block):
    """Number of a block; 0 for silence."""
    assert (block == block[0]).all()
    return round(float(block[0]) * 1000)


def taken(microphone, last):
    """Samples up to the end of a block, and their blocks by number."""
    samples, numbers = [], []
    for block in microphone:
        samples.append(block)
        numbers.append(number_of(block))
        if numbers[-1] == last:
            return np.concatenate(samples), numbers
    raise AssertionError(f"ended before block {last}")


class TestDelivery:
    def test_blocks_come_as_they_were(self, plug_in):
        fake = plug_in(5)
        with open_microphone(fake) as microphone:
            samples, numbers = taken(microphone, 5)
            assert (microphone.name, microphone.sample_rate, microphone.latency_s) == ("Built-in", RATE, 0.03)
        assert numbers == [1, 2, 3, 4, 5]
        assert samples.dtype == np.float32
        assert len(samples) == 5 * BLOCK
        (stream,) = fake.streams
        assert stream.is_closed
        assert stream.settings["blocksize"] == BLOCK
        assert (microphone.n_overflows, microphone.lost_s) == (0, 0.0)

    def test_channels_are_mixed(self, plug_in):
        fake = plug_in(1, devices=[device("Pair", n_in=2)])
        with open_microphone(fake) as microphone:
            np.testing.assert_allclose(next(iter(microphone)), 0.00125)
        assert fake.streams[0].settings["channels"] == 2

    def test_virtual_devices_are_opened_with_one_channel(self, plug_in):
        fake = plug_in(1, devices=[device("default", n_in=128)])
        with open_microphone(fake) as microphone:
            np.testing.assert_allclose(next(iter(microphone)), 0.001)
        assert fake.streams[0].settings["channels"] == 1

    @pytest.mark.parametrize("value", [np.nan, np.inf, -1e9])
    def test_invalid_samples_do_not_end_the_recording(self, plug_in, value, caplog):
        fake = plug_in(0)
        with open_microphone(fake) as microphone:
            fake.streams[0].feed(3, first=value)
            blocks = list(islice(microphone, 3))
        assert [(block[0], block[1]) for block in blocks] == [(0, pytest.approx(n / 1000)) for n in (1, 2, 3)]
        (record,) = caplog.records
        assert "the microphone 'Built-in' delivers invalid samples; zeros replace them" in record.getMessage()

    def test_stopping_ends_it(self, plug_in):
        fake = plug_in(5)
        with open_microphone(fake) as microphone:
            blocks = iter(microphone)
            next(blocks)
            microphone.stop()
            assert list(blocks) == []


class TestOverflow:
    def test_a_full_queue_is_counted_and_becomes_silence(self, plug_in, caplog):
        fake = plug_in(MOST_BLOCKS + 3)
        with open_microphone(fake) as microphone:
            blocks = iter(microphone)
            before = list(islice(blocks, MOST_BLOCKS))
            fake.streams[0].feed(1)
            samples, numbers = taken(blocks, MOST_BLOCKS + 4)
        assert [number_of(block) for block in before[:2]] == [1, 2]
        assert numbers == [0, MOST_BLOCKS + 4]
        assert len(samples) == 4 * BLOCK
        assert microphone.n_overflows == 1
        assert microphone.lost_s == pytest.approx(3 * BLOCK / RATE)
        (record,) = caplog.records
        assert "silence replaces lost audio, 0.03 s" in record.getMessage()

    def test_overflows_of_the_device_become_silence(self, plug_in, caplog):
        fake = plug_in(2)
        with open_microphone(fake) as microphone:
            blocks = iter(microphone)
            list(islice(blocks, 2))
            fake.clock.sleep(0.5)
            fake.streams[0].feed(1, has_overflow=True)
            samples, numbers = taken(blocks, 3)
        assert numbers == [0, 3]
        assert len(samples) == round(0.51 * RATE)
        assert microphone.n_overflows == 1
        assert len(caplog.records) == 1

    def test_warnings_are_not_repeated(self, plug_in, caplog):
        fake = plug_in(1)
        with open_microphone(fake) as microphone:
            blocks = iter(microphone)
            for _ in range(20):
                fake.clock.sleep(1.0)
                fake.streams[0].feed(1, has_overflow=True)
            taken(blocks, 21)
            assert len(caplog.records) == 1
            fake.clock.sleep(11.0)
            fake.streams[0].feed(1, has_overflow=True)
            taken(blocks, 22)
        assert len(caplog.records) == 2
        assert microphone.n_overflows == 21

    def test_a_caller_far_behind_real_time_ends(self, plug_in):
        fake = plug_in(MOST_BLOCKS + 1)
        with open_microphone(fake) as microphone:
            blocks = iter(microphone)
            next(blocks)
            fake.streams[0].feed(1)
            list(islice(blocks, MOST_BLOCKS - 1))
            fake.clock.sleep(61.0)
            with pytest.raises(Overloaded, match="61 s behind"):
                list(blocks)


class TestUnplugged:
    def test_silence_replaces_the_time_unplugged(self, plug_in, caplog):
        fake = plug_in(5, FakeSounddevice.PortAudioError("Device unavailable", -9985), 5)
        with open_microphone(fake) as microphone:
            samples, numbers = taken(microphone, 10)
        assert [number for number in numbers if number] == list(range(1, 11))
        # Half a second until the first attempt, one more until the second.
        assert len(samples) == round(1.6 * RATE)
        assert not samples[5 * BLOCK : -5 * BLOCK].any()
        assert microphone.lost_s == pytest.approx(1.5)
        assert microphone.n_overflows == 0
        assert fake.n_scans == 1  # the first attempt goes without
        first, second = (record.getMessage() for record in caplog.records)
        assert first == "the microphone 'Built-in' is gone; waiting up to 60 s for it"
        assert second.startswith("the microphone 'Built-in' is back after 1.5 s")

    def test_an_error_of_stream_active_means_unplugged(self, plug_in):
        fake = plug_in(2, 2)
        fake.dead = fake.PortAudioError("Invalid stream pointer", -9988)
        with open_microphone(fake) as microphone:
            samples, _ = taken(microphone, 4)
        assert len(samples) == round(0.54 * RATE)

    def test_other_microphones_stay_open_while_one_reconnects(self, plug_in):
        refused = [FakeSounddevice.PortAudioError("Device unavailable")] * 2
        fake = plug_in(0, 2, *refused, 2)
        other = open_microphone(fake)
        with open_microphone(fake) as microphone:
            blocks = iter(microphone)
            list(islice(blocks, 2))
            list(islice(blocks, 45))  # two attempts, after 0.5 s and 1.5 s
            assert (fake.sessions, fake.n_scans) == ([2], 0)
            assert not fake.streams[0].is_closed
            other.close()
            taken(blocks, 4)
        assert fake.n_scans == 1

    def test_a_reopened_device_without_data_is_given_up(self, plug_in):
        fake = plug_in(1, *[0] * 30)
        reason = r"gone for 10 s \(it can be opened, but no audio arrives"
        with open_microphone(fake, give_up_s=10.0) as microphone, pytest.raises(DeviceUnavailable, match=reason):
            list(microphone)
        assert fake.n_scans == len(fake.streams) - 2 > 0

    def test_a_device_is_found_by_name_after_replugging(self, plug_in):
        fake = plug_in(1, 1, devices=[device("Built-in"), device("USB Camera")])
        with open_microphone(fake, "camera") as microphone:
            blocks = iter(microphone)
            next(blocks)
            fake.devices.insert(1, device("Headset"))
            taken(blocks, 2)
            assert microphone.device.number == 2
        assert [stream.settings["device"] for stream in fake.streams] == [1, 2]

    def test_the_rate_stays(self, plug_in):
        fake = plug_in(1, 1, devices=[device("Built-in")])
        with open_microphone(fake) as microphone:
            blocks = iter(microphone)
            next(blocks)
            fake.devices[0]["default_samplerate"] = 48_000.0
            taken(blocks, 2)
        assert [stream.settings["samplerate"] for stream in fake.streams] == [RATE, RATE]

    def test_a_device_without_data_counts_as_unplugged(self, plug_in, caplog):
        fake = plug_in(2)
        with open_microphone(fake) as microphone:
            blocks = iter(microphone)
            list(islice(blocks, 2))
            fake.clock.sleep(3.5)
            fake.sessions = [2]
            samples, _ = taken(blocks, 4)
        assert len(samples) == round(4.02 * RATE)
        assert len(caplog.records) == 2

    def test_for_good(self, plug_in):
        fake = plug_in(1, *[FakeSounddevice.PortAudioError("Device unavailable")] * 20)
        with open_microphone(fake, give_up_s=10.0) as microphone:
            blocks = iter(microphone)
            next(blocks)
            gone_since_s = fake.clock.now_s
            fake.devices.clear()
            silence = []
            with pytest.raises(DeviceUnavailable, match=r"'Built-in' has been gone for 10 s \(there is no microphone"):
                silence.extend(blocks)
        assert 10 <= fake.clock.now_s - gone_since_s < 20
        assert not any(block.any() for block in silence)
        assert sum(map(len, silence)) == pytest.approx((fake.clock.now_s - gone_since_s) * RATE, abs=1)

    def test_closing_ends_it_for_good(self, plug_in):
        fake = plug_in(2, 2)
        microphone = open_microphone(fake)
        blocks = iter(microphone)
        list(islice(blocks, 2))
        microphone.close()
        assert list(blocks) == []
        assert list(microphone) == []
        assert len(fake.streams) == 1

    def test_closing_while_reconnecting(self, plug_in):
        fake = plug_in(1, 1)
        microphone = open_microphone(fake)
        blocks = iter(microphone)
        list(islice(blocks, 2))
        microphone.close()
        assert list(blocks) == []
        assert len(fake.streams) == 1

    def test_warnings_of_the_time_before_are_kept(self, plug_in, caplog):
        fake = plug_in(0, 2, devices=[device("Pair", n_in=2)])
        with open_microphone(fake) as microphone:
            opposite = np.tile(np.float32([0.5, -0.5]), (BLOCK, 1))
            fake.streams[0].settings["callback"](opposite, BLOCK, None, None)
            blocks = iter(microphone)
            np.testing.assert_array_equal(next(blocks), 0.5)
            while not next(blocks).any():
                pass
        assert len(fake.streams) == 2
        assert "the microphone 'Pair': the channels cancel each other for 0.0" in caplog.messages[-1]

    def test_stopping_while_it_is_gone(self, plug_in):
        fake = plug_in(1, *[FakeSounddevice.PortAudioError("Device unavailable")] * 20)
        with open_microphone(fake) as microphone:
            blocks = iter(microphone)
            list(islice(blocks, 5))
            microphone.stop()
            assert list(blocks) == []


class TestDevices:
    DEVICES = (device("HDMI", n_in=0), device("Built-in Microphone"), device("USB Camera", n_in=2), device("USB Mixer"))

    def test_only_those_with_inputs_are_listed(self, plug_in):
        plug_in(devices=self.DEVICES, default=2)
        found = list_microphones()
        assert [(one.number, one.name, one.n_channels, one.is_default) for one in found] == [
            (1, "Built-in Microphone", 1, False),
            (2, "USB Camera", 2, True),
            (3, "USB Mixer", 1, False),
        ]

    @pytest.mark.parametrize(
        ("wanted", "number"), [(None, 3), (2, 2), ("built", 1), ("usb", 3), ("USB Camera", 2), ("usb mixer", 3)]
    )
    def test_devices_are_found_by_number_or_name(self, plug_in, wanted, number):
        plug_in(devices=self.DEVICES, default=3)
        assert find_microphone(wanted).number == number

    def test_without_a_default_device_the_first_is_used(self, plug_in):
        plug_in(devices=self.DEVICES, default=None)
        assert find_microphone(None).number == 1

    @pytest.mark.parametrize(
        ("wanted", "words"),
        [
            ("USB Camra", "no microphone 'USB Camra' among 3; did you mean 'USB Camera' (2)"),
            ("zzz", "no microphone 'zzz' among 3; there is 'Built-in Microphone' (1) or 'USB Camera' (2) or"),
            (0, "no microphone 0 among 3; there is 'Built-in Microphone' (1)"),
        ],
    )
    def test_an_unknown_device_suggests_similar_names(self, plug_in, wanted, words):
        fake = plug_in(devices=self.DEVICES)
        with pytest.raises(DeviceUnavailable) as caught:
            open_microphone(fake, wanted)
        assert words in str(caught.value)

    def test_no_microphone_at_all(self, plug_in):
        plug_in(devices=[device("HDMI", n_in=0)])
        assert list_microphones() == []
        with pytest.raises(DeviceUnavailable, match="there is no microphone on this machine; plug one in, or allow"):
            find_microphone(None)

    def test_a_busy_microphone_is_refused(self, plug_in):
        fake = plug_in(FakeSounddevice.PortAudioError("Error opening InputStream: Device unavailable", -9985))
        with pytest.raises(
            DeviceUnavailable, match=r"'Built-in' cannot be opened \(Error opening InputStream: Device un"
        ):
            open_microphone(fake)
        assert fake.streams[0].is_closed


class TestNotInstalled:
    def test_the_package(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "sounddevice", None)
        with pytest.raises(MissingExtra, match=r"needs the package 'sounddevice'; .* 'panns-audio\[mic\]'"):
            Microphone()

    def test_portaudio(self, monkeypatch):
        class NoLibrary:
            def find_spec(self, name, path=None, target=None):  # noqa: ARG002 - as Python calls it
                if name == "sounddevice":
                    raise OSError("PortAudio library not found")

        monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
        monkeypatch.setattr(sys, "meta_path", [NoLibrary(), *sys.meta_path])
        with pytest.raises(DeviceUnavailable, match=r"PortAudio library not found\); install it: 'apt install libport"):
            Microphone()
