"""Events in files of annotation programs: Raven, Audacity, Kaleidoscope, Label Studio, ELAN, RTTM."""

from __future__ import annotations

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.annotations.annotation_file import read_annotations

__all__ = ["AnnotatedSound", "Annotation", "read_annotations"]
