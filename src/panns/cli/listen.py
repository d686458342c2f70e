"""`panns listen`: events of a microphone, a pipe, a network address, or a file played like one."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.options.events import EventOptions, EventThreshold, parse_threshold
from panns.cli.options.grouping import with_option_groups
from panns.cli.options.model_options import EventModelOptions, describe
from panns.cli.render import live_formats
from panns.cli.terminal import bars
from panns.cli.terminal.live_source import MeteredSound, is_address, live_delays, open_live_source
from panns.cli.terminal.output import complain, print_json, print_line
from panns.cli.terminal.signals import stopping
from panns.errors import DeviceUnavailable, PannsError
from panns.system.safe_text import printable

if TYPE_CHECKING:
    from panns.cli.render.live_formats import Delays
    from panns.detection.live import LiveEvent
    from panns.detection.stream import Stream
    from panns.labels import LabelSet


@with_option_groups
def listen(
    mic: Annotated[
        str | None,
        typer.Option(
            "--mic",
            "-d",
            metavar="NAME|NUMBER",
            help="Microphone: its number, or a part of its name. Default: the microphone selected in the system.",
            show_default=False,
        ),
    ] = None,
    wait_s: Annotated[
        float | None,
        typer.Option(
            "--wait",
            metavar="S",
            min=0,
            help="Maximum time to wait for an unplugged microphone or a lost connection, in seconds. Default: 60.",
            show_default=False,
        ),
    ] = None,
    list_devices: Annotated[
        bool, typer.Option("--list-devices", help="List the microphones and exit; with --json as JSON.")
    ] = False,
    file: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE|-|URL",
            help="Listen to a file, played in real time; to standard input (-), while it arrives; or to an address "
            "(http, https, rtsp, rtsps), with reconnection.",
            show_default=False,
        ),
    ] = None,
    pace: Annotated[
        float | None,
        typer.Option(
            metavar="TIMES",
            help="Playback speed of a file or pipe: 2 for twice as fast, 0 for as fast as possible. Default: 1.",
            show_default=False,
        ),
    ] = None,
    duration_s: Annotated[
        float | None,
        typer.Option(
            "--duration", metavar="S", help="Stop after this duration, in seconds. Default: never.", show_default=False
        ),
    ] = None,
    *,
    model: EventModelOptions,
    threshold: EventThreshold = None,
    events: EventOptions,
    lang: options.Language = options.LanguageChoice.en,
    as_json: options.AsJson = False,
) -> None:
    """Listen to a microphone.

    Prints events as they start and end, until Ctrl-C; on a terminal also the level and the most probable classes. The
    events are those that `panns detect` finds in a file with the same sound.
    """
    _refuse_contradictions(mic, wait_s, file, pace, duration_s, list_devices=list_devices)
    if list_devices:
        _print_devices(as_json)
        return
    parsed_threshold = parse_threshold(threshold)
    recognizer = model.load(n_threads=1)  # a block is too small to divide among threads
    settings = events.for_model(recognizer, parsed_threshold)
    source = open_live_source(mic, wait_s, file, pace)
    with closing(source), stopping(source.stop):
        stream = recognizer.stream(source.sample_rate, **settings._asdict())
        sound = MeteredSound(source, duration_s)
        delays = live_delays(source, stream)
        _note(live_formats.head(source.name, source.sample_rate, describe(recognizer), delays))
        if as_json:
            architecture = recognizer.manifest.architecture
            print_json(live_formats.begin_record(source.name, source.sample_rate, architecture, delays))
        n_events, failure = _print_events(stream, sound, recognizer.manifest.labels, delays, lang, as_json=as_json)
    if as_json:
        print_json(live_formats.stop_record(sound.duration_s, n_events, source.lost_s, failure))
    _note(live_formats.foot(sound.duration_s, n_events, source.lost_s))
    for warning in source.warnings:
        complain(f"warning: {source.name}: {warning}")
    if failure is not None:
        raise failure


def _print_events(
    stream: Stream,
    sound: MeteredSound,
    labels: LabelSet,
    delays: Delays,
    language: options.LanguageChoice,
    *,
    as_json: bool,
) -> tuple[int, PannsError | None]:
    """Print events until the sound ends; return their number, and the error if the sound failed."""
    from panns.cli.terminal.live_view import LiveView
    from panns.detection.live import LiveEvents
    from panns.detection.live import listen as detect_live

    events, n_events = LiveEvents(stream.config.min_duration_s), 0
    with LiveView(labels, language, delays.scores_s) as view:
        try:
            for scores in detect_live(stream, sound):
                n_events += len(scores.events)
                _print(events.update(scores), sound.duration_s, language, as_json=as_json)
                view.update(scores, sound.peak)
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
        raise typer.BadParameter(
            "--list-devices only lists microphones; leave out --mic, --wait, --from, --pace and --duration"
        )
    if mic is not None and file is not None:
        raise typer.BadParameter("give one of --mic and --from, not both")
    if wait_s is not None and file is not None and not is_address(file):
        raise typer.BadParameter("--wait applies to a microphone or an address; leave it out with a file or pipe")
    if pace is not None and (file is None or is_address(file)):
        raise typer.BadParameter("--pace applies to a file or a pipe; give it with --from")
    if pace is not None and not 0 <= pace < float("inf"):
        raise typer.BadParameter(f"--pace {pace} is out of range; use a speed such as 2, or 0 for as fast as possible")
    if duration_s is not None and not 0 < duration_s < float("inf"):
        raise typer.BadParameter(
            f"--duration {duration_s} is out of range; use a number of seconds above 0, or leave it out to never stop"
        )


def _print(changes: list[LiveEvent], time_s: float, language: options.LanguageChoice, *, as_json: bool) -> None:
    if as_json:
        for record in live_formats.event_records(time_s, changes):
            print_json(record)
    else:
        for line in live_formats.text_lines(changes, language):
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
    """Print information on stderr, without the prefix of a problem."""
    bars.clear()
    print(printable(text), file=sys.stderr, flush=True)
