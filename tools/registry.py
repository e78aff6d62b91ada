"""Discovery: toolchains by name (entry points `pelagos.toolchains`) and tasks by path or shipped name."""

from __future__ import annotations

from functools import partial
from importlib.metadata import EntryPoint
from importlib.resources import files
from pathlib import Path

import yaml

from pelagos.errors import BadInput
from pelagos.plugins import list_plugins, load_plugin, suggest_nearest
from pelagos.protocols import find_lacking
from pelagos.textfile import read_text
from sandbox.host.machine import Machine, gpu_shortfalls
from tools.toolchain import Limited, Packaged, Task, Toolchain

GROUP = "pelagos.toolchains"
SHIPPED = {
    "analysis": "tools.analysis.toolchain:AnalysisToolchain",
    "code": "tools.code.toolchain:CodeToolchain",
}
TEMPLATE = "_template"


def toolchains() -> dict[str, EntryPoint]:
    """Name -> where it is loaded from."""
    return list_plugins(GROUP, SHIPPED)


def toolchain(name: str) -> Toolchain[Task]:
    """The toolchain called `name`. Raises BadInput (unknown) and MissingPart (known, but it can't be loaded)."""
    lacking = partial(find_lacking, protocol=Toolchain)
    made = load_plugin("toolchain", name, toolchains(), lambda kind: kind(), lacking, "tools/toolchain.py")
    chain: Toolchain[Task] = made
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
    raise BadInput(f"task '{ref}' is neither a folder nor a shipped task; {suggest_nearest(str(ref), list(shipped))}")


def task(ref: str | Path) -> tuple[Task, Toolchain[Task]]:
    """The validated task and what carries it out. Raises BadInput and MissingPart."""
    folder = find_task(ref)
    chain = toolchain(_toolchain_of(folder / "task.yaml"))
    return chain.load(folder), chain


def check_machine(task: Task, backend: str = "auto") -> None:
    """Raises BadInput, a line per limit, where one experiment of `task` wants more than this machine has, and
    MissingPart where it wants a graphics card and there is none."""
    if isinstance(task, Limited) and (
        lacks := Machine.detect(backend).shortfalls(task.limits) + gpu_shortfalls(task.limits)
    ):
        raise BadInput(*(f"task {task.name}: {line}" for line in lacks))


def install(task: Task) -> None:
    """Make the packages that `task` brings ready. Raises BadInput, MissingPart and DiskFull."""
    if isinstance(task, Packaged):
        task.install()


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
