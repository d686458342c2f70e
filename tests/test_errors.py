import builtins
import inspect
import re

import pytest

from panns import errors
from panns.errors import MissingExtra, PannsError, one_line

TREE = dict(re.findall(r"[├└]── (\w+) +\((\w+)\)", errors.__doc__))
CLASSES = {
    name: value for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)
}


def test_tree_in_the_docstring_names_every_error():
    assert set(TREE) == set(CLASSES) - {"PannsError"}


@pytest.mark.parametrize("name", TREE)
def test_every_error_is_a_panns_error_and_a_builtin_error(name):
    assert CLASSES[name].__bases__ == (PannsError, getattr(builtins, TREE[name]))


def test_missing_extra_says_what_needs_it_and_how_to_install_it():
    error = MissingExtra("decoding MP4", package="av", extra="media")
    assert str(error) == "decoding MP4 needs the package 'av'; install it with: pip install 'panns-audio[media]'"
    assert error.extra == "media"


def test_words_of_a_library_become_one_line():
    assert one_line(RuntimeError("version 1:\n  unknown\r\n")) == "version 1: unknown"
