"""Scripts of skills that a plan's step may call: those that the settings allow by name, and only in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pelagos.errors import BadInput
from pelagos.plugins import suggest_nearest
from sandbox.protocol import Limits, Outcome, Sandbox, Spec
from tools.skills.skill import Skill

LIMITS = Limits(seconds=60, memory_mb=1024, pids=64, cpus=1, disk_mb=64)
FOLDER = "skill"
INTERPRETERS = {".py": "python", ".sh": "sh"}
_UNCLEAN = re.compile(r"[^A-Za-z0-9_-]+")


class Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    arguments: list[str] = Field(default=[], max_length=50)


@dataclass(frozen=True)
class Script:
    """An allowed script of a skill; `path` lies below the skill's folder. Plans call it `skill.file`."""

    skill: Skill
    path: str

    @property
    def name(self) -> str:
        return f"{self.skill.name}.{_UNCLEAN.sub('_', PurePosixPath(self.path).stem)}"

    @property
    def description(self) -> str:
        return f"Run {self.path} of the skill {self.skill.name}: {self.skill.description}"

    @property
    def parameters(self) -> dict[str, Any]:
        return Arguments.model_json_schema()


def find_scripts(skills: Sequence[Skill], allowed: Sequence[str]) -> dict[str, Script]:
    """Return name -> script of those that `allowed` names as SKILL/scripts/FILE. Raises BadInput, a line for each entry
    that names no script of the skills, none that could be run, or one whose name another one has."""
    known = {f"{skill.name}/{script}": Script(skill, script) for skill in skills for script in skill.scripts}
    scripts: dict[str, Script] = {}
    faults: list[str] = []
    for entry in dict.fromkeys(allowed):
        if entry not in known:
            faults.append(f"skill_scripts: no script {entry!r}; {suggest_nearest(entry, list(known))}")
        elif not _find_interpreter(entry):
            faults.append(f"skill_scripts: {entry!r} is neither Python nor a shell script")
        elif known[entry].name in scripts:
            faults.append(f"skill_scripts: {entry!r} is called {known[entry].name}, as another one is: rename it")
        else:
            scripts[known[entry].name] = known[entry]
    if faults:
        raise BadInput(*faults)
    return scripts


def find_argument_fault(arguments: Mapping[str, Any]) -> str:
    """Return why the arguments of a call don't fit, "" where they do."""
    try:
        Arguments.model_validate(dict(arguments))
    except ValidationError as error:
        return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
    return ""


def run_script(script: Script, arguments: Sequence[str], sandbox: Sandbox) -> Outcome:
    """Run the script in the sandbox: its skill's folder is bound read-only, without network. Raises SandboxError."""
    argv = [_find_interpreter(script.path), f"{FOLDER}/{script.path}", *arguments]
    return sandbox.run(Spec(argv, readonly={FOLDER: script.skill.folder}, limits=LIMITS))


def _find_interpreter(script: str) -> str:
    return next((program for end, program in INTERPRETERS.items() if script.endswith(end)), "")
