"""Processing many sounds: expand paths to inputs, then compute results in worker threads, in order.

A file that fails does not stop the others: its result carries the error message.

    inputs = expand_paths(["recordings/", "*.flac"])
    for one in process_files(inputs, lambda source, on_progress: recognizer.tag(source, on_progress=on_progress)):
        print(one.file, one.error or one.result.tags)
"""

from panns.batch.inputs import STDIN, Input, expand_paths
from panns.batch.process import FileResult, ProcessFile, process_files

__all__ = ["STDIN", "FileResult", "Input", "ProcessFile", "expand_paths", "process_files"]
