"""What a model is trained on: manifests of clips, and log-mels of them that are computed once."""
