"""From a name to a runnable checkpoint: the cache, downloads, conversion of published files."""
