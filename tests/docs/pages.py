"""The pages of the documentation site and their code blocks.

A comment above a fenced block says what to do with it:

    <!-- runs -->                  a test runs it, in a folder with the example sounds
    <!-- runs: continued -->       Python that continues the Python block before it
    <!-- runs: torch -->           the same as `runs`, with an extra or a file that may be missing: torch, plot, weights
    <!-- not run: the reason -->   no test runs it

`bash`, `sh` and `console` blocks go to bash; of a `console` block only the lines that begin with `$ `. The other lines
are output that the commands must print, in this order, with the same numbers up to 0.01.
"""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load_script(path):
    """The module of a program outside any package."""
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = [path for path in load_script(ROOT / "docs" / "hooks.py").published() if path.suffix == ".md"]
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>(?:not run|runs)[^>]*?) -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
NEEDS = {"", "continued", "torch", "plot", "weights"}
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Block:
    mark: str
    language: str
    text: str

    @property
    def is_code(self):
        return self.language in {"bash", "sh", "console", "python"}

    @property
    def is_run(self):
        return self.mark.startswith("runs")

    @property
    def need(self):
        return self.mark.partition(":")[2].strip() if self.is_run else ""

    @property
    def code(self):
        if self.language != "console":
            return self.text
        return "".join(f"{line[2:]}\n" for line in self.text.splitlines() if line.startswith("$ "))

    @property
    def output(self):
        lines = self.text.splitlines() if self.language == "console" else []
        return [line for line in lines if line.strip() and not line.startswith("$ ")]


def blocks_of(markdown):
    return [Block(match["mark"] or "", match["language"], match["text"]) for match in FENCE.finditer(markdown)]


def is_printed(shown, printed):
    """True if the lines of `shown` are among those of `printed`, in this order, with numbers equal within 0.01."""
    rest = iter(printed)
    return all(any(is_same_line(line, other) for other in rest) for line in shown)


def is_same_line(one, other):
    words, other_words = (" ".join(NUMBER.sub("#", line).split()) for line in (one, other))
    numbers, other_numbers = ([float(number) for number in NUMBER.findall(line)] for line in (one, other))
    return words == other_words and all(abs(a - b) <= 0.01 for a, b in zip(numbers, other_numbers, strict=True))


def without_code(markdown):
    return FENCE.sub("", markdown)
