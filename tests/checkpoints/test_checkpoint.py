import contextlib
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from panns.checkpoints.checkpoint import MANIFEST_FILE, METADATA_KEY, ONNX_FILE, TORCH_FILE, Checkpoint, open_checkpoint
from panns.checkpoints.manifest import DIGEST_KEY, FORMAT_VERSION, FileDigest, Metric, ModelManifest
from panns.checkpoints.onnx_metadata import seal
from panns.errors import CheckpointError
from panns.frontend import LogMelConfig
from panns.labels import LabelSet, named_labels
from panns.models.cnn import CnnConfig
from panns.models.registry import find_model, list_models

PETS = LabelSet.from_names("pets", ["cat", "dog", "狗"])
MANIFEST = ModelManifest(
    architecture="cnn14_16k",
    config=CnnConfig(
        frontend=LogMelConfig(sample_rate=16_000, f_max_hz=8_000), channels=(4, 8), n_poolings=2, n_classes=3
    ),
    labels=PETS,
    activation="softmax",
    input="waveform",
    window_s=5.0,
    thresholds=(0.5, 0.25, 1.0),
    licence="CC BY 4.0",
    source="a test",
    training_data="no sound at all",
    metrics=(Metric("mAP", 0.5, "held out"), Metric("accuracy", 0.9, "5 folds")),
    files={TORCH_FILE: FileDigest(n_bytes=3, sha256="ab" * 32)},
)


def read(text):
    return ModelManifest.from_json(text, where="here")


def undigested():
    """The manifest's content without its digest, as after an edit by hand."""
    plain = json.loads(MANIFEST.to_json())
    del plain[DIGEST_KEY]
    return plain


def changed(**fields):
    """The manifest's text with some fields replaced."""
    return json.dumps({**undigested(), **fields})


def changed_config(**fields):
    return changed(config={**undigested()["config"], **fields})


def without(key):
    plain = undigested()
    del plain[key]
    return json.dumps(plain)


def write_onnx(path, metadata):
    model = helper.make_model(helper.make_graph([], "graph", [], []))
    helper.set_model_props(model, metadata)
    path.write_bytes(model.SerializeToString())
    seal(path)
    return path


# printf abcd | sha256sum
ABCD = FileDigest(n_bytes=4, sha256="88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589")


@pytest.fixture
def folder(tmp_path):
    """A checkpoint whose parameters are four bytes."""
    (tmp_path / TORCH_FILE).write_bytes(b"abcd")
    Checkpoint(tmp_path, replace(MANIFEST, files={})).record_files(TORCH_FILE)
    return tmp_path


def test_json_round_trip():
    assert read(MANIFEST.to_json()) == MANIFEST


@pytest.mark.parametrize("entry", list_models(), ids=lambda entry: entry.name)
def test_json_round_trip_of_every_model(entry):
    manifest = ModelManifest(architecture=entry.name, config=entry.config, labels=named_labels(entry.labels))
    assert read(manifest.to_json()) == manifest


@given(
    thresholds=st.none() | st.tuples(*[st.floats(0, 1)] * 3),
    window_s=st.floats(1e-3, 1e3),
    value=st.floats(allow_nan=False, allow_infinity=False),
    text=st.text(),
)
def test_json_round_trip_of_any_manifest(thresholds, window_s, value, text):
    manifest = replace(
        MANIFEST, thresholds=thresholds, window_s=window_s, source=text, metrics=(Metric(text, value, text),)
    )
    assert read(manifest.to_json()) == manifest


