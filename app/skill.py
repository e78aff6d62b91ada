"""The shipped Agent Skill that explains to any coding agent how to use Pelagos."""

from __future__ import annotations

import shutil
from pathlib import Path

from pelagos.errors import BadInput

NAME = "pelagos"


def find_skill() -> Path:
    """Return the folder of the skill."""
    return Path(__file__).parent / "skills" / NAME


def copy_skill(place: Path) -> Path:
    """Copy the skill into the folder `place` under its own name and return where it is. An older copy is replaced.
    Raises BadInput where something else has that name."""
    target = place / NAME
    if target.exists() and not (target / "SKILL.md").is_file():
        raise BadInput(f"{target}: exists and is no skill: name another folder by --skill")
    try:
        return Path(shutil.copytree(find_skill(), target, dirs_exist_ok=True))
    except (OSError, shutil.Error) as error:
        raise BadInput(f"--skill {place}: can't be written: {getattr(error, 'strerror', None) or error}") from None
