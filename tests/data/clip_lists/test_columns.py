import pytest

from panns.data.clip_lists.columns import find_columns
from panns.errors import DataError


@pytest.mark.parametrize("slip", ["lables", "abels", "labelss", "label_", "lavels", "lebel", "labbel", "Lable"])
def test_one_slip_is_found(slip):
    with pytest.raises(DataError, match="did you mean 'label"):
        find_columns(["path", slip])


@pytest.mark.parametrize("other", ["folder", "target", "start", "end", "speaker", "split", "duration", "", "x" * 1000])
def test_other_names_are_no_slips(other):
    assert find_columns(["path", other, "label"]) == {"path": 0, "label": 2}


def test_what_is_there_is_not_meant_by_a_slip():
    with pytest.raises(DataError, match="'hold' is unknown; did you mean 'fold'"):
        find_columns(["path", "label", "hold"])
    assert find_columns(["path", "label", "hold", "fold"]) == {"path": 0, "label": 1, "fold": 3}
    assert find_columns(["path", "label", "sources", "source_id"]) == {"path": 0, "label": 1, "source": 3}
