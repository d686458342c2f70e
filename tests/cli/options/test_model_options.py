from panns.cli.options import DeviceChoice
from panns.cli.options.model_options import BackendChoice, LiveModelOptions, ModelOptions
from panns.runtime.backend import BACKENDS, DEVICES
from panns.system.defaults import DEFAULT_MODEL, LISTEN_MODEL


def test_choices_match_the_runtime():
    assert tuple(BackendChoice) == BACKENDS
    assert tuple(DeviceChoice) == DEVICES


def test_default_models():
    assert ModelOptions().model == DEFAULT_MODEL
    assert LiveModelOptions().model == LISTEN_MODEL
