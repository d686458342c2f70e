from panns.cli.options import DeviceChoice
from panns.cli.options.model_options import BackendChoice, EventModelOptions, ModelOptions
from panns.runtime.backend import BACKENDS, DEVICES
from panns.system.defaults import DEFAULT_MODEL, EVENT_MODEL


def test_choices_match_the_runtime():
    assert tuple(BackendChoice) == BACKENDS
    assert tuple(DeviceChoice) == DEVICES


def test_default_models():
    assert ModelOptions().model == DEFAULT_MODEL
    assert EventModelOptions().model == EVENT_MODEL
