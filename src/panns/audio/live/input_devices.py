"""Recording devices by name and number, from PortAudio through the package sounddevice."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from panns.errors import DeviceUnavailable, MissingExtra

# Virtual devices of sound systems offer dozens of channels, most of them silent, so their mean would be almost silent.
# Opened with one channel, such a device mixes the real ones itself.
_MOST_CHANNELS = 8
_N_NEAREST = 3


@dataclass(frozen=True)
class InputDevice:
    """A recording device.

    Attributes:
        number: Number in PortAudio's current list; it may change when a device is plugged in.
        name: Name of the device.
        n_channels: Number of channels that are recorded and mixed.
        sample_rate: Native sample rate, in Hz.
        is_default: True for the default device of the system.
    """

    number: int
    name: str
    n_channels: int
    sample_rate: int
    is_default: bool


def import_sounddevice() -> Any:  # noqa: ANN401 - a module without types
    """Import the package sounddevice.

    Raises:
        MissingExtra: sounddevice is not installed.
        DeviceUnavailable: PortAudio is not installed.
    """
    try:
        import sounddevice as package
    except ImportError as exc:
        raise MissingExtra("listening to a microphone", package="sounddevice", extra="mic") from exc
    except OSError as exc:
        raise DeviceUnavailable(
            f"recording needs the library PortAudio, which cannot be loaded ({exc}); install it: "
            "'apt install libportaudio2' (Debian, Ubuntu), 'dnf install portaudio' (Fedora), "
            "'brew install portaudio' (macOS)"
        ) from exc
    return package


def list_microphones() -> list[InputDevice]:
    """List all recording devices.

    Raises:
        MissingExtra: sounddevice is not installed.
        DeviceUnavailable: PortAudio is not installed, or fails.
    """
    package = import_sounddevice()
    try:
        infos = list(enumerate(package.query_devices()))
    except package.PortAudioError as exc:
        raise DeviceUnavailable(
            f"the microphones cannot be listed ({error_text(exc)}); check whether other programs can use them"
        ) from exc
    try:
        default = package.query_devices(kind="input")["index"]
    except (package.PortAudioError, ValueError):  # no default device
        default = None
    return [
        _device(number, info, is_default=number == default) for number, info in infos if info["max_input_channels"] > 0
    ]


def find_microphone(wanted: str | int | None) -> InputDevice:
    """Find a recording device.

    Args:
        wanted: Number, name or part of the name, in any case; None for the default device of the system.

    Raises:
        MissingExtra: sounddevice is not installed.
        DeviceUnavailable: There is no such device, or PortAudio is not installed.
    """
    devices = list_microphones()
    if not devices:
        raise DeviceUnavailable("there is no microphone on this machine; plug one in, or allow this program to use it")
    fitting = _fitting(devices, wanted)
    if not fitting:
        raise DeviceUnavailable(f"no microphone {wanted!r} among {len(devices)}; {_nearest(devices, wanted)}")
    return fitting[0]


def error_text(error: Exception) -> str:
    """PortAudio's message, without the details that sounddevice adds for developers."""
    return str(error.args[0] if error.args else error) or type(error).__name__


def _device(number: int, info: Mapping[str, Any], *, is_default: bool) -> InputDevice:
    n_channels = int(info["max_input_channels"])
    return InputDevice(
        number=number,
        name=str(info["name"]),
        n_channels=n_channels if n_channels <= _MOST_CHANNELS else 1,
        sample_rate=round(info["default_samplerate"]),
        is_default=is_default,
    )


def _fitting(devices: Sequence[InputDevice], wanted: str | int | None) -> list[InputDevice]:
    """Return the matching devices, best first. Some systems list a device several times under one name."""
    if wanted is None:
        return sorted(devices, key=lambda device: not device.is_default)
    if isinstance(wanted, int):
        return [device for device in devices if device.number == wanted]
    name = wanted.casefold()
    same = [device for device in devices if device.name.casefold() == name]
    alike = [device for device in devices if name in device.name.casefold()]
    return same + sorted(alike, key=lambda device: not device.is_default)


def _nearest(devices: Sequence[InputDevice], wanted: str | int | None) -> str:
    names = {device.name.casefold(): device for device in reversed(devices)}
    near = difflib.get_close_matches(str(wanted).casefold(), names, n=_N_NEAREST, cutoff=0.4)
    shown = [names[name] for name in near] or devices[:_N_NEAREST]
    listed = " or ".join(f"{device.name!r} ({device.number})" for device in shown)
    return f"did you mean {listed}?" if near else f"there is {listed}"
