import pytest

from tests import conftest


def test_a_missing_file_of_the_reference_data_skips_the_test(tmp_path, monkeypatch):
    monkeypatch.setattr(conftest, "ROOT", tmp_path / "checkout")
    shared = type(conftest.SHARED)(tmp_path, "shared")
    with pytest.raises(pytest.skip.Exception, match=r"needs shared.weights beside the checkout"):
        shared / "weights" / "a.pt"
    (tmp_path / "shared" / "weights").mkdir(parents=True)
    with pytest.raises(pytest.skip.Exception, match=r"a\.pt"):
        shared / "weights" / "a.pt"
    (tmp_path / "shared" / "weights" / "a.pt").write_text("content")
    assert (shared / "weights" / "a.pt").read_text() == "content"
    assert (shared / "weights/a.pt").read_text() == "content"
