from panns.cli.options import BackendChoice, DeviceChoice
from panns.runtime.backend import BACKENDS, DEVICES


def test_choices_are_those_of_the_runtime():
    assert tuple(BackendChoice) == BACKENDS
    assert tuple(DeviceChoice) == DEVICES
