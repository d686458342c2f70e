import inspect
import json

import pytest

import panns
from tests.commands import run_panns, run_python, succeed

SLOW_TO_IMPORT = {"torch", "onnxruntime", "openvino", "scipy", "soundfile", "soxr", "numpy", "av", "rich", "pyarrow"}


def test_all_is_what_there_is():
    assert set(panns.__all__) == {"__version__", *panns._HOME_OF}
    assert len(panns.__all__) == len(set(panns.__all__))
    assert dir(panns) == sorted(panns.__all__)


@pytest.mark.parametrize("name", panns.__all__)
def test_every_public_name_has_a_value_and_says_what_it_is(name):
    value = getattr(panns, name)
    assert name == "__version__" or inspect.getdoc(value)


def test_star_import_gives_the_public_names():
    names = {}
    exec("from panns import *", names)  # noqa: S102 - a star is allowed in no function
    assert set(panns.__all__) <= names.keys()


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'panns' has no attribute 'nosuch'"):
        panns.nosuch  # noqa: B018
    assert not hasattr(panns, "detekt")


def loaded_by(code):
    listing = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    return set(json.loads(succeed(run_python(f"{code}\n{listing}")).splitlines()[-1]))


def test_import_costs_nothing():
    assert not loaded_by("import panns") & SLOW_TO_IMPORT


def test_listing_models_needs_neither_torch_nor_a_runtime():
    assert not loaded_by("import panns; panns.list_models()") & {"torch", "onnxruntime", "openvino", "scipy"}


def test_holding_a_recognizer_class_needs_no_torch():
    assert not loaded_by("import panns; panns.Recognizer") & {"torch", "openvino", "scipy", "av"}


def test_going_on_from_a_state_needs_no_torch():
    code = "import panns; panns.StreamState, panns.WindowConfig, panns.EventConfig, panns.push_all"
    assert not loaded_by(code) & {"torch", "openvino", "scipy", "av"}


def test_help_loads_nothing_heavy():
    code = "import sys; sys.argv = ['panns', '--help']; from panns.cli.main import main\n"
    code += "try: main()\nexcept SystemExit: pass"
    assert not loaded_by(code) & SLOW_TO_IMPORT


def test_version_is_one():
    assert run_panns("--version").stdout.split() == ["panns", panns.__version__]
