"""`panns listen`: what sounds now."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import event_options, live_formats, options, progress
from panns.cli.answer import load_shown, told
from panns.cli.inputs import STDIN
from panns.cli.output import complain, print_json, print_line, printable
from panns.cli.signals import stopping
from panns.defaults import LISTEN_MODEL
from panns.errors import DeviceUnavailable, PannsError

if TYPE_CHECKING:
    from panns.audio import LiveSound, Microphone, PlayedFile
    from panns.audio.samples import Waveform
    from panns.tasks.live_events import LiveEvent


def listen(
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            "-d",
            metavar="NAME|NUMBER",
            help="The microphone, by its number or a part of its name; by default the system's choice.",
            show_default=False,
        ),
    ] = None,
    wait_s: Annotated[
        float, typer.Option("--wait", metavar="S", min=0, help="How long a microphone that is gone is waited for.")
    ] = 60.0,
    list_devices: Annotated[bool, typer.Option("--list-devices", help="List the microphones, and end.")] = False,
    file: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE|-",
            help="Play a file as if it came from a microphone; - is standard input, which is read to its end first.",
            show_default=False,
        ),
    ] = None,
    pace: Annotated[
        float | None,
        typer.Option(
            metavar="TIMES",
            help="With --from: times as fast as it sounds, 0 for as fast as it is heard; by default 1.",
            show_default=False,
        ),
    ] = None,
    duration_s: Annotated[
        float | None,
        typer.Option("--duration", metavar="S", help="End after so much sound.", show_default=False),
    ] = None,
    model: options.ModelName = LISTEN_MODEL,
    weights: options.WeightsFile = None,
    backend: options.Backend = options.BackendChoice.onnx,
    threshold: event_options.EventThreshold = None,
    release: event_options.Release = None,
    median_s: event_options.Median = None,
    min_gap_s: event_options.MinGap = None,
    min_duration_s: event_options.MinDuration = None,
    window_s: event_options.Window = None,
    hop_s: event_options.Hop = None,
    lang: options.Language = options.LanguageChoice.en,
    as_json: options.AsJson = False,
) -> None:
    """Listen to a microphone, or to a file as if it were one: events as they start and end, until Ctrl-C.

    On a terminal the level and the most probable classes are shown as well. The events are those that `panns detect`
    finds in a file of the same sound.
    """
    if list_devices:
        _print_devices(as_json)
        return
    if device is not None and file is not None:
        raise typer.BadParameter("give one of --device and --from, not both")
    if pace is not None and file is None:
        raise typer.BadParameter("--pace is how fast a file is played; give the file with --from")
    if pace is not None and not 0 <= pace < float("inf"):
        raise typer.BadParameter(f"--pace {pace} must be times as fast as the file sounds, or 0 for as fast as it goes")
    if duration_s is not None and not duration_s > 0:
        raise typer.BadParameter(f"--duration {duration_s} must be above 0 seconds")
    wanted = event_options.EventOptions(
        threshold=threshold,
        release=release,
        median_s=median_s,
        min_gap_s=min_gap_s,
        min_duration_s=min_duration_s,
        window_s=window_s,
        hop_s=hop_s,
    )
    # One thread: a block is too small to be shared.
    recognizer = load_shown(model, weights=weights, backend=backend, device="auto", n_threads=1)
    settings = wanted.settings_of(recognizer)

    from panns.audio import Microphone
    from panns.cli.live_view import LiveView
    from panns.tasks.live_events import LiveEvents

    sound = _open(device, wait_s, file, 1.0 if pace is None else pace)
    with sound, stopping(sound.stop):
        stream = recognizer.stream(sound.sample_rate, **settings._asdict())
        latency_s = stream.latency_s + (sound.latency_s if isinstance(sound, Microphone) else 0.0)
        _note(live_formats.head(sound.name, sound.sample_rate, told(recognizer), latency_s))
        if as_json:
            architecture = recognizer.manifest.architecture
            print_json(live_formats.begin_record(sound.name, sound.sample_rate, architecture, latency_s))
        events = LiveEvents(stream.config.min_duration_s)
        metered = _Metered(sound, duration_s)
        n_events, failure = 0, None
        with LiveView(recognizer.manifest.labels, lang, latency_s) as view:
            try:
                for scores in recognizer.listen(metered, **settings._asdict()):
                    found = events.take(scores)
                    n_events += len(scores.events)
                    _print(found, metered.duration_s, lang, as_json=as_json)
                    view.take(scores, metered.peak)
                    view.draw(metered.duration_s, events.going_on)
            except PannsError as error:
                failure = error
    lost_s = sound.lost_s if isinstance(sound, Microphone) else 0.0
    if as_json:
        error_text = None if failure is None else str(failure)
        print_json(live_formats.stop_record(metered.duration_s, n_events, lost_s, error_text))
    _note(live_formats.foot(metered.duration_s, n_events, lost_s))
    if failure is not None:
        raise failure
    if not isinstance(sound, Microphone):
        for warning in sound.warnings:
            complain(f"warning: {sound.name}: {warning}")


def _print(found: list[LiveEvent], time_s: float, language: options.LanguageChoice, *, as_json: bool) -> None:
    if as_json:
        for record in live_formats.event_records(time_s, found):
            print_json(record)
    else:
        for line in live_formats.text_lines(found, language):
            print_line(line)


class _Metered:
    """A sound, and how loud and how long it is as it passes; it ends after a duration, if one is wanted."""

    def __init__(self, sound: LiveSound, duration_s: float | None) -> None:
        self._sound = sound
        self._n_wanted = None if duration_s is None else max(1, round(duration_s * sound.sample_rate))
        self._n_samples = 0
        self.sample_rate = sound.sample_rate
        self.peak = 0.0

    @property
    def duration_s(self) -> float:
        """How much has passed."""
        return self._n_samples / self.sample_rate

    def __iter__(self) -> Iterator[Waveform]:
        for block in self._sound:
            piece = block if self._n_wanted is None else block[: self._n_wanted - self._n_samples]
            self._n_samples += len(piece)
            self.peak = float(abs(piece).max())
            yield piece
            if self._n_samples == self._n_wanted:
                return


def _open(device: str | None, wait_s: float, file: str | None, pace: float) -> Microphone | PlayedFile:
    from panns.audio import Microphone, PlayedFile

    if file is None:
        wanted = int(device) if device is not None and device.isdecimal() else device
        return Microphone(wanted, give_up_s=wait_s)
    return PlayedFile(sys.stdin.buffer if file == STDIN else Path(file), pace=pace)


def _print_devices(as_json: bool) -> None:
    from panns.audio import list_microphones

    devices = list_microphones()
    if not devices:
        raise DeviceUnavailable("there is no microphone on this machine; plug one in, or allow this program to use it")
    for one in devices:
        if as_json:
            print_json(vars(one))
        else:
            print_line(live_formats.device_line(one))


def _note(text: str) -> None:
    """Say on stderr what is no result and no complaint."""
    progress.clear()
    print(printable(text), file=sys.stderr, flush=True)
