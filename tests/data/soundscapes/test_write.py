from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from panns.augment.noise import coloured_noise
from panns.data.clip_lists import ClipList
from panns.data.clip_lists.event_table import read_event_table
from panns.data.clips.clip import Clip
from panns.data.soundscapes import NoiseBackgrounds, RecordedBackgrounds, SoundscapeConfig, write_soundscapes
from panns.data.soundscapes import write as module
from panns.errors import AudioDecodeError, DataError
from panns.system.progress import Progress, ignore_progress
from tests.sounds import noise, tone, write_wav

RATE = 8_000
NOISE = NoiseBackgrounds(coloured_noise)
SHORT = SoundscapeConfig(duration_s=3.0)


@pytest.fixture
def clip_list(tmp_path):
    """Four audible clips, one of them with two labels, and a silent one."""
    folder = tmp_path / "clips"
    folder.mkdir()
    bark = np.concatenate([tone(0.3), np.zeros(16_000, np.float32), tone(0.4, hz=300), np.zeros(3_000, np.float32)])
    for name, sound in (("bark", bark), ("howl", tone(1.5)), ("rain", noise(6.0)), ("both", noise(0.5, seed=1))):
        write_wav(folder / f"{name}.wav", sound)
    write_wav(folder / "silence.wav", np.zeros(3_000, np.float32))
    clips = (
        Clip("bark.wav", ("Dog",), licence="CC0", attribution="李雷", source="7"),
        Clip("howl.wav", ("Dog",)),
        Clip("rain.wav", ("Rain",), onset_s=0.5, offset_s=5.5),
        Clip("both.wav", ("Cat", "Rain")),
        Clip("silence.wav", ("Cat",)),
    )
    return ClipList(folder, clips)


def write(clip_list, folder, *, n=8, seed=0, config=SHORT, backgrounds=NOISE, rate=RATE, on_progress=ignore_progress):
    return write_soundscapes(
        clip_list,
        folder,
        config,
        backgrounds,
        n_soundscapes=n,
        sample_rate=rate,
        seed=seed,
        on_progress=on_progress,
    )


def files_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def parts_in(folder):
    return [json.loads(line) for line in (folder / "soundscapes.jsonl").read_text(encoding="utf-8").splitlines()]


def test_folder_holds_sounds_event_table_and_parts(clip_list, tmp_path):
    out = tmp_path / "out"
    written = write(clip_list, out)
    names = [f"audio/{number:06d}.wav" for number in range(1, 9)]
    assert set(files_in(out)) == {*names, "events.tsv", "soundscapes.jsonl"}
    listed = read_event_table(out)
    assert [clip.path for clip in listed.clips] == names == [part["filename"] for part in parts_in(out)]
    for name in names:
        info = soundfile.info(out / name)
        assert (info.samplerate, info.frames, info.channels, info.subtype) == (RATE, 3 * RATE, 1, "PCM_16")
    events = [event for clip in listed.clips for event in clip.events]
    assert all(0 <= event.onset_s < event.offset_s <= 3.0 for event in events)
    assert written.n_events == len(events)
    assert written.n_classes == len({event.label for event in events})
    assert (written.n_soundscapes, written.n_silent_clips) == (8, 1)
    assert written.n_clips == len({clip["path"] for part in parts_in(out) for clip in part["clips"]})


def test_event_table_matches_the_sound(clip_list, tmp_path):
    """Events are louder than the background, and outside the pieces there is only the background."""
    out = tmp_path / "out"
    config = SoundscapeConfig(duration_s=3.0, snr_db=(20.0, 20.0), quiet_share=0.0)
    write(clip_list, out, n=10, config=config)
    for clip, part in zip(read_event_table(out).clips, parts_in(out), strict=True):
        sound, _ = soundfile.read(out / clip.path)
        background_db = part["background"]["level_db"] + part["gain_db"]
        outside = np.ones(len(sound), bool)
        for piece in part["clips"]:
            end_s = piece["onset_s"] + piece["cut_s"][1] - piece["cut_s"][0]
            outside[round(piece["onset_s"] * RATE) : round(end_s * RATE) + 1] = False
        for event in clip.events:
            inside = sound[round(event.onset_s * RATE) : round(event.offset_s * RATE)]
            assert 10 * np.log10(np.square(inside).mean()) > background_db + 5
        if outside.sum() > RATE:
            assert 10 * np.log10(np.square(sound[outside]).mean()) == pytest.approx(background_db, abs=3)


def test_parts_credit_the_clips(clip_list, tmp_path):
    out = tmp_path / "out"
    write(replace(clip_list, clips=clip_list.clips[:1]), out, n=6)
    for clip in (clip for part in parts_in(out) for clip in part["clips"]):
        assert (clip["path"], clip["source"], clip["licence"]) == ("bark.wav", "7", "CC0")
        assert (clip["attribution"], clip["labels"]) == ("李雷", ["Dog"])
    assert "李雷" in (out / "soundscapes.jsonl").read_text(encoding="utf-8")


def test_clip_with_two_labels_gives_two_events(clip_list, tmp_path):
    out = tmp_path / "out"
    config = SoundscapeConfig(duration_s=3.0, n_events=(1, 1))
    write(replace(clip_list, clips=clip_list.clips[3:4]), out, config=config)
    for clip in read_event_table(out).clips:
        one, other = clip.events
        assert (one.label, other.label) == ("Cat", "Rain")
        assert (one.onset_s, one.offset_s) == (other.onset_s, other.offset_s)


