import json
import re
import tomllib
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.config import config_from_dict, config_to_dict, read_toml, set_value
from panns.models import list_models
from panns.models.registry import read_config


@dataclass(frozen=True)
class Optim:
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    schedule: Literal["cosine", "constant"] = "cosine"
    clip_norm: float | None = None


@dataclass(frozen=True)
class Train:
    seed: int
    name: str = "run"
    amp: bool = True
    widths: tuple[int, ...] = (64, 128)
    optim: Optim = Optim()
    teacher: Optim | None = None
    limit: int | str | None = None


def test_nested_dataclasses_and_tuples_become_plain_data():
    assert config_to_dict(Train(seed=1, optim=Optim(clip_norm=2.0))) == {
        "seed": 1,
        "name": "run",
        "amp": True,
        "widths": [64, 128],
        "optim": {"lr": 0.001, "betas": [0.9, 0.999], "schedule": "cosine", "clip_norm": 2.0},
        "teacher": None,
        "limit": None,
    }


def test_reads_what_a_toml_file_holds():
    text = """
        seed = 3
        widths = [8, 16, 32]
        limit = "all"
        [optim]
        lr = 1          # a whole number where a float is meant
        schedule = "constant"
        [teacher]
        betas = [0.5, 1]
    """
    assert config_from_dict(Train, tomllib.loads(text)) == Train(
        seed=3,
        widths=(8, 16, 32),
        limit="all",
        optim=Optim(lr=1.0, schedule="constant"),
        teacher=Optim(betas=(0.5, 1.0)),
    )


def test_a_whole_number_for_a_float_becomes_a_float():
    assert isinstance(config_from_dict(Optim, {"lr": 1}).lr, float)
    assert isinstance(config_from_dict(Optim, {"clip_norm": 1}).clip_norm, float)


def test_an_instance_is_taken_as_it_is():
    optim = Optim(lr=0.5)
    assert config_from_dict(Train, {"seed": 0, "optim": optim}).optim is optim


finite = st.floats(allow_nan=False, allow_infinity=False)
optims = st.builds(
    Optim,
    lr=finite,
    betas=st.tuples(finite, finite),
    schedule=st.sampled_from(["cosine", "constant"]),
    clip_norm=st.none() | finite,
)
trains = st.builds(
    Train,
    seed=st.integers(),
    name=st.text(),
    amp=st.booleans(),
    widths=st.lists(st.integers()).map(tuple),
    optim=optims,
    teacher=st.none() | optims,
    limit=st.none() | st.integers() | st.text(),
)


@given(trains)
def test_json_brings_back_the_same(config):
    assert config_from_dict(Train, json.loads(json.dumps(config_to_dict(config)))) == config


