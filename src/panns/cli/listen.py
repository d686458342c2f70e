"""`panns listen`: what sounds now."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.options import events as event_options
from panns.cli.render import live_formats
from panns.cli.terminal import bars
from panns.cli.terminal.answering import load_shown, told
from panns.cli.terminal.live_sound import MeteredSound, delays_of, lost_s_of, open_sound, warnings_of
from panns.cli.terminal.output import complain, print_json, print_line, printable
from panns.cli.terminal.signals import stopping
from panns.errors import DeviceUnavailable, PannsError
from panns.system.defaults import LISTEN_MODEL

if TYPE_CHECKING:
    from panns.cli.render.live_formats import Delays
    from panns.detection.live import LiveEvent
    from panns.detection.stream import Stream
    from panns.labels import LabelSet


def listen(
    mic: Annotated[
        str | None,
        typer.Option(
            "--mic",
            "-d",
            metavar="NAME|NUMBER",
            help="The microphone, by its number or a part of its name; by default the system's choice.",
            show_default=False,
        ),
    ] = None,
    wait_s: Annotated[
        float | None,
        typer.Option(
            "--wait",
            metavar="S",
            min=0,
            help="How long a microphone that is gone is waited for; by default 60.",
            show_default=False,
        ),
    ] = None,
    list_devices: Annotated[
        bool, typer.Option("--list-devices", help="List the microphones, with --json for programs, and end.")
    ] = False,
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
    device: options.Device = options.DeviceChoice.auto,
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
    _refuse_contradictions(mic, wait_s, file, pace, duration_s, list_devices=list_devices)
    if list_devices:
        _print_devices(as_json)
        return
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
    recognizer = load_shown(model, weights=weights, backend=backend, device=device, n_threads=1)
    settings = wanted.settings_of(recognizer)
    sound = open_sound(mic, wait_s, file, 1.0 if pace is None else pace)
    with sound, stopping(sound.stop):
        stream = recognizer.stream(sound.sample_rate, **settings._asdict())
        heard = MeteredSound(sound, duration_s)
        delays = delays_of(sound, stream)
        _note(live_formats.head(sound.name, sound.sample_rate, told(recognizer), delays))
        if as_json:
            print_json(
                live_formats.begin_record(sound.name, sound.sample_rate, recognizer.manifest.architecture, delays)
            )
        n_events, failure = _hear(stream, heard, recognizer.manifest.labels, delays, lang, as_json=as_json)
    lost_s = lost_s_of(sound)
    if as_json:
        print_json(live_formats.stop_record(heard.duration_s, n_events, lost_s, failure))
    _note(live_formats.foot(heard.duration_s, n_events, lost_s))
    if failure is not None:
        raise failure
    for warning in warnings_of(sound):
        complain(f"warning: {sound.name}: {warning}")


def _hear(
    stream: Stream,
    sound: MeteredSound,
    labels: LabelSet,
    delays: Delays,
    language: options.LanguageChoice,
    *,
    as_json: bool,
) -> tuple[int, PannsError | None]:
    """Tell what is heard until the sound ends: how many events, and why it could not go on, if so."""
    from panns.cli.terminal.live_view import LiveView
    from panns.detection.live import LiveEvents
    from panns.detection.live import listen as listen_to

    events, n_events = LiveEvents(stream.config.min_duration_s), 0
    with LiveView(labels, language, delays.scores_s) as view:
        try:
            for scores in listen_to(stream, sound):
                n_events += len(scores.events)
                _print(events.update(scores), sound.duration_s, language, as_json=as_json)
                view.take(scores, sound.peak)
                view.draw(sound.duration_s, events.active)
        except PannsError as error:
            return n_events, error
    return n_events, None


def _refuse_contradictions(
    mic: str | None,
    wait_s: float | None,
    file: str | None,
    pace: float | None,
    duration_s: float | None,
    *,
    list_devices: bool,
) -> None:
    if list_devices and any(one is not None for one in (mic, wait_s, file, pace, duration_s)):
        raise typer.BadParameter("--list-devices hears nothing; leave out --mic, --wait, --from, --pace and --duration")
    if mic is not None and file is not None:
        raise typer.BadParameter("give one of --mic and --from, not both")
    if wait_s is not None and file is not None:
        raise typer.BadParameter("--wait is how long a microphone is waited for; leave it out with --from")
    if pace is not None and file is None:
        raise typer.BadParameter("--pace is how fast a file is played; give the file with --from")
    if pace is not None and not 0 <= pace < float("inf"):
        raise typer.BadParameter(f"--pace {pace} must be times as fast as the file sounds, or 0 for as fast as it goes")
    if duration_s is not None and not 0 < duration_s < float("inf"):
        raise typer.BadParameter(
            f"--duration {duration_s} must be a number of seconds above 0; leave it out to listen on and on"
        )


def _print(found: list[LiveEvent], time_s: float, language: options.LanguageChoice, *, as_json: bool) -> None:
    if as_json:
        for record in live_formats.event_records(time_s, found):
            print_json(record)
    else:
        for line in live_formats.text_lines(found, language):
            print_line(line)


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
    bars.clear()
    print(printable(text), file=sys.stderr, flush=True)
