"""Reads one skill from its folder and checks it against the rules of the format. Nothing is followed or executed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pelagos.errors import BadInput
from pelagos.textfile import read_text
from pelagos.visible import make_visible
from tools.skills.skill import SKILL_FILE, Skill, SkillFault

NAME_CHARS, DESCRIPTION_CHARS, FILE_CHARS = 64, 1024, 100_000
SCRIPTS = "scripts"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PARTS = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*(?:\n(.*))?\Z", re.DOTALL)


def read_skill(folder: Path) -> Skill | list[SkillFault]:
    """The skill, or a fault for each rule that it breaks."""
    file = folder / SKILL_FILE
    try:
        text = read_text(file).replace("\r\n", "\n")
    except (OSError, BadInput) as error:
        return [SkillFault(folder.name, f"{file}: can't be read: {error}")]
    if len(text) > FILE_CHARS:
        return [SkillFault(folder.name, f"{SKILL_FILE} has {len(text)} characters; {FILE_CHARS} at most")]
    parts = _PARTS.match(text)
    if parts is None:
        line = "begins with no front matter; write '---', name and description, '---' at its top"
        return [SkillFault(folder.name, f"{SKILL_FILE} {line}")]
    try:
        head = yaml.safe_load(parts[1])
    except yaml.YAMLError as error:
        why = " ".join(str(getattr(error, "problem", None) or error).split())
        line = f"{SKILL_FILE}: its front matter is not YAML: {why}; put a text that holds ': ' between quotation marks"
        return [SkillFault(folder.name, line)]
    if not isinstance(head, dict):
        return [SkillFault(folder.name, f"{SKILL_FILE}: its front matter holds no keys; write name and description")]
    if faults := [SkillFault(folder.name, line) for line in _check_head(head, folder.name)]:
        return faults
    description, body = (make_visible(part).strip() for part in (head["description"], parts[2] or ""))
    return Skill(head["name"], description, body, folder, tuple(_list_scripts(folder)))


def _check_head(head: dict[Any, Any], folder: str) -> Iterator[str]:
    name, description = head.get("name"), head.get("description")
    if not isinstance(name, str) or not name:
        yield f"has no name; write 'name: {folder}'"
    elif name != folder:
        yield f"is called {name!r} in {SKILL_FILE}; name and folder must be the same"
    elif len(name) > NAME_CHARS:
        yield f"its name has {len(name)} characters; {NAME_CHARS} at most"
    elif not _NAME.fullmatch(name):
        yield "its name may hold lower-case letters, digits and single hyphens between them; rename it"
    if not isinstance(description, str) or not description.strip():
        yield "has no description; say in it what the skill does and when it is of use"
    elif len(description) > DESCRIPTION_CHARS:
        yield f"its description has {len(description)} characters; {DESCRIPTION_CHARS} at most"


def _list_scripts(folder: Path) -> Iterator[str]:
    for path in sorted((folder / SCRIPTS).rglob("*")):
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()
