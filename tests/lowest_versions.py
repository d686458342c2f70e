"""The lowest allowed version of every dependency, as constraints for pip: `python tests/lowest_versions.py`."""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(?:\[[^\]]+\])?>=(?P<lowest>[0-9.]+)")


def lowest_versions(project: Path = PROJECT) -> list[str]:
    """Lines such as `numpy==2.0`, for the runtime and every extra."""
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    extras = [line for lines in table["optional-dependencies"].values() for line in lines]
    requirements = [line for line in [*table["dependencies"], *extras] if not line.startswith(table["name"])]
    found = {}
    for line in requirements:
        match = REQUIREMENT.fullmatch(line)
        if match is None:
            raise ValueError(f"{line!r} names no lowest version; write it as name>=1.2")
        if found.setdefault(match["name"], match["lowest"]) != match["lowest"]:
            raise ValueError(f"{match['name']} has two lowest versions, {found[match['name']]} and {match['lowest']}")
    return [f"{name}=={lowest}" for name, lowest in sorted(found.items())]


if __name__ == "__main__":
    print("\n".join(lowest_versions()))
