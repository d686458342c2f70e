"""Kinds of input: how to make a damaged one, and the entry points that read it.

A kind has `make(rng, folder)`, which writes the input and names it, and `use(folder)`, which reads it. `use` may raise
an error of the package; everything else that it raises is a fault, also an `AssertionError` about an answer.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from panns.audio import open_sound
from panns.checkpoints.onnx_metadata import seal
from panns.data.clip_lists import Clip, ClipList, TimedLabel, read_clip_list, write_clip_list
from panns.data.clip_lists.event_table import read_event_table
from panns.data.shards import ShardAudio, ShardSettings, write_shards
from panns.evaluation import read_label_map
from panns.evaluation.label_files import read_thresholds
from panns.hub.cache import recorded_digests
from panns.labels import LabelSet
from panns.system.json_files import read_json
from tests.audio.decoding.encoded_sounds import FORMATS, native_rate, sound_file
from tests.fuzz.comparison_kinds import Comparisons
from tests.fuzz.damage import damage, replace_json_value
from tests.fuzz.live_kinds import Pipes, StreamStates
from tests.fuzz.review_kinds import Annotations, Clocks, Reviews
from tests.sounds import noise, write_wav

_RATE = 8_000
_SEAL = bytes(82)  # as long as the digest at the end of an exported file
_SECONDS = 1.0
# A damaged header may turn 16-bit stereo into 8-bit mono, and two halves of two files may be one: 8 times the frames.
# Frames, not seconds: where the header's sample rate itself is damaged, nothing can know better.
_MOST_FRAMES_RATIO = 16


class Sounds:
    """Sound files of every format."""

    def make(self, rng, folder):
        name, other = (FORMATS[i] for i in rng.integers(len(FORMATS), size=2))
        data = damage(sound_file(name, _SECONDS), rng, others=[sound_file(other, _SECONDS)])
        (folder / "sound").write_bytes(data)
        self._most_frames = (native_rate(name) + 3 * native_rate(other)) * _SECONDS * _MOST_FRAMES_RATIO
        return name

    def use(self, folder):
        n_samples = 0
        with open_sound(folder / "sound", sample_rate=_RATE) as sound:
            for block in sound:
                # Damaged time stamps may ask for silence: what counts is the sound.
                n_samples += np.count_nonzero(block)
                assert block.dtype == np.float32
                assert np.isfinite(block).all()
        assert n_samples * sound.native_sample_rate / _RATE <= self._most_frames


class Models:
    """A checkpoint folder and an exported file, which `PANNS_FUZZ_FOLDER` and `PANNS_FUZZ_FILE` name."""

    _folder = Path(os.environ.get("PANNS_FUZZ_FOLDER", ""))
    _file = Path(os.environ.get("PANNS_FUZZ_FILE", ""))

    @cached_property
    def _answers(self):
        return [self._tags(path) for path in (self._folder, self._file)]

    def _tags(self, path):
        import panns

        recognizer = panns.load(path, n_threads=1)
        return [(one.label, one.score) for one in recognizer.tag((noise(0.5), 32_000), top=5)]

    def make(self, rng, folder):
        self._is_file, self._is_sealed = bool(rng.integers(2)), False
        if self._is_file:
            content, path = self._file.read_bytes(), folder / "model.onnx"
            self._is_sealed = bool(rng.integers(2))
            if self._is_sealed:  # as a stranger could write it, past the digest
                at = int(rng.integers(len(content) - 200))
                content = content[:at] + damage(content[at : at + 200], rng) + content[at + 200 : -len(_SEAL)]
                path.write_bytes(content)
                seal(path)
            else:
                path.write_bytes(damage(content, rng))
            return f"model.onnx{', sealed' * self._is_sealed}"
        shutil.copytree(self._folder, folder / "model")
        name = ("model.json", "model.onnx")[rng.integers(2)]
        path = folder / "model" / name
        path.write_bytes(damage(path.read_bytes(), rng))
        return f"model/{name}"

    def use(self, folder):
        tags = self._tags(folder / "model.onnx" if self._is_file else folder / "model")
        assert all(0 <= score <= 1 for _, score in tags)
        assert self._is_sealed or tags == self._answers[self._is_file]


class PackedModels:
    """Packed checkpoints of a folder that `PANNS_FUZZ_FOLDER` names."""

    _folder = Path(os.environ.get("PANNS_FUZZ_FOLDER", ""))

    @cached_property
    def _packed(self):
        from panns.checkpoints.checkpoint import open_checkpoint
        from panns.hub.packed import pack

        with tempfile.TemporaryDirectory() as place:
            pack(open_checkpoint(self._folder), Path(place, "model.panns"))
            return Path(place, "model.panns").read_bytes()

    def make(self, rng, folder):
        n_end = int(rng.choice([0, 22, 300]))  # the list of its parts is at the end
        start = len(self._packed) - n_end if n_end else 0
        (folder / "model.panns").write_bytes(self._packed[:start] + damage(self._packed[start:], rng))
        return f"model.panns from byte {start}"

    def use(self, folder):
        from panns.hub.packed import unpack

        path = folder / "new"
        unpack(folder / "model.panns", path)
        for file in path.iterdir():
            assert file.read_bytes() == (self._folder / file.name).read_bytes()


class States:
    """States of a training."""

    @cached_property
    def _state(self):
        import torch

        made = io.BytesIO()
        torch.save({"network": {"w": torch.arange(2_000.0)}, "average": {}, "step": 5}, made)
        return made.getvalue()

    def make(self, rng, folder):
        (folder / "state.pt").write_bytes(damage(self._state, rng))
        return "state.pt"

    def use(self, folder):
        import torch

        from panns.training.engine.state_file import read_state

        state = read_state(folder / "state.pt", {"network", "average", "step"})
        assert torch.equal(state["network"]["w"], torch.arange(2_000.0))


class Shards:
    """Shards with their index and records."""

    @cached_property
    def _sounds(self):
        return [noise(0.2, seed=i, sample_rate=_RATE) for i in range(4)]

    def make(self, rng, folder):
        for i, sound in enumerate(self._sounds):
            write_wav(folder / f"{i}.wav", sound, _RATE)
        self._clips = ClipList(folder, tuple(Clip(f"{i}.wav", ("dog",)) for i in range(len(self._sounds))))
        write_shards(self._clips, folder / "shards", ShardSettings("wav", _RATE, clips_per_shard=2), n_threads=1)
        files = sorted(path for path in (folder / "shards").iterdir() if path.name != ".lock")
        path = files[rng.integers(len(files))]
        path.write_bytes(damage(path.read_bytes(), rng))
        return path.name

    def use(self, folder):
        audio = ShardAudio(folder / "shards", _RATE)
        assert len(audio) == len(self._sounds)
        for i, sound in enumerate(self._sounds):
            assert np.abs(audio.waveform(i) - sound).max() < 1e-3
        write_shards(self._clips, folder / "shards", ShardSettings("wav", _RATE, clips_per_shard=2), n_threads=1)


class ClipLists:
    """Clip lists and event tables."""

    _CLIPS = (
        Clip("a.wav", ("dog", "rain"), "1", "s1", 0.5, 1.5, (TimedLabel("dog", 0.1, 0.2),), "CC0", "me"),
        Clip("b.wav", (), "2"),
    )
    _HOSTILE = (
        '"',
        "\n",
        "\t",
        "|",
        "1e999",
        "nan",
        "-1",
        "[['a']]",
        "\0",
        "\ufeff",
        "{",
        "=1+1",
        "../" * 50,
        "9" * 5000,
    )

    def make(self, rng, folder):
        name = ("clips.csv", "clips.tsv", "clips.jsonl", "events.tsv")[rng.integers(4)]
        path = folder / name
        if name == "events.tsv":
            path.write_text("filename\tonset\toffset\tevent_label\na.wav\t0.5\t1.5\tdog\nb.wav\t\t\t\n")
        else:
            write_clip_list(path, self._CLIPS)
        if rng.integers(2):
            path.write_bytes(damage(path.read_bytes(), rng))
        else:
            text, at = path.read_text(), int(rng.integers(path.stat().st_size))
            path.write_text(text[:at] + self._HOSTILE[rng.integers(len(self._HOSTILE))] + text[at + rng.integers(5) :])
        return name

    def use(self, folder):
        (path,) = folder.iterdir()
        clips = read_event_table(path) if path.stem == "events" else read_clip_list(path)
        for clip in clips.clips:
            assert all(label.strip() for label in clip.labels)
            assert clip.onset_s is None or np.isfinite(clip.onset_s)


class JsonFiles:
    """Small JSON files that a user or an earlier run wrote."""

    _LABELS = LabelSet.from_names("two", ["dog", "cat"])
    _READERS: ClassVar = {
        "map.json": lambda path: read_label_map(path, {"d"}),
        "thresholds.json": lambda path: read_thresholds(path, JsonFiles._LABELS, default=0.5),
        "a.pth.checked.json": lambda path: recorded_digests(path.with_name("a.pth")),
        "check.json": lambda path: JsonFiles._read_check(path),
        "settings.json": lambda path: JsonFiles._read_run(path),
    }

    @staticmethod
    def _read_check(path):
        from panns.training.preflight import check_clips_before_training

        clips = ClipList(path.parent, (Clip("a.wav", ("dog",)), Clip("b.wav", ("dog",))))
        checked = check_clips_before_training(
            "clips", clips, path.parent, labels=None, sample_rate=_RATE, skip_damaged=True, is_resumed=True
        )
        checked.without_damaged(clips, "clips")

    @staticmethod
    def _read_run(path):
        from panns.training.run_folder import read_record

        read_record(path)

    _CONTENTS: ClassVar = {
        "map.json": {"d": ["dog", "cat"]},
        "thresholds.json": {"dog": 0.5, "cat": 0.25},
        "a.pth.checked.json": {"n_bytes": 5, "mtime_ns": 7, "digests": {"sha256": "0" * 64}},
        "check.json": {"duplicates": [[0, 1]], "skipped": [{"index": 0, "file": "a.wav", "error": "is text"}]},
        "settings.json": {"model": {"name": "builtin"}, "seed": 0},
    }

    def make(self, rng, folder):
        names = sorted(self._CONTENTS)
        self._name = names[rng.integers(len(names))]
        content = json.loads(json.dumps(self._CONTENTS[self._name]))
        path = folder / self._name
        if rng.integers(2):
            path.write_bytes(damage(json.dumps(content).encode(), rng))
            return self._name
        path.write_text(json.dumps(replace_json_value(content, rng)))
        return self._name

    def use(self, folder):
        for name in ("a.wav", "b.wav"):
            write_wav(folder / name, noise(0.2, seed=ord(name[0]), sample_rate=_RATE), _RATE)
        self._READERS[self._name](folder / self._name)
        read_json(folder / self._name)


class Arguments:
    """Command lines of options with hostile values."""

    _COMMANDS = (
        ("tag",),
        ("detect",),
        ("embed",),
        ("evaluate",),
        ("labels",),
        ("models", "list"),
        ("models", "show"),
        ("data", "check"),
        ("data", "shard"),
    )
    _VALUES = (
        "",
        "-",
        "nan",
        "inf",
        "-1",
        "0",
        "1e309",
        "9" * 30,
        "a\nb",
        "..",
        "/dev/null",
        "/dev/zero",
        "💥",
        "\udcff",
    )

    @cached_property
    def _options(self):
        import typer.main

        from panns.cli.main import app

        found = {}
        for words in self._COMMANDS:
            command = typer.main.get_command(app)
            for word in words:
                command = command.commands[word]  # type: ignore[attr-defined]
            found[words] = [option for one in command.params for option in one.opts if option.startswith("-")]
        return found

    def make(self, rng, folder):
        write_wav(folder / "a.wav", noise(0.2, sample_rate=_RATE), _RATE)
        write_clip_list(folder / "clips.csv", [Clip("a.wav", ("Dog",))])
        words = self._COMMANDS[rng.integers(len(self._COMMANDS))]
        good = ("a.wav", "clips.csv", "builtin", ".", "out", "out.jsonl", "out.csv", "0.5", "3", "en")
        values = (*self._VALUES, *good)
        arguments = [*words, *(["a.wav"] if words[0] in ("tag", "detect", "embed") else [])]
        for _ in range(rng.integers(4)):
            arguments.append(self._options[words][rng.integers(len(self._options[words]))])
            arguments += [values[rng.integers(len(values))] for _ in range(rng.integers(2))]
        arguments += [values[rng.integers(len(values))] for _ in range(rng.integers(2))]
        self._arguments = [one for one in arguments if one != "-"]  # standard input is open without end
        return json.dumps(self._arguments)

    def use(self, folder):
        from panns.cli.main import run

        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace") for _ in range(2))
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(self._arguments)
        err.flush()
        said = err.buffer.getvalue().decode()
        assert status in (0, 1, 2), status
        assert "Traceback" not in said, said
        assert "unexpectedly" not in said, said
        out.flush()
        assert status == 0 or said or out.buffer.getvalue(), "failed without a word"


KINDS = {
    "sounds": Sounds,
    "models": Models,
    "packed": PackedModels,
    "states": States,
    "shards": Shards,
    "clip_lists": ClipLists,
    "json": JsonFiles,
    "arguments": Arguments,
    "annotations": Annotations,
    "reviews": Reviews,
    "clocks": Clocks,
    "pipes": Pipes,
    "streams": StreamStates,
    "comparisons": Comparisons,
}
