"""The types of an Agent Skill as it is read from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SKILL_FILE = "SKILL.md"


@dataclass(frozen=True)
class Skill:
    """`body` is the text below the front matter: data for a model, never an instruction of ours. `scripts` are the
    files of its folder `scripts`, as posix paths below `folder`."""

    name: str
    description: str
    body: str
    folder: Path
    scripts: tuple[str, ...] = ()


@dataclass(frozen=True)
class SkillFault:
    """A skill that can't be used. `reason` says in one line what to mend."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"skill {self.name}: {self.reason}"
