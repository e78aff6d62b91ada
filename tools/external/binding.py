"""How a server's command is shown inside a sandbox: its virtual environment or its file is bound read-only.

A command that must reach the network (npx, uvx, docker) can't run there; it runs outside, where it is allowed to.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pelagos.errors import BadInput

SYSTEM = (Path("/usr"), Path("/bin"), Path("/lib"))


@dataclass(frozen=True)
class Binding:
    """`readonly`: what is bound at which name in the work folder."""

    argv: list[str]
    readonly: dict[str, Path] = field(default_factory=dict)


def find_command(command: str, project: Path) -> Path:
    """Return the program's absolute path, with its links. Raises BadInput."""
    own = project / command
    found = str(own) if "/" in command and own.is_file() else shutil.which(command)
    if found is None:
        raise BadInput(f"no command '{command}': install it, or write its whole path")
    return Path(found).absolute()


def bind_command(command: str, args: Sequence[str], project: Path, shown: Mapping[str, Path]) -> Binding:
    """Return the command as it is called inside. `shown`: what is bound anyway, by its name inside. An argument that
    names a file is replaced by the file's name inside. Raises BadInput."""
    program = find_command(command, project)
    start, readonly = _bind_program(program, Path(command).name)
    for place, argument in enumerate(args):
        path = project / argument
        if not argument or not path.exists():
            start.append(argument)
            continue
        name = _find_shown(path, shown)
        if not name:
            name = f"given/{place}/{path.name}"
            readonly[name] = path
        start.append(name)
    return Binding(start, readonly)


def _find_shown(path: Path, shown: Mapping[str, Path]) -> str:
    """The name inside of a path that is, or lies in, one of those shown; "" where it doesn't."""
    for name, folder in shown.items():
        if path.absolute().is_relative_to(folder.absolute()):
            return (Path(name) / path.absolute().relative_to(folder.absolute())).as_posix()
    return ""


def _bind_program(program: Path, name: str) -> tuple[list[str], dict[str, Path]]:
    environment = program.parent.parent
    if environment == Path(sys.prefix) or name in ("python", "python3"):
        own = environment == Path(sys.prefix) or not (environment / "pyvenv.cfg").is_file()
        if own:
            return ([sys.executable] if name.startswith("python") else [sys.executable, str(program)]), {}
    if (environment / "pyvenv.cfg").is_file():
        python = "server/bin/python"
        inside = [python] if name.startswith("python") else [python, f"server/bin/{program.name}"]
        return (inside if _is_python(program) else [f"server/bin/{program.name}"]), {"server": environment}
    if any(folder in program.resolve().parents for folder in SYSTEM):
        return [str(program)], {}
    return [f"server/{program.name}"], {f"server/{program.name}": program}


def _is_python(program: Path) -> bool:
    """Whether it is an interpreter or a script of one: its first line names one by a path that isn't shown inside."""
    if program.name.startswith("python"):
        return True
    with program.open("rb") as file:
        return b"python" in file.readline(300)
