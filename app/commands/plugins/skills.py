"""Skills for `pelagos tools`: those of the project with whether they are on, and the check of one by its path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def list_skills(project: Path, named: Sequence[str], allowed: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a row for each skill that the settings name (`named`) or that lies in the project, and the faults.
    `allowed` are the scripts that may be run. Raises BadInput where a name is unknown."""
    from tools.skills.finding import find_skills

    found = find_skills(project, named)
    rows = [
        {
            "skill": skill.name,
            "offered": "on" if skill in found.on else "off",
            "description": skill.description,
            "scripts": ", ".join(
                f"{script} ({'allowed' if f'{skill.name}/{script}' in allowed else 'off'})" for script in skill.scripts
            ),
        }
        for skill in [*found.on, *found.off]
    ]
    return rows, [str(fault) for fault in found.faults]


def list_project_skills() -> tuple[list[dict[str, Any]], list[str]]:
    """Return what `list_skills` returns for the project in the current folder."""
    from pelagos.settings_sources import load

    settings = load(Path.cwd())
    return list_skills(Path.cwd(), settings.skills, settings.skill_scripts)


def split_skills(refs: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The references that are folders of a skill, and the others."""
    from tools.skills.skill import SKILL_FILE

    skills = [ref for ref in refs if (Path(ref) / SKILL_FILE).is_file()]
    return [Path(ref) for ref in skills], [ref for ref in refs if ref not in skills]


def check_skills(folders: Sequence[Path]) -> dict[str, list[str]]:
    """Return skill -> what to mend, a line each. Nothing of a skill is run."""
    from tools.skills.reading import read_skill
    from tools.skills.skill import Skill

    read = {folder.resolve().name: read_skill(folder.resolve()) for folder in folders}
    return {
        f"skill {name}": [] if isinstance(skill, Skill) else [fault.reason for fault in skill]
        for name, skill in read.items()
    }