@pytest.mark.parametrize("entry", list_models(), ids=lambda entry: entry.name)
def test_json_brings_back_the_config_of_every_model(entry):
    plain = json.loads(json.dumps(config_to_dict(entry.config)))
    assert read_config(entry.name, plain) == entry.config


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"seed": 1, "nmae": "x"}, "unknown setting 'nmae'; did you mean 'name'?"),
        ({"seed": 1, "optim": {"l_r": 1}}, "unknown setting 'optim.l_r'; did you mean 'optim.lr'?"),
        (
            {"seed": 1, "optim": {"momentum": 1}},
            "unknown setting 'optim.momentum'; known are betas, clip_norm, lr, schedule",
        ),
        ({"name": "x"}, "missing setting 'seed'"),
        ({"seed": "1"}, "seed='1' must be of type int"),
        ({"seed": 1.0}, "seed=1.0 must be of type int"),
        ({"seed": True}, "seed=True must be of type int"),
        ({"seed": None}, "seed=None must be of type int"),
        ({"seed": 1, "amp": 1}, "amp=1 must be of type bool"),
        ({"seed": 1, "name": 5}, "name=5 must be of type str"),
        ({"seed": 1, "widths": 64}, "widths=64 must be a list"),
        ({"seed": 1, "widths": "64"}, "widths='64' must be a list"),
        ({"seed": 1, "widths": [64, "128"]}, "widths[1]='128' must be of type int"),
        ({"seed": 1, "optim": {"betas": [0.9]}}, "optim.betas=[0.9] must have 2 values"),
        ({"seed": 1, "optim": {"betas": [0.9, "x"]}}, "optim.betas[1]='x' must be of type float"),
        ({"seed": 1, "optim": {"lr": True}}, "optim.lr=True must be of type float"),
        ({"seed": 1, "optim": {"schedule": "step"}}, "optim.schedule='step' is not one of 'cosine', 'constant'"),
        ({"seed": 1, "optim": {"schedule": ["cosine"]}}, "optim.schedule=['cosine'] is not one of"),
        ({"seed": 1, "optim": {"clip_norm": "1"}}, "optim.clip_norm='1' must be of type float"),
        ({"seed": 1, "optim": 5}, "optim is 5; it must be a table of settings"),
        ({"seed": 1, "optim": None}, "optim is None; it must be a table of settings"),
        ({"seed": 1, "teacher": {"lr": "x"}}, "teacher.lr='x' must be of type float"),
        ({"seed": 1, "limit": 1.5}, "limit=1.5 must be of type int; or limit=1.5 must be of type str"),
        ([("seed", 1)], "Train is [('seed', 1)]; it must be a table of settings"),
    ],
)
def test_refuses_what_does_not_fit(data, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        config_from_dict(Train, data)


def test_messages_name_the_place():
    with pytest.raises(ValueError, match=re.escape("unknown setting 'train.sede'; did you mean 'train.seed'?")):
        config_from_dict(Train, {"sede": 1}, where="train")
    with pytest.raises(ValueError, match=re.escape("missing setting 'train.seed'")):
        config_from_dict(Train, {}, where="train")
    with pytest.raises(ValueError, match=re.escape("train is 5; it must be a table")):
        config_from_dict(Train, 5, where="train")


def test_the_checks_of_the_dataclass_run():
    from panns.frontend import LogMelConfig

    with pytest.raises(ValueError, match="n_fft=3 must be an even number"):
        config_from_dict(LogMelConfig, {"n_fft": 3})


@pytest.mark.parametrize(
    ("assignment", "tables"),
    [
        ("optim.lr=1e-3", {"seed": 1, "optim": {"lr": 0.001}}),
        ("optim.lr = 3", {"seed": 1, "optim": {"lr": 3}}),
        ("optim.betas=[0.9, 0.95]", {"seed": 1, "optim": {"betas": [0.9, 0.95]}}),
        ("widths=[1]", {"seed": 1, "widths": [1]}),
        ("name=a plain text", {"seed": 1, "name": "a plain text"}),
        ("name='3'", {"seed": 1, "name": "3"}),
        ("name=3", {"seed": 1, "name": "3"}),
        ("name=2026-01-02", {"seed": 1, "name": "2026-01-02"}),
        ("seed=7", {"seed": 7}),
        ("amp=true", {"seed": 1, "amp": True}),
        ("teacher.lr=2", {"seed": 1, "teacher": {"lr": 2}}),
    ],
)
def test_set_value_sets_one_setting(assignment, tables):
    data = {"seed": 1}
    set_value(Train, data, assignment)
    assert data == tables


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("seed", "'seed' is not a setting; write key=value"),
        ("lr=1", "'lr' is ambiguous: optim.lr, teacher.lr"),
        ("optm.lr=1", "unknown setting 'optm.lr'; did you mean 'optim.lr'?"),
        ("lrr=1", "unknown setting 'lrr'; did you mean 'lr'?"),
        ("zzz=1", "unknown setting 'zzz'; known are "),
    ],
)
def test_an_unknown_setting_is_refused(assignment, message):
    data = {}
    with pytest.raises(ValueError, match=re.escape(message)):
        set_value(Train, data, assignment)
    assert data == {}


def test_invalid_toml_is_refused(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"x = \n")
    with pytest.raises(ValueError, match=r"a\.toml is not a TOML file.*line 1"):
        read_toml(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="is not a TOML file"):
        read_toml(path)