def test_derived_values_for_readers_in_other_languages():
    plain = json.loads(MANIFEST.to_json())
    assert plain["format_version"] == FORMAT_VERSION
    assert plain["derived"] == {
        "sample_rate": 16_000,
        "min_input_samples": 960,  # three hops of 320 make four frames
        "frame_hop_s": None,
        "embedding_dim": 2048,
        "max_pass_s": None,
        "patch_hop_s": None,
        "algorithmic_latency_s": 0.55,
        "block_samples": None,
        "state_size": None,
        "onnx_inputs": ["waveform"],
        "onnx_outputs": ["clip_probs", "embedding"],
    }
    assert plain["labels"]["labels"][2] == {"index": 2, "id": "狗", "en": "狗", "zh": "狗", "parents": []}
    assert "狗" in MANIFEST.to_json()  # not escaped


def test_derived_values_are_ignored_by_the_reader():
    assert read(changed(derived={"sample_rate": 8_000})).sample_rate == 16_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(format_version=2), "here has format version 2"),
        (changed(format_version=None), "here has format version None"),
        (without("format_version"), "here has format version None"),
        (changed(architecture="cnn15"), "here is not a valid manifest: no model 'cnn15'"),
        (changed(architecture=["cnn14"]), "here is not a valid manifest"),
        (changed(labels=LabelSet.from_names("pets", ["cat", "dog"]).to_dict()), "2 labels for 3 classes"),
        (changed(labels={"name": "pets"}), "here is not a valid manifest"),
        (changed(thresholds=[0.5]), "1 thresholds for 3 classes"),
        (changed(thresholds=[0.5, 0.5, 1.5]), "thresholds=(0.5, 0.5, 1.5)"),
        (changed(thresholds="abc"), "here is not a valid manifest"),
        (changed(activation="tanh"), "activation='tanh'"),
        (changed(input="text"), "input='text'"),
        (changed(window_s=0), "window_s=0"),
        (changed(window_s=float("inf")), "Infinity is not part of JSON"),
        (changed(window_s="ten"), "here is not a valid manifest"),
        (changed(licence=5), "licence=5"),
        (changed(metrics=[{"name": "mAP", "valeu": 1}]), "unknown setting 'valeu'; did you mean 'value'?"),
        (changed(metrics=5), "here is not a valid manifest"),
        (changed(files={TORCH_FILE: {"n_bytes": "4", "sha256": ""}}), "n_bytes='4' must be of type int"),
        (changed(files=[TORCH_FILE]), "here is not a valid manifest"),
        (changed_config(hed="clip"), "unknown setting 'config.hed'; did you mean 'config.head'?"),
        (changed_config(head="median"), "config.head='median' is not one of 'clip', 'max', 'average', 'attention'"),
        (changed_config(n_poolings=9), "n_poolings=9 must be 0 to 2"),
        (changed(surprise=1), "surprise"),
        (without("architecture"), "'architecture'"),
        (without("config"), "'config'"),
        (without("labels"), "'labels'"),
        (without("files"), "'files'"),
        ("", "here is not a valid manifest"),
        ("{", "here is not a valid manifest"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("[" * 200_000, "here is not a valid manifest"),
        (MANIFEST.to_json()[:-5], "here is not a valid manifest"),
    ],
)
def test_damaged_manifest_is_refused(text, message):
    with pytest.raises(CheckpointError, match=re.escape(message)):
        read(text)


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*undigested()]), plain_values)
def test_any_value_in_any_field_is_read_or_refused(field, value):
    with contextlib.suppress(CheckpointError):
        read(changed(**{field: value}))


def test_labels_and_thresholds_must_fit_the_classes():
    with pytest.raises(ValueError, match="3 labels for 527 classes"):
        ModelManifest(architecture="cnn14", config=find_model("cnn14").config, labels=PETS)
    with pytest.raises(ValueError, match="2 thresholds for 3 classes"):
        replace(MANIFEST, thresholds=(0.5, 0.5))


def test_folder_is_opened_with_its_files(folder):
    checkpoint = open_checkpoint(folder)
    assert checkpoint.manifest == replace(MANIFEST, files={TORCH_FILE: ABCD})
    assert not checkpoint.is_exported_file
    assert checkpoint.has_file(TORCH_FILE)
    assert not checkpoint.has_file(ONNX_FILE)
    assert checkpoint.verified_file(TORCH_FILE) == folder / TORCH_FILE


