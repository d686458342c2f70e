"""Defaults of the Python API and the command line; imports nothing, so that `--help` can show them at once."""

DEFAULT_MODEL = "builtin"
EVENT_MODEL = "stream"  # of `detect` and `listen`
DEFAULT_THRESHOLD = 0.5
MAX_HOURS = 48.0  # longest sound that is accepted
