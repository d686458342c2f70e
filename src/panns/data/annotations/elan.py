"""Documents of ELAN (`.eaf`): one sound each, a tier for each class, because events on one tier may not overlap.

Format: ELAN Annotation Format 3.0, MPI for Psycholinguistics (mpi.nl/tools/elan/EAFv3.0.xsd). Times are milliseconds.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NoReturn
from urllib.parse import unquote, urlsplit

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.errors import DataError

_SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_TYPE = "default-lt"
# Characters that XML cannot hold.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def elan_document(sound: AnnotatedSound) -> str:
    """The text of a document with the events of a sound."""
    path = Path(sound.file).absolute()
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "panns",
            "DATE": datetime.now(UTC).isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": _SCHEMA_INSTANCE,
            "xsi:noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    media = {
        "MEDIA_URL": path.as_uri(),
        "MIME_TYPE": "audio/x-wav" if path.suffix.lower() == ".wav" else "unknown",
        "RELATIVE_MEDIA_URL": f"./{_text(path.name)}",
    }
    ET.SubElement(header, "MEDIA_DESCRIPTOR", media)
    ET.SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"}).text = str(len(sound.annotations))
    order = ET.SubElement(root, "TIME_ORDER")
    number = 0
    for label in dict.fromkeys(event.label for event in sound.annotations):
        tier = ET.SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": _TYPE, "TIER_ID": _text(label)})
        for event in sorted(sound.annotations, key=lambda event: event.onset_s):
            if event.label != label:
                continue
            number += 1
            start = round(event.onset_s * 1000)
            slots = f"ts{2 * number - 1}", f"ts{2 * number}"
            for slot, time in zip(slots, (start, max(round(event.offset_s * 1000), start + 1)), strict=True):
                ET.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": slot, "TIME_VALUE": str(time)})
            content = {"ANNOTATION_ID": f"a{number}", "TIME_SLOT_REF1": slots[0], "TIME_SLOT_REF2": slots[1]}
            aligned = ET.SubElement(ET.SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", content)
            ET.SubElement(aligned, "ANNOTATION_VALUE").text = _text(label)
    if not sound.annotations:
        ET.SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": _TYPE, "TIER_ID": "default"})
    ET.SubElement(
        root, "LINGUISTIC_TYPE", {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": _TYPE, "TIME_ALIGNABLE": "true"}
    )
    ET.indent(root)
    # In ASCII, with references to other characters, the text is right in any encoding that stdout may have.
    text: bytes = ET.tostring(root, "us-ascii", xml_declaration=False)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text.decode("ascii")}'


def read_elan(file: BinaryIO) -> list[AnnotatedSound]:
    """Read the sound of a document and the events on its time-aligned tiers.

    Raises:
        DataError: The document is damaged, has a document type (which may hide a file or gigabytes of text), or names
            no sound.
    """
    try:
        root = ET.parse(file, ET.XMLParser(target=_NoDocumentType())).getroot()  # noqa: S314 - entities are refused
        times = {slot.attrib["TIME_SLOT_ID"]: slot.get("TIME_VALUE") for slot in root.iterfind("TIME_ORDER/TIME_SLOT")}
        events = [
            event
            for tier in root.iterfind("TIER")
            for one in tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION")
            if (event := _event(one, tier.attrib["TIER_ID"], times)) is not None
        ]
        media = root.find("HEADER/MEDIA_DESCRIPTOR")
        addresses = {} if media is None else media.attrib
        path = _path(addresses.get("MEDIA_URL") or addresses.get("RELATIVE_MEDIA_URL", ""))
    except (ET.ParseError, LookupError, ValueError, OverflowError) as exc:
        if isinstance(exc, DataError):
            raise
        raise DataError(f"this is not a document of ELAN ({exc}); save it again in ELAN") from exc
    if not path:
        raise DataError("the document names no sound; add it in ELAN by Edit > Linked Files")
    return [AnnotatedSound(path, tuple(sorted(events, key=lambda event: event.onset_s)))]


def _event(annotation: ET.Element, tier: str, times: dict[str, str | None]) -> Annotation | None:
    start, end = (times[annotation.attrib[f"TIME_SLOT_REF{side}"]] for side in (1, 2))
    if start is None or end is None:
        return None  # on a tier that divides another one, whose events have the times
    label = (annotation.findtext("ANNOTATION_VALUE") or "").strip() or tier
    return Annotation(label, int(start) / 1000, int(end) / 1000)


def _path(address: str) -> str:
    """Path of an address. ELAN does not escape the characters of a name, so `#` and `?` are part of it."""
    if address.startswith("file:"):
        path = re.sub("^//[^/]*(?=/)", "", address.removeprefix("file:"))  # without the host
    else:
        path = urlsplit(address).path if "://" in address else address
    path = unquote(path)
    return path[1:] if re.match(r"/[A-Za-z]:", path) else path


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


class _NoDocumentType(ET.TreeBuilder):
    def doctype(self, *_: object) -> NoReturn:
        raise DataError("the document has a document type, which ELAN never writes; save it again in ELAN")
