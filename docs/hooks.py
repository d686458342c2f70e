"""Build hook of the documentation site: it takes pages from the whole repository, also from outside `docs/`.

Pages keep their paths in the repository, so that their links work on the site and in a checkout alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).resolve().parent.parent
# Pages, and the files that they link to.
PATTERNS = (
    "*.md",
    "CITATION.cff",
    "LICENSE",
    "docs/**/*.md",
    "docs/**/*.svg",
    "docs/**/*.png",
    "docs/settings.toml",
    "recipes/**/*.md",
    "recipes/**/*.png",
    "recipes/**/*.toml",
    "benchmarks/*.md",
    "examples/*.py",
    "examples/README.md",
)


def published() -> list[Path]:
    """The pages of the site, and the files that they link to."""
    return sorted({path for pattern in PATTERNS for path in ROOT.glob(pattern)})


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take the pages from the whole repository."""
    from mkdocs.structure.files import File, Files

    theme = [file for file in files if file.src_dir != config.docs_dir]
    pages = [
        File(path.relative_to(ROOT).as_posix(), str(ROOT), config.site_dir, config.use_directory_urls)
        for path in published()
    ]
    return Files([*theme, *pages])
