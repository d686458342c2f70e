"""From a settings file, or a folder of sounds, to a checkpoint: what `panns train` and `panns finetune` do."""
