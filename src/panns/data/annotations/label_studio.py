"""Tasks of Label Studio as JSON: a task per sound, its events as predictions, and the annotations of reviewers.

Formats: Label Studio, "Import pre-annotated data" (labelstud.io/guide/predictions) and "Label Studio JSON format of
annotated tasks" (labelstud.io/guide/task_format). The labelling interface needs the names `label` and `audio`:

    <View><Labels name="label" toName="audio"><Label value="Siren"/></Labels><Audio name="audio" value="$audio"/></View>
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.clip_lists.json_values import number_value, seconds_value, text_value
from panns.errors import DataError

# Files below the folder LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT of a Label Studio server.
_LOCAL_FILES = "/data/local-files/?d="


def label_studio_task(sound: AnnotatedSound) -> dict[str, Any]:
    """Task with the events of a sound as predictions."""
    regions = []
    for number, event in enumerate(sound.annotations):
        region: dict[str, Any] = {
            "id": hashlib.sha256(f"{sound.file}\n{number}".encode("utf-8", "surrogatepass")).hexdigest()[:10],
            "from_name": "label",
            "to_name": "audio",
            "type": "labels",
            "value": {"start": event.onset_s, "end": event.offset_s, "channel": 0, "labels": [event.label]},
        }
        if sound.duration_s is not None:
            region["original_length"] = sound.duration_s
        if event.score is not None:
            region["score"] = event.score
        regions.append(region)
    scores = [event.score for event in sound.annotations if event.score is not None]
    prediction = {
        "model_version": sound.model,
        "score": sum(scores) / len(scores) if scores else 0.0,
        "result": regions,
    }
    audio = _LOCAL_FILES + quote(sound.file.lstrip("/"), errors="surrogateescape")
    return {"data": {"audio": audio, "file": sound.file}, "predictions": [prediction]}


def read_label_studio(tasks: object) -> list[AnnotatedSound]:
    """Sounds of an export: the latest annotation of each task, else its predictions, with `is_reviewed` False.

    Raises:
        DataError: The JSON is something else.
    """
    if not isinstance(tasks, list):
        raise DataError("this is not a list of tasks; export the project as JSON")
    return [_sound(task, number) for number, task in enumerate(tasks, start=1)]


def _sound(task: object, number: int) -> AnnotatedSound:
    try:
        assert isinstance(task, dict)
        done = [one for one in task.get("annotations") or () if not one.get("was_cancelled", False)]
        answers = done or list(task.get("predictions") or ())
        regions = max(answers, key=lambda one: str(one.get("updated_at", "")))["result"] if answers else []
        events = [_event(one) for one in regions if "labels" in one.get("value", {})]
        return AnnotatedSound(_file(task["data"]), tuple(events), is_reviewed=bool(done))
    except (AssertionError, AttributeError, LookupError, TypeError, ValueError, StopIteration, RecursionError) as exc:
        if isinstance(exc, DataError):
            raise DataError(f"task {number}: {exc}") from exc
        raise DataError(
            f"task {number}: no labelled stretches of a sound are found ({type(exc).__name__}: {exc}); export the "
            "project as JSON, not as JSON-MIN"
        ) from exc


def _event(region: dict[str, Any]) -> Annotation:
    value = region["value"]
    (label,) = value["labels"][:1]
    return Annotation(
        text_value(label, "labels"),
        seconds_value(value["start"], "start"),
        seconds_value(value["end"], "end"),
        number_value(region.get("score"), "score"),
    )


def _file(data: dict[str, Any]) -> str:
    if "file" in data:
        return text_value(data["file"], "file")
    address = str(next(value for value in (data.get("audio"), *data.values()) if isinstance(value, str)))
    parts = urlsplit(address)
    return parse_qs(parts.query).get("d", [unquote(parts.path) if parts.scheme else address])[0]
