"""Time from file to tags and its parts: 10 s, stereo, 44.1 kHz, 16-bit wav, one thread."""

from __future__ import annotations

from benchmarks.material import checkpoint, noise_file
from benchmarks.measure import cpu_ms, report, require_one_thread
from panns.audio import load_sound, open_sound
from panns.frontend import log_mel
from panns.recognizer import Recognizer
from panns.runtime.load import load_model


def main() -> None:
    """Measure and report."""
    path, seconds = noise_file(), 10.0
    rows: list[dict[str, object]] = []
    for name, repeats in (("builtin", 50), ("mn04_as", 50), ("cnn6", 15), ("cnn14", 7)):
        model = load_model(checkpoint(name), n_threads=1)
        recognizer, config = Recognizer(model, "onnx"), model.manifest.config.frontend.log_mel
        assert config is not None
        waveform = load_sound(path, sample_rate=config.sample_rate)
        features = log_mel(waveform, config)[None]
        total = cpu_ms(lambda: recognizer.tag(path), repeats=repeats)
        rows.append(
            {
                "model": name,
                "read": cpu_ms(lambda: list(open_sound(path, sample_rate=44_100)), repeats=repeats),
                "read and resample": cpu_ms(lambda: load_sound(path, sample_rate=config.sample_rate), repeats=repeats),
                "log-mel": cpu_ms(lambda: log_mel(waveform, config), repeats=repeats),
                "network": cpu_ms(lambda: model.backend(features), repeats=repeats),
                "file to tags": total,
                "x real time": f"{1e3 * seconds / total.median:.0f}",
            }
        )
    report("end_to_end", "File to tags, ONNX Runtime, CPU-ms (quartiles)", rows)


if __name__ == "__main__":
    require_one_thread()
    main()
