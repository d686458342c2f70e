"""Find the sounds of a folder that resemble a given one, by the cosine similarity of their embeddings.

Usage: python examples/embed_search.py FOLDER QUERY.wav
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import panns


def main(folder: str, query: str) -> None:
    """Print the files of `folder`, most similar first."""
    recognizer = panns.load("builtin")
    files = sorted(path for path in Path(folder).iterdir() if path.suffix in {".ogg", ".wav", ".flac", ".mp3"})
    vectors = np.stack([recognizer.embed(path).vector for path in files])  # (files, 384)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    wanted = recognizer.embed(query).vector
    similarities = vectors @ (wanted / np.linalg.norm(wanted))
    for i in np.argsort(-similarities):
        print(f"{similarities[i]:6.3f}  {files[i].name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
