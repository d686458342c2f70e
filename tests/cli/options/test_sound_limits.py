"""`--max-hours` and `--allow-silence` of tag, detect and embed."""

import pytest

from tests.commands import run_panns, succeed


@pytest.mark.parametrize("command", ["tag", "detect", "embed"])
def test_the_longest_sound(command, sound):
    result = run_panns(command, sound, "--max-hours", "0.0005", "--json")
    assert result.returncode == 1
    assert "longer than the limit of 2 s; cut it, or use --max-hours" in result.stderr
    succeed(run_panns(command, sound, "--max-hours", "0.001", "--json"))


def test_limits_of_options():
    from panns.cli.options.sound_limits import LimitOptions

    assert LimitOptions().to_limits().max_duration_s == 48 * 3600
    assert LimitOptions().to_limits().min_bytes_per_s > 0
    wide = LimitOptions(max_hours=100, allow_silence=True).to_limits()
    assert (wide.max_duration_s, wide.min_bytes_per_s, wide.min_bytes_per_million) == (360_000, 0, 0)
