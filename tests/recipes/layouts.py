"""Data sets of generated sound in the layouts that the real ones are published in, with a few clips each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.sounds import RATE, noise, tone, write_wav

# Classes of AudioSet that are easy to distinguish, by name and by id.
KINDS = {"Sine wave": "/m/01v_m0", "White noise": "/m/0chx_", "Clicking": "/m/07qc9xj"}


def sound_of(kind: str, i: int, seconds: float = 0.5) -> np.ndarray:
    """The sound of a class, another one for every number."""
    level = np.float32(0.2 + 0.05 * (i % 10))
    if kind == "White noise":
        return level * noise(seconds, seed=i, level=0.3)
    if kind == "Sine wave":
        return level * tone(seconds, hz=400 + 37 * i)
    clicks = np.zeros(round(seconds * RATE), np.float32)
    clicks[:: 2_000 + 50 * i] = level
    return clicks


def write_table(path: Path, header: str, lines: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def write_sound(path: Path, kind: str, i: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, sound_of(kind, i))


def write_esc10(root: Path) -> None:
    """All 400 files, for fewer are refused; they hold three sounds."""
    from recipes.esc10.prepare import CLASSES

    kinds = list(KINDS)
    for place, kind in enumerate(kinds):
        write_sound(root / f"{place}.ogg", kind, place)
    for place, folder in enumerate(CLASSES):
        (root / folder).mkdir()
        for i in range(40):
            shutil.copyfile(root / f"{place % 3}.ogg", root / folder / f"{1 + i % 5}-{100 * place + i}-A.ogg")


def write_esc50(root: Path) -> None:
    """Two clips of a class and fold, and a pair that is one recording under two numbers."""
    lines = []
    for fold in range(1, 6):
        for target, (category, kind) in enumerate(zip(("dog", "rain", "clock_tick"), KINDS, strict=True)):
            for take in "AB":
                source = 1000 * fold + target
                lines.append((f"{fold}-{source}-{take}-{target}.wav", fold, target, category, source, take, kind))
    lines.append(("3-151080-A-20.wav", 3, 20, "crying_baby", 151080, "A", "Sine wave"))
    lines.append(("5-151085-A-20.wav", 5, 20, "crying_baby", 151085, "A", "Sine wave"))
    for i, (name, *_, kind) in enumerate(lines):
        write_sound(root / "audio" / name, kind, i)
    write_table(
        root / "meta" / "esc50.csv",
        "filename,fold,target,category,esc10,src_file,take",
        [
            f"{name},{fold},{target},{category},{category == 'dog'},{source},{take}"
            for name, fold, target, category, source, take, _ in lines
        ],
    )


def write_urbansound8k(root: Path) -> None:
    """One clip of a class in each of the ten folds, and a pair that is one recording under two numbers."""
    lines = []
    for fold in range(1, 11):
        for class_id, (name, kind) in enumerate(zip(("air_conditioner", "car_horn", "siren"), KINDS, strict=True)):
            source = 10_000 * fold + class_id
            file = f"{source}-{class_id}-0-0.wav"
            write_sound(root / "audio" / f"fold{fold}" / file, kind, fold)
            lines.append(f"{file},{source},0.0,0.5,1,{fold},{class_id},{name}")
    for fold, source in ((1, 197318), (2, 197320)):
        file = f"{source}-6-2-0.wav"
        write_sound(root / "audio" / f"fold{fold}" / file, "Clicking", 0)
        lines.append(f"{file},{source},0.0,0.5,1,{fold},6,gun_shot")
    header = "slice_file_name,fsID,start,end,salience,fold,classID,class"
    write_table(root / "metadata" / "UrbanSound8K.csv", header, lines)


def write_fsdd(root: Path) -> None:
    """Three digits, two speakers, seven takes."""
    for digit, kind in enumerate(KINDS):
        for place, speaker in enumerate(("george", "theo")):
            for take in range(7):
                write_sound(root / "recordings" / f"{digit}_{speaker}_{take}.wav", kind, 10 * place + take)
    (root / "recordings" / "README.md").write_text("not a recording\n")


def write_audioset(root: Path, n_train: int = 8, n_eval: int = 5) -> None:
    """Segments of three classes in the published lists, their files called in all the ways that are known."""
    ways = ("{}", "Y{}", "{}_30.000", "{}_30", "{}_30000_40000", "Y{}_30.000_40.000")
    for part, name, n in ((0, "unbalanced_train_segments", n_train), (1, "eval_segments", n_eval)):
        lines = []
        for place, (kind, mid) in enumerate(KINDS.items()):
            for i in range(n):
                video = f"{'-Y_'[place]}{part}vid{i:06d}"
                way = ways[(i + place) % len(ways)]
                write_sound(
                    root / "audios" / name / f"part{i % 2:02d}" / f"{way.format(video)}.wav", kind, 2 * i + part
                )
                lines.append(f'{video}, 30.000, 40.000, "{mid}"')
        lines.append(f'{part}gone_video, 0.000, 10.000, "/m/09x0r,/m/05zppz"')
        created = "# Segments csv created Sun Mar  5 10:54:25 2017"
        count = f"# num_ytids={len(lines)}, num_segs={len(lines)}, num_unique_labels=5, num_positive_labels=26"
        header = "\n".join([created, count, "# YTID, start_seconds, end_seconds, positive_labels"])
        write_table(root / f"{name}.csv", header, lines)


def write_fsd50k(root: Path) -> None:
    """Two clips of a class and part, with a clip of two classes, and one uploader of several clips."""
    details: dict[str, dict[str, dict[str, object]]] = {"dev": {}, "eval": {}}
    lines: dict[str, list[str]] = {"dev": [], "eval": []}
    number = 100
    for part, split in (("dev", "train"), ("dev", "val"), ("eval", "")):
        for kind, mid in KINDS.items():
            for take in range(2):
                number += 1
                names, mids = ("Sound", kind.replace(" ", "_")), ("/m/sound", mid)
                if take:
                    names, mids = (*names, "Human_voice"), (*mids, "/m/09l8g")
                write_sound(root / f"FSD50K.{part}_audio" / f"{number}.wav", kind, number)
                cells = [str(number), f'"{",".join(names)}"', f'"{",".join(mids)}"', *([split] if split else [])]
                lines[part].append(",".join(cells))
                details[part][str(number)] = {
                    "title": f"{kind}.wav",
                    "description": "A test, \u00e9 generated",
                    "tags": ["test"],
                    "license": "http://creativecommons.org/licenses/by/3.0/",
                    "uploader": f"{split or 'test'} person {take}",
                }
    write_table(root / "FSD50K.ground_truth" / "dev.csv", "fname,labels,mids,split", lines["dev"])
    write_table(root / "FSD50K.ground_truth" / "eval.csv", "fname,labels,mids", lines["eval"])
    for part, about in details.items():
        path = root / "FSD50K.metadata" / f"{part}_clips_info_FSD50K.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(about), encoding="utf-8")


def write_desed(root: Path) -> None:
    """Recordings and soundscapes of three classes in the folders of DCASE 2023, with files that are gone."""
    labels = dict(zip(("Alarm_bell_ringing", "Frying", "Dishes"), KINDS, strict=True))
    header = "filename\tonset\toffset\tevent_label"
    synth = root / "dcase_synth"
    for base, part, year, n in (
        (synth, "train", "synthetic21_train", 3),
        (synth, "validation", "synthetic21_validation", 1),
    ):
        lines = []
        for place, (label, kind) in enumerate(labels.items()):
            for i in range(n):
                name = f"{n * place + i}.wav"
                write_sound(base / "audio" / part / year / "soundscapes_16k" / name, kind, i)
                lines += [f"{name}\t0.1\t0.25\t{label}", f"{name}\t0.3\t0.5\t{label}"]
        write_table(base / "metadata" / part / year / "soundscapes.tsv", header, lines)
    for place, (table, folder) in enumerate(
        (
            ("train/audioset_strong.tsv", "train/strong_label_real_16k"),
            ("validation/validation.tsv", "validation/validation_16k"),
            ("eval/public.tsv", "eval/public"),
        )
    ):
        lines = []
        for i, (label, kind) in enumerate(labels.items()):
            name = f"Y-a_{place}vid{i}_30.000_40.000.wav"
            write_sound(root / "audio" / folder / name, kind, 20 + i)
            lines.append(f"{name}\t0.0\t0.5\t{label}")
        silent = f"Y{place}silent__20.000_30.000.wav"
        write_sound(root / "audio" / folder / silent, "White noise", 30)
        lines += [f"{silent}\t\t\t", f"Ygone{place}_0.000_10.000.wav\t1.0\t2.0\tDishes"]
        write_table(root / "metadata" / table, header, lines)
    weak = []
    for i, (label, kind) in enumerate(labels.items()):
        name = f"Yweak{i}_10.000_20.000.wav"
        write_sound(root / "audio" / "train" / "weak" / name, kind, 40 + i)
        weak.append(f"{name}\t{label},Speech")
    write_table(
        root / "metadata" / "train" / "weak.tsv", "filename\tevent_labels", [*weak, "Ygone_0.000_10.000.wav\tDishes"]
    )
