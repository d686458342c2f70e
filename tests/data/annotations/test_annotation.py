"""An event that an annotation program stores."""

import math

import pytest

from panns.data.annotations import Annotation
from panns.errors import DataError


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((" ", 0.0, 1.0), "label of an event is missing"),
        (("nan", 0.0, 1.0), "label of an event is missing"),
        (("\ud800", 0.0, 1.0), "is not text"),
        (("Dog", -0.5, 1.0), "'Dog' from -0.5 to 1 s is not in a sound"),
        (("Dog", -2.0, -3.0), "'Dog' from -2 to -3 s is not in a sound"),
        (("Dog", 1.0, 1.0), "'Dog' from 1 to 1 s has no length"),
        (("Dog", 1.0, -1.0), "'Dog' from 1 to -1 s has no length"),
        (("Dog", 0.0, math.inf), "'Dog' from 0 to inf s is not in a sound"),
        (("Dog", math.nan, 1.0), "'Dog' from nan to 1 s is not in a sound"),
        (("Dog", 0.0, math.nan), "'Dog' from 0 to nan s is not in a sound"),
        (("Dog", 0.0, 1.0, math.nan), "'Dog' has the score nan"),
        (("Dog", 0.0, 1.0, -math.inf), "'Dog' has the score -inf"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(DataError, match=words):
        Annotation(*arguments)
