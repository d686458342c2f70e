"""The architecture: imports run downward, some parts never import torch, and names are unique."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "panns"

# From the top down; a part may import from strictly lower lines, and from itself.
LAYERS = [
    {"__main__"},
    {"cli"},
    {"batch", "default_models", "hear", "plot", "training"},
    {"recognizer"},
    {"detection", "tasks"},
    {"hub"},
    {"export"},
    {"training.engine", "runtime"},
    {"networks"},
    {"published"},
    {"evaluation", "augment", "data", "checkpoints"},
    {"models"},
    {"frontend"},
    {"events", "metrics"},
    {"audio", "results"},
    {"clock", "labels"},
    {"config"},
    {"system"},
    {"errors", "version"},
]
HEIGHT = {part: -i for i, layer in enumerate(LAYERS) for part in layer}

FILES = sorted(PACKAGE.rglob("*.py"))
PARTS_WITH_TORCH = {"networks", "training", "training.engine", "export", "runtime", "hear"}
PARTS_WITHOUT_TORCH = HEIGHT.keys() - PARTS_WITH_TORCH
# Stems that several modules share, and why.
SHARED_STEMS = {
    "audio": "the audio of a clip list, read from its files or from shards",
    "config": "the settings dataclasses of a part, and the reader that fills them",
    "settings": "the settings of training and of a set of shards",
    "events": "events as the metrics, a plot or the options of the command line see them",
}
# Layers of their own inside another part.
PARTS_INSIDE = {"training.engine"}


def part_of_module(name):
    """The part that a module below `panns` belongs to; "" for the package itself."""
    inside = ".".join(name.split(".")[1:3])
    return inside if inside in PARTS_INSIDE else [*name.split("."), ""][1]


def part_of(path):
    """The part that a file belongs to; "" for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return part_of_module(".".join(["panns", *(part for part in parts if part != "__init__")]))


def imports(tree):
    """Every imported module by its full name, wherever in the file: at the top, in functions, for types alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            assert node.module is not None
            yield from ([f"panns.{alias.name}" for alias in node.names] if node.module == "panns" else [node.module])


def upward_imports(part, tree):
    own = [name for name in imports(tree) if name.partition(".")[0] == "panns"]
    targets = {name: part_of_module(name) for name in own}
    return [name for name, target in targets.items() if target != part and not HEIGHT.get(target, 0) < HEIGHT[part]]


def id_of(path):
    return str(path.relative_to(PACKAGE))


def test_the_page_shows_these_layers():
    page = (PACKAGE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"## Layers\n.*?```text\n(.*?)```", page, re.DOTALL)
    shown = [set(re.split(r", | \| ", line)) for line in block.splitlines()]
    assert shown == [layer for layer in LAYERS if layer != {"__main__"}]


def test_every_part_has_its_layer():
    assert {part_of(path) for path in FILES} - {""} <= HEIGHT.keys()


@pytest.mark.parametrize("path", FILES, ids=id_of)
def test_imports_run_downward(path):
    if part := part_of(path):  # the package itself only names the public things of all parts
        assert upward_imports(part, ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("runtime", "import panns.cli"),
        ("runtime", "from panns.training.engine.loop import train"),
        ("training.engine", "def f():\n    from panns.runtime import model"),
        ("models", "from panns import recognizer"),
        ("results", "if TYPE_CHECKING:\n    from panns.audio import Source"),
    ],
)
def test_an_upward_import_is_found(part, code):
    assert upward_imports(part, ast.parse(code))


@pytest.mark.parametrize("path", [path for path in FILES if part_of(path) in PARTS_WITHOUT_TORCH], ids=id_of)
def test_parts_without_torch_do_not_import_torch(path):
    tops = {name.partition(".")[0] for name in imports(ast.parse(path.read_text(encoding="utf-8")))}
    assert not tops & {"torch", "torchaudio", "safetensors", "onnx"}


def test_audio_imports_only_audio_clock_system_and_errors():
    used = {name for path in PACKAGE.glob("audio/**/*.py") for name in imports(ast.parse(path.read_text("utf-8")))}
    assert {name.split(".")[1] for name in used if name.startswith("panns.")} <= {"audio", "clock", "system", "errors"}


def test_annotations_do_not_import_what_is_above_them_in_data():
    files = PACKAGE.glob("data/annotations/*.py")
    used = {name for path in files for name in imports(ast.parse(path.read_text("utf-8")))}
    assert [name for name in used if name.startswith(("panns.data.review", "panns.data.event_clips"))] == []


def test_imports_are_absolute():
    relative = [
        path.name
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_module_names_are_specific():
    assert [id_of(path) for path in PACKAGE.rglob("*") if path.stem in {"utils", "util", "helpers", "misc"}] == []


def test_every_package_says_what_is_in_it():
    folders = sorted({path.parent for path in FILES})
    undescribed = [
        id_of(folder)
        for folder in folders
        if not (init := folder / "__init__.py").exists() or not ast.get_docstring(ast.parse(init.read_text("utf-8")))
    ]
    assert undescribed == []


def test_module_names_are_unique():
    paths = defaultdict(list)
    for path in FILES:
        if path.stem != "__init__":
            paths[path.stem].append(path.relative_to(PACKAGE).parent.as_posix())
    shared = {stem: folders for stem, folders in paths.items() if len(folders) > 1 and stem not in SHARED_STEMS}
    assert {stem: folders for stem, folders in shared.items() if not is_one_idea(folders)} == {}


def is_one_idea(folders):
    """A model family: its settings, network and published names. Or a command beside the module that does its work."""
    return set(folders) <= {"models", "networks", "published"} or (len(folders) == 2 and "cli" in folders)


def test_source_names_no_data_set():
    name = re.compile(r"esc[-_ ]?(10|50)\b|urban[-_ ]?sound|fsdd|heart_springer", re.IGNORECASE)
    assert [id_of(path) for path in FILES if name.search(path.read_text(encoding="utf-8"))] == []