def test_soundscape_without_events_has_a_row(clip_list, tmp_path):
    out = tmp_path / "out"
    written = write(clip_list, out, n=2, config=replace(SHORT, n_events=(0, 0)))
    assert written.n_events == 0
    assert (out / "events.tsv").read_text() == (
        "filename\tonset\toffset\tevent_label\naudio/000001.wav\t\t\t\naudio/000002.wav\t\t\t\n"
    )


def test_same_seed_writes_the_same_files(clip_list, tmp_path):
    for name, n, seed in (("one", 4, 3), ("again", 4, 3), ("more", 7, 3), ("other", 4, 4)):
        write(clip_list, tmp_path / name, n=n, seed=seed)
    one, again, more, other = (files_in(tmp_path / name) for name in ("one", "again", "more", "other"))
    assert one == again
    assert all(more[name] == one[name] for name in one if name.startswith("audio"))
    assert all(more[name].startswith(one[name]) for name in ("events.tsv", "soundscapes.jsonl"))
    assert all(other[name] != one[name] for name in one)


def test_earlier_soundscapes_are_replaced(clip_list, tmp_path):
    out = tmp_path / "out"
    write(clip_list, out, n=3, seed=1)
    write(clip_list, out, n=4)
    write(clip_list, tmp_path / "fresh", n=4)
    assert files_in(out) == files_in(tmp_path / "fresh")


def test_recorded_backgrounds_are_credited(clip_list, tmp_path):
    (tmp_path / "back").mkdir()
    write_wav(tmp_path / "back" / "street.wav", noise(2.0, seed=5))
    backgrounds = RecordedBackgrounds(ClipList(tmp_path / "back", (Clip("street.wav", licence="CC BY 4.0"),)))
    write(clip_list, tmp_path / "out", backgrounds=backgrounds, config=replace(SHORT, quiet_share=0.0))
    for part in parts_in(tmp_path / "out"):
        assert (part["background"]["path"], part["background"]["licence"]) == ("street.wav", "CC BY 4.0")
        assert 0 <= part["background"]["begins_s"] < 2.0
        assert "noise_exponent" not in part["background"]


def test_loud_mixture_is_attenuated_not_clipped(clip_list, tmp_path):
    config = replace(SHORT, snr_db=(60.0, 60.0), background_db=(-20.0, -20.0), n_events=(2, 2))
    written = write(clip_list, tmp_path / "out", config=config)
    assert written.n_attenuated == 8
    for part in parts_in(tmp_path / "out"):
        sound, _ = soundfile.read(tmp_path / "out" / part["filename"], dtype="int16")
        assert np.abs(sound.astype(int)).max() == 32_767
        assert part["gain_db"] < -10


def test_progress_has_two_stages(clip_list, tmp_path):
    seen = []
    write(clip_list, tmp_path / "out", n=3, on_progress=seen.append)
    mixing = (Progress(i, 3, "soundscapes", "mixing") for i in (1, 2, 3))
    assert seen == [Progress(5, 5, "clips", "reading clips"), *mixing]


def test_memory_for_clips_is_limited(clip_list, tmp_path, monkeypatch):
    write(clip_list, tmp_path / "one")
    monkeypatch.setattr(module, "_MAX_RECENT_BYTES", 1)
    write(clip_list, tmp_path / "other")
    assert files_in(tmp_path / "one") == files_in(tmp_path / "other")
    made = []

    class Audio:
        def waveform(self, i):
            made.append(i)
            return np.zeros(10, np.float32)

    monkeypatch.setattr(module, "_MAX_RECENT_BYTES", 80)
    recent = module._RecentClips(Audio())
    for i in (0, 1, 0, 2, 0, 1):
        recent.waveform(i)
    assert made == [0, 1, 2, 1]


def test_unreadable_clip_is_named_before_writing(clip_list, tmp_path):
    (clip_list.root / "howl.wav").write_text("no sound")
    with pytest.raises(AudioDecodeError, match=r"howl\.wav: is text"):
        write(clip_list, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_interrupted_folder_has_no_table(clip_list, tmp_path):
    def stop(progress):
        if (progress.stage, progress.done) == ("mixing", 2):
            raise KeyboardInterrupt

    write(clip_list, tmp_path / "out", n=3, seed=1)
    with pytest.raises(KeyboardInterrupt):
        write(clip_list, tmp_path / "out", n=3, on_progress=stop)
    assert set(files_in(tmp_path / "out")) == {f"audio/00000{i}.wav" for i in (1, 2, 3)}
    write(clip_list, tmp_path / "out", n=3)
    write(clip_list, tmp_path / "fresh", n=3)
    assert files_in(tmp_path / "out") == files_in(tmp_path / "fresh")


def test_clip_without_label_is_refused(clip_list, tmp_path):
    unlabelled = replace(clip_list, clips=(*clip_list.clips, Clip("rain.wav")))
    with pytest.raises(DataError, match=r"rain\.wav has no label"):
        write(unlabelled, tmp_path / "out")


def test_only_silent_clips_are_refused(clip_list, tmp_path):
    with pytest.raises(DataError, match="all 1 clips are silent"):
        write(replace(clip_list, clips=clip_list.clips[4:]), tmp_path / "out")


def test_foreign_files_are_refused(clip_list, tmp_path):
    out = tmp_path / "out"
    write(clip_list, out, n=3)
    before = files_in(out)
    with pytest.raises(DataError, match=r"000003\.wav is not one of the 2 soundscapes"):
        write(clip_list, out, n=2)
    (out / "soundscapes.jsonl").unlink()
    with pytest.raises(DataError, match=r"events\.tsv was not written by panns"):
        write(clip_list, out, n=3)
    del before["soundscapes.jsonl"]
    assert files_in(out) == before
