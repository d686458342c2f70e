"""What is used where nothing is named. Imports nothing, so that the command line may read it at once."""

DEFAULT_MODEL = "builtin"
