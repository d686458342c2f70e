"""Label sets: index, id, English and Chinese name and parents of every class. Includes AudioSet's 527 classes."""

from panns.labels.audioset import audioset
from panns.labels.label_set import Label, LabelSet
from panns.labels.named import named_labels

__all__ = ["Label", "LabelSet", "audioset", "named_labels"]
