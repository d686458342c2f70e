"""What is meant where nothing is said; imports nothing, so that the command line can show it at once."""

DEFAULT_MODEL = "builtin"
LISTEN_MODEL = "stream"
DEFAULT_THRESHOLD = 0.5
