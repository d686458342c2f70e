"""What exists: registered models, their published weights, checkpoints. Plain data, no torch."""

from panns.models import cnn as cnn
from panns.models import compact_cnn as compact_cnn
from panns.models import efficientat as efficientat
from panns.models.registry import ModelConfig, ModelEntry, find_model, list_models

__all__ = ["ModelConfig", "ModelEntry", "find_model", "list_models"]
