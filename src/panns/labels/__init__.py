"""Label sets: class index to id to English and Chinese names, with parents. AudioSet's 527 classes are inside."""

from panns.labels.audioset import audioset
from panns.labels.label_set import Label, LabelSet

__all__ = ["Label", "LabelSet", "audioset"]