def test_record_files_keeps_earlier_files(folder):
    (folder / ONNX_FILE).write_bytes(b"onnx")
    checkpoint = open_checkpoint(folder).record_files(ONNX_FILE)
    assert checkpoint.has_file(TORCH_FILE)
    assert checkpoint.has_file(ONNX_FILE)
    assert open_checkpoint(folder) == checkpoint


def test_exported_file_is_opened(tmp_path):
    path = write_onnx(tmp_path / "pets.onnx", {METADATA_KEY: MANIFEST.to_json()})
    checkpoint = open_checkpoint(path)
    assert checkpoint.manifest == MANIFEST
    assert checkpoint.is_exported_file
    assert checkpoint.has_file(ONNX_FILE)
    assert not checkpoint.has_file(TORCH_FILE)
    assert checkpoint.verified_file(ONNX_FILE) == path


@pytest.mark.parametrize("content", [b"abce", b"abc", b"abcde", b""])
def test_changed_file_is_refused(folder, content):
    checkpoint = open_checkpoint(folder)
    (folder / TORCH_FILE).write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{TORCH_FILE} differs from .*{MANIFEST_FILE}"):
        checkpoint.verified_file(TORCH_FILE)


def test_missing_file_is_refused(folder):
    checkpoint = open_checkpoint(folder)
    (folder / TORCH_FILE).unlink()
    with pytest.raises(CheckpointError, match=f"{TORCH_FILE} is missing"):
        checkpoint.verified_file(TORCH_FILE)


def test_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"has no model\.json; a checkpoint is a folder with one"):
        open_checkpoint(tmp_path)


def test_binary_manifest_is_refused(folder):
    (folder / MANIFEST_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CheckpointError, match=r"cannot read .*model\.json: .*utf-8"):
        open_checkpoint(folder)


def test_damaged_manifest_is_refused_by_path(folder):
    (folder / MANIFEST_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match=re.escape(f"{folder / MANIFEST_FILE} is not a valid manifest")):
        open_checkpoint(folder)


def test_published_file_is_not_a_checkpoint(tmp_path):
    path = tmp_path / "Cnn14_mAP=0.431.pth"
    path.write_bytes(b"weights")
    with pytest.raises(CheckpointError, match=r"is not a checkpoint; .*`--weights FILE`"):
        open_checkpoint(path)


def test_foreign_onnx_file_is_refused(tmp_path):
    path = write_onnx(tmp_path / "other.onnx", {"author": "someone"})
    with pytest.raises(CheckpointError, match="has no manifest"):
        open_checkpoint(path)


def test_truncated_onnx_file_is_refused(tmp_path):
    path = write_onnx(tmp_path / "pets.onnx", {METADATA_KEY: MANIFEST.to_json()})
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="damaged"):
        open_checkpoint(path)


def test_onnx_file_with_a_damaged_manifest_is_refused(tmp_path):
    path = write_onnx(tmp_path / "pets.onnx", {METADATA_KEY: changed(format_version=99)})
    with pytest.raises(CheckpointError, match="format version 99"):
        open_checkpoint(path)


def test_every_changed_character_of_a_manifest_is_found():
    """A changed label or threshold would be a wrong answer that nobody notices."""
    text = MANIFEST.to_json()
    for place in range(len(text)):
        other = "7" if text[place] != "7" else "8"
        with pytest.raises(CheckpointError):
            read(text[:place] + other + text[place + 1 :])


def test_a_formatted_manifest_keeps_its_digest():
    plain = json.loads(MANIFEST.to_json())
    assert read(json.dumps(plain, indent=2, sort_keys=True)) == MANIFEST


def test_a_metric_must_be_a_number():
    with pytest.raises(ValueError, match=r"nan of mAP must be a finite number"):
        Metric("mAP", float("nan"), "held out")
