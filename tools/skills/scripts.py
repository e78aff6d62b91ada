"""Scripts of skills as tools. Only those run that the settings allow by name, and only in the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pelagos.errors import BadInput
from pelagos.plugins import suggest_nearest
from sandbox.protocol import Limits, Outcome, Sandbox, Spec
from tools.skills.skill import Skill
from tools.toolchain import Tool

LIMITS = Limits(seconds=60, memory_mb=1024, pids=64, cpus=1, disk_mb=64)
FOLDER = "skill"
INTERPRETERS = {".py": "python", ".sh": "sh"}
SCHEMA = {
    "type": "object",
    "properties": {"arguments": {"type": "array", "items": {"type": "string"}}},
    "required": ["arguments"],
    "additionalProperties": False,
}


def list_script_tools(skills: Sequence[Skill], allowed: Sequence[str], sandbox: Sandbox) -> list[Tool]:
    """A tool for each allowed script, called SKILL/scripts/FILE; calling it returns the outcome, whose log is text of
    others. Raises what `check_scripts` raises."""
    check_scripts(skills, allowed)
    known = _list_known(skills)
    return [
        Tool(name, f"Run a script of a skill. {skill.description}", SCHEMA, partial(run_script, skill, script, sandbox))
        for name, (skill, script) in known.items()
        if name in allowed
    ]


def check_scripts(skills: Sequence[Skill], allowed: Sequence[str]) -> None:
    """Raises BadInput, a line for each entry of `allowed` that names no script of the skills that could be run."""
    known = _list_known(skills)
    faults = [
        f"skill_scripts: no script {name!r}; {suggest_nearest(name, list(known))}"
        for name in allowed
        if name not in known
    ]
    faults += [
        f"skill_scripts: {name!r} is neither Python nor a shell script"
        for name in allowed
        if name in known and not _find_interpreter(name)
    ]
    if faults:
        raise BadInput(*faults)


def run_script(skill: Skill, script: str, sandbox: Sandbox, arguments: Sequence[str]) -> Outcome:
    """Run a script of the skill in the sandbox: its folder is bound read-only, without network. Raises SandboxError."""
    argv = [_find_interpreter(script), f"{FOLDER}/{script}", *arguments]
    return sandbox.run(Spec(argv, readonly={FOLDER: skill.folder}, limits=LIMITS))


def _list_known(skills: Sequence[Skill]) -> dict[str, tuple[Skill, str]]:
    return {f"{skill.name}/{script}": (skill, script) for skill in skills for script in skill.scripts}


def _find_interpreter(script: str) -> str:
    return next((program for end, program in INTERPRETERS.items() if script.endswith(end)), "")
