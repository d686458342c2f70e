import time

import pytest

from panns.data.clip_lists.columns import find_columns
from panns.errors import DataError


@pytest.mark.parametrize("name", ["lables", "abels", "labelss", "label_", "lavels", "lebel", "labbel", "Lable"])
def test_typing_mistake_is_refused(name):
    with pytest.raises(DataError, match="did you mean 'label"):
        find_columns(["path", name])


@pytest.mark.parametrize("other", ["folder", "target", "start", "end", "speaker", "split", "duration", "", "x" * 1000])
def test_other_columns_are_ignored(other):
    assert find_columns(["path", other, "label"]) == {"path": 0, "label": 2}


def test_mistake_counts_only_if_its_column_is_missing():
    with pytest.raises(DataError, match="'hold' is unknown; did you mean 'fold'"):
        find_columns(["path", "label", "hold"])
    assert find_columns(["path", "label", "hold", "fold"]) == {"path": 0, "label": 1, "fold": 3}
    assert find_columns(["path", "label", "sources", "source_id"]) == {"path": 0, "label": 1, "source": 3}


def test_many_columns_take_no_time():
    """Each name was compared with all others, and all of them were in the message."""
    names = [f"column {i}" for i in range(20_000)]
    start_s = time.process_time()
    assert find_columns(["path", "label", *names]) == {"path": 0, "label": 1}
    with pytest.raises(DataError, match=r"'path' is missing among 'column 0'.* and 19,980 more") as caught:
        find_columns(names)
    assert len(str(caught.value)) < 1000
    assert time.process_time() - start_s < 20  # comparing all names takes minutes
