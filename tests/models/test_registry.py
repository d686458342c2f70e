import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

import panns.models
from panns.errors import UnknownModel
from panns.labels import named_labels
from panns.models.registry import find_model, list_models, register

ENTRIES = list_models()
WITH_WEIGHTS = [entry for entry in ENTRIES if entry.weights is not None]


def snake_case(class_name):
    """`Cnn14_DecisionLevelMax` becomes `cnn14_decision_level_max`; `ResNet22` and `MobileNetV1` stay one word."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])(?!Net|V\d)", "_", class_name).lower()


def test_names_are_unique_and_in_snake_case():
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)] == []


@pytest.mark.parametrize("labels", sorted({entry.labels for entry in ENTRIES}))
def test_every_model_has_one_label_for_each_class(labels):
    sizes = {entry.name: entry.config.n_classes for entry in ENTRIES if entry.labels == labels}
    assert sizes == dict.fromkeys(sizes, len(named_labels(labels)))


def test_an_unknown_label_set_is_refused():
    with pytest.raises(ValueError, match=r"no label set 'birds'; .* audioset"):
        named_labels("birds")


def test_every_class_of_the_zoo_is_registered(shared):
    zoo = json.loads((shared / "reference/panns_zoo.json").read_text())["models"]
    wanted = {snake_case(name) for name in zoo}
    assert {
        "cnn6",
        "cnn14_decision_level_max",
        "mobilenetv2",
        "resnet22",
        "wavegram_logmel128_cnn14",
        "res1dnet31",
    } <= wanted
    assert wanted <= {entry.name for entry in ENTRIES}


def test_every_model_with_golden_outputs_is_registered(shared):
    efficientat = json.loads((shared / "reference/efficientat/state_dicts.json").read_text())
    ced = json.loads((shared / "reference/ced/state_dicts.json").read_text())
    assert {f"{name}_as" for name in efficientat} | set(ced) <= {entry.name for entry in ENTRIES}


def test_records_equal_the_zoo(shared):
    zoo = json.loads((shared / "reference/panns_zoo.json").read_text())["models"]
    for class_name, facts in zoo.items():
        weights, checkpoint = find_model(snake_case(class_name)).weights, facts["checkpoint"]
        if checkpoint is None:
            assert weights is None, class_name
            continue
        assert {
            "file": weights.file,
            "url": weights.url,
            "mAP": weights.value,
            "md5": weights.md5,
            "sha256": weights.sha256,
            "bytes": weights.n_bytes,
        } == {key: checkpoint[key] for key in ("file", "url", "mAP", "md5", "sha256", "bytes")}, class_name
        assert weights.metric == "mAP"
        assert weights.licence == "CC BY 4.0"
        assert ("unconfirmed" in checkpoint["evidence"]) == ("unconfirmed" in (weights.note or "")), class_name


def test_files_of_weights_are_unique():
    files = [entry.weights.file.lower() for entry in WITH_WEIGHTS]  # some systems ignore case
    assert len(set(files)) == len(files)


def test_only_ced_weights_have_two_names():
    urls = [entry.weights.url for entry in WITH_WEIGHTS]
    assert len(set(urls)) == len(urls)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_entries_have_a_family_and_a_description(entry):
    assert entry.network.startswith(f"panns.networks.{entry.family}:")
    assert entry.converter is None or entry.converter.startswith(f"panns.published.{entry.family}:")
    assert entry.about.strip()
    assert find_model(entry.name) is entry


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cn14", "no model 'cn14'; did you mean 'cnn14'? `panns models list` shows all"),
        ("CNN14", "no model 'CNN14'; did you mean 'cnn14'?"),
        ("Cnn14_DecisionLevelMax", "did you mean 'cnn14_decision_level_max'?"),
        ("zzz", f"no model 'zzz'; `panns models list` shows all {len(ENTRIES)}"),
        ("", "no model ''; `panns models list` shows all"),
    ],
)
def test_unknown_name_suggests_similar_ones(name, message):
    with pytest.raises(UnknownModel, match=re.escape(message)):
        find_model(name)


def test_duplicate_name_is_refused():
    taken = find_model("cnn14")
    with pytest.raises(ValueError, match=r"family 'cnn'.*'cnn14'"):
        register(replace(taken, family="other"))
    assert find_model("cnn14") is taken
    assert list_models() == ENTRIES


def test_the_list_is_a_copy():
    list_models().clear()
    assert list_models() == ENTRIES


def test_public_names():
    assert sorted(panns.models.__all__) == ["ModelConfig", "ModelEntry", "find_model", "list_models"]


def test_listing_models_loads_no_torch():
    code = (
        "import sys; from panns.models import list_models; assert list_models();"
        "print([name for name in ('torch', 'onnx', 'onnxruntime', 'safetensors') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
