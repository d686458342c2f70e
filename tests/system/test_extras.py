import pytest

from panns.errors import MissingExtra
from panns.system.extras import require


def test_installed_packages():
    require("json", "numpy", what="testing", extra="dev")


def test_a_missing_package_names_its_extra():
    with pytest.raises(MissingExtra, match="drawing needs the package 'nosuch_package'") as caught:
        require("json", "nosuch_package", what="drawing", extra="plot")
    assert "panns-audio[plot]" in str(caught.value)
    assert caught.value.extra == "plot"
