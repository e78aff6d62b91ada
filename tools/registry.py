"""Discovery: toolchains by name (entry points `pelagos.toolchains`) and tasks by path or shipped name.

A plug-in that can't be loaded is named where it is asked for and never in the way of another.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from pelagos.errors import BadInput, MissingPart
from pelagos.textfile import read_text
from sandbox.machine import Machine, lacks_cards
from tools.toolchain import Limited, Packaged, Task, Toolchain

GROUP = "pelagos.toolchains"
SHIPPED = {"code": "tools.code.toolchain:CodeToolchain"}
TEMPLATE = "_template"
_METHODS = ("load", "prepare", "brief", "material", "tools", "baseline", "build", "experiment", "diff", "section")


def toolchains() -> dict[str, EntryPoint]:
    """Name -> where it is loaded from: the shipped ones, which no plug-in can shadow, and the plug-ins."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return found | {name: EntryPoint(name, value, GROUP) for name, value in SHIPPED.items()}


def toolchain(name: str) -> Toolchain:
    """The toolchain called `name`. Raises BadInput (unknown) and MissingPart (known, but it can't be loaded)."""
    known = toolchains()
    if name not in known:
        raise BadInput(f"toolchain '{name}' is not known; {nearest(name, list(known))}")
    try:
        made: Any = known[name].load()()
    except Exception as error:  # the border to other people's code: whatever it raises is named, not ours to crash on
        reason = f"{type(error).__name__}: {error}"
        raise MissingPart(f"toolchain '{name}' ({known[name].value}) can't be loaded: {reason}") from error
    if missing := [method for method in _METHODS if not callable(getattr(made, method, None))]:
        raise MissingPart(
            f"toolchain '{name}' ({known[name].value}) lacks {', '.join(missing)}; see tools/toolchain.py"
        )
    chain: Toolchain = made
    return chain


def shipped_tasks() -> dict[str, Path]:
    """Name -> folder of the tasks that come with Pelagos, by name."""
    folders = sorted(_home().iterdir())
    return {folder.name: folder for folder in folders if folder.name != TEMPLATE and (folder / "task.yaml").is_file()}


def find_task(ref: str | Path) -> Path:
    """The folder `ref` means: a path where there is such a folder, else a shipped name. Raises BadInput."""
    path = Path(ref)
    if path.name == "task.yaml" and path.is_file():
        return path.parent
    if path.is_dir():
        return path
    shipped = shipped_tasks()
    if str(ref) in shipped:
        return shipped[str(ref)]
    raise BadInput(f"task '{ref}' is neither a folder nor a shipped task; {nearest(str(ref), list(shipped))}")


def task(ref: str | Path) -> tuple[Task, Toolchain]:
    """The validated task and what carries it out. Raises BadInput and MissingPart."""
    folder = find_task(ref)
    chain = toolchain(_toolchain_of(folder / "task.yaml"))
    return chain.load(folder), chain


def check_machine(task: Task, backend: str = "auto") -> None:
    """Raises BadInput, a line per limit, where one experiment of `task` wants more than this machine has, and
    MissingPart where it wants a graphics card and there is none."""
    if isinstance(task, Limited) and (lacks := Machine.here(backend).lacks(task.limits) + lacks_cards(task.limits)):
        raise BadInput(*(f"task {task.name}: {line}" for line in lacks))


def install(task: Task) -> None:
    """Make the packages that `task` brings ready. Raises BadInput, MissingPart and DiskFull."""
    if isinstance(task, Packaged):
        task.install()


def nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known)) or 'none'}"


def _home() -> Path:
    return Path(str(files("tasks")))


def _toolchain_of(path: Path) -> str:
    """The `toolchain` key; `code` where the file can't say it, whose loading then tells what is wrong with the file."""
    try:
        raw = yaml.safe_load(read_text(path)) if path.is_file() else None
    except (BadInput, ValueError, yaml.YAMLError):
        return "code"
    name = raw.get("toolchain", "code") if isinstance(raw, dict) else "code"
    return name if isinstance(name, str) else "code"
