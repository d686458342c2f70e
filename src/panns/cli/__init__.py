"""The command line: one verb a file. Only here is anything printed."""
