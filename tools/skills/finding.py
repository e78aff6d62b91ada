"""Finds skills. One is on only where the settings name it: by the name of a skill in the project's `.agents/skills`, or
by the path of a skill or of a folder of skills (`~/.agents/skills`, say)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.plugins import suggest_nearest
from tools.skills.reading import read_skill
from tools.skills.skill import SKILL_FILE, Skill, SkillFault

PROJECT_SKILLS = Path(".agents/skills")


@dataclass(frozen=True)
class FoundSkills:
    """`on` are named by the settings; `off` lie in the project's folder and aren't. `faults` are of both."""

    on: tuple[Skill, ...] = ()
    off: tuple[Skill, ...] = ()
    faults: tuple[SkillFault, ...] = ()


def find_skills(project: Path, named: Sequence[str]) -> FoundSkills:
    """Raises BadInput, a line for each entry of `named` that is no skill and no folder of them."""
    lying = {folder.name: folder for folder in _list_folders(project / PROJECT_SKILLS)}
    chosen, unknown = dict[Path, None](), list[str]()
    for entry in named:
        folders = [lying[entry]] if entry in lying else _resolve(entry, project)
        chosen |= dict.fromkeys(folders)
        if not folders:
            unknown.append(f"skills: {entry!r} is no skill and no folder of skills; {suggest_nearest(entry, [*lying])}")
    if unknown:
        raise BadInput(*unknown)
    on, off, faults = dict[str, Skill](), list[Skill](), list[SkillFault]()
    for folder in dict.fromkeys([*chosen, *lying.values()]):
        skill = read_skill(folder)
        if isinstance(skill, list):
            faults += skill
        elif folder not in chosen:
            off.append(skill)
        elif skill.name in on:
            faults.append(SkillFault(skill.name, f"{folder}: {on[skill.name].folder} has this name; leave one out"))
        else:
            on[skill.name] = skill
    return FoundSkills(tuple(on.values()), tuple(off), tuple(faults))


def _resolve(entry: str, project: Path) -> list[Path]:
    """The folders of skills that a path means."""
    path = project / Path(entry).expanduser()
    return [path] if (path / SKILL_FILE).is_file() else list(_list_folders(path))


def _list_folders(folder: Path) -> Iterator[Path]:
    yield from sorted(file.parent for file in folder.glob(f"*/{SKILL_FILE}"))
