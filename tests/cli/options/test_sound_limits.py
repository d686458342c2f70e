"""`--max-hours` and `--allow-silence` of tag, detect and embed."""

import pytest

from panns.audio import DecodeLimits
from panns.cli.options.sound_limits import LimitOptions, naming_limit_options
from panns.errors import AudioDecodeError
from tests.commands import run_panns, succeed


@pytest.mark.parametrize("command", ["tag", "detect", "embed"])
def test_the_longest_sound(command, sound):
    result = run_panns(command, sound, "--max-hours", "0.0005", "--json")
    assert result.returncode == 1
    assert "longer than the limit of 2 s; cut it, or use --max-hours\n" in result.stderr
    succeed(run_panns(command, sound, "--max-hours", "0.001", "--json"))


@pytest.mark.parametrize("field", ["min_bytes_per_s", "min_bytes_per_million"])
def test_a_bomb_names_the_option(field):
    limits = DecodeLimits(**{"min_bytes_per_s": 0, "min_bytes_per_million": 0, field: 1e6}, grace_s=1)
    with pytest.raises(AudioDecodeError, match="bomb") as of_library:
        limits.check_decoded("a.wav", 10, 1, n_samples=10**6)
    assert "--" not in str(of_library.value)
    assert f"{field}=" in str(of_library.value)
    with pytest.raises(AudioDecodeError, match=r"a\.wav: .*bomb; .* use --allow-silence$"), naming_limit_options():
        limits.check_decoded("a.wav", 10, 1, n_samples=10**6)


def test_commands_without_the_option_do_not_name_it():
    with pytest.raises(
        AudioDecodeError, match=r"limit of 1 s; cut it, or set limits=DecodeLimits\(max_duration_s"
    ) as one:
        DecodeLimits(max_duration_s=1).check_decoded("a.wav", 2, 10**6, n_samples=1)
    assert "--max-hours" not in str(one.value)


def test_limits_of_options():

    assert LimitOptions().to_limits().max_duration_s == 48 * 3600
    assert LimitOptions().to_limits().min_bytes_per_s > 0
    wide = LimitOptions(max_hours=100, allow_silence=True).to_limits()
    assert (wide.max_duration_s, wide.min_bytes_per_s, wide.min_bytes_per_million) == (360_000, 0, 0)
