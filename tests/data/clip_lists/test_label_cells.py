import pytest

from panns.data.clip_lists import read_clip_list, write_clip_list
from panns.data.clip_lists.label_cells import parse_label_list
from panns.data.clips.clip import Clip, ClipList
from panns.errors import DataError


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("['dog', 'rain']", ("dog", "rain")),
        ('["dog", "rain"]', ("dog", "rain")),
        ('["Chicken, rooster"]', ("Chicken, rooster",)),
        ("['dog' 'rain']", ("dog", "rain")),
        ("['dog'\n 'rain']", ("dog", "rain")),
        ("('dog', 'rain')", ("dog", "rain")),
        ("('dog',)", ("dog",)),
        ("{'dog', 'rain'}", ("dog", "rain")),
        ("[\"dog's bark\", 'rain']", ("dog's bark", "rain")),
        ("[]", ()),
        ("dog", None),
        ("dog|rain", None),
        ("[dog]", None),
        ("'dog'", None),
        ("Bark (dog)", None),
        ("Dog ('big')", None),
        ("(Dog) bark (far)", None),
        ("", None),
    ],
)
def test_cells(cell, labels):
    assert parse_label_list(cell) == labels


@pytest.mark.parametrize(
    "cell",
    [
        "['dog', 3, 'x']",
        "['dog', ['cat'], 'x']",
        "['dog'.upper(), 'x']",
        "[['dog'], 'rain']",
        "['dog', None]",
        "[None, 'dog']",
        "[nan]",
        "array(['dog'], dtype=object)",
        "frozenset({'dog'})",
    ],
)
def test_lists_of_other_things_are_refused(cell):
    with pytest.raises(DataError, match=r"is not a list of labels; write them as dog\|rain"):
        parse_label_list(cell)


@pytest.mark.parametrize("column", ["labels", "label"])
def test_a_table_of_pandas(tmp_path, column):
    (tmp_path / "a.csv").write_text(f"path,{column}\na.wav,\"['dog', 'rain', 'bell']\"\nb.wav,bell\n")
    (tmp_path / "a.jsonl").write_text(f'{{"path": "a.wav", "{column}": "[\'dog\', \'rain\', \'bell\']"}}\n')
    for name in ("a.csv", "a.jsonl"):
        assert read_clip_list(tmp_path / name).clips[0].labels == ("dog", "rain", "bell")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("filename,fold,target,category,esc10,src_file,take", "a.wav,1,0,dog,True,100032,A"),
        ("file,class", "a.wav,dog"),
        ("slice_file_name,fsID,start,end,salience,fold,classID,class", "a.wav,1,0,4,1,1,3,dog"),
        ("fname,labels,mids,split", "a.wav,dog,/m/0,train"),
        ("path,filename,label,category", "a.wav,b.wav,dog,pets"),
    ],
)
def test_usual_tables(tmp_path, header, row):
    (tmp_path / "a.csv").write_text(f"{header}\n{row}\n")
    (clip,) = read_clip_list(tmp_path / "a.csv").clips
    assert (clip.path, clip.labels) == ("a.wav", ("dog",))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("path,dog,cat", r"'labels' or 'label' is missing among 'path', 'dog', 'cat'.*table\['labels'\] = "),
        ("file,filename,label", "the columns 'file', 'filename' may all be the path; rename one of them to 'path'"),
        ("path,class,category", "'class', 'category' may all be the label"),
    ],
)
def test_tables_that_need_a_change_name_it(tmp_path, header, message):
    (tmp_path / "a.csv").write_text(f"{header}\na.wav,1,0\n")
    with pytest.raises(DataError, match=message):
        read_clip_list(tmp_path / "a.csv")


def test_a_label_that_looks_like_a_list_is_not_written_to_a_table(tmp_path):
    clips = [Clip("a.wav", ("['dog']",))]
    with pytest.raises(DataError, match="would be read as a list"):
        write_clip_list(tmp_path / "a.csv", clips)
    write_clip_list(tmp_path / "a.jsonl", clips)
    assert list(read_clip_list(tmp_path / "a.jsonl").clips) == clips


def test_paths_with_a_tilde_or_backslashes(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "dog").mkdir()
    for name in ("dog/a.wav", "~1.wav"):
        (tmp_path / name).touch()
    clips = ClipList(tmp_path, ())
    for path in ("~/dog/a.wav", "dog\\a.wav", "~\\dog\\a.wav", "~1.wav"):
        assert clips.file(Clip(path)).is_file()
