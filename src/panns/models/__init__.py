"""The registry of models: configs and records of published weights, one family per file. Plain data, without torch."""

from panns.models import bottleneck_resnet as bottleneck_resnet
from panns.models import causal_crnn as causal_crnn
from panns.models import cnn as cnn
from panns.models import cnn_attention as cnn_attention
from panns.models import dymn as dymn
from panns.models import efficientat as efficientat
from panns.models import ensemble as ensemble
from panns.models import frame_mobilenet as frame_mobilenet
from panns.models import mobilenet as mobilenet
from panns.models import patch_attention as patch_attention
from panns.models import residual_cnn as residual_cnn
from panns.models import resnet as resnet
from panns.models import spectrogram_transformer as spectrogram_transformer
from panns.models import strided_mobilenet as strided_mobilenet
from panns.models import transfer as transfer
from panns.models import wave1d as wave1d
from panns.models import wavegram as wavegram
from panns.models import yamnet as yamnet
from panns.models.base import ModelConfig
from panns.models.registry import ModelEntry, find_model, list_models

__all__ = ["ModelConfig", "ModelEntry", "find_model", "list_models"]
