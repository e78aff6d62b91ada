"""Reads packs for `pelagos tools`: tools of analyses and functions for programs; and checks both in the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.protocol import Sandbox
    from tools.analysis.packs.spec import ToolSet
    from tools.functions.function import Packs


@dataclass(frozen=True)
class ReadPacks:
    """`tools` are those of analyses, `packs` holds the other functions. `names` are the tools that were asked for, none
    where all were."""

    tools: ToolSet
    packs: Packs
    names: Sequence[str] = ()

    @classmethod
    def of_nothing(cls) -> ReadPacks:
        from tools.analysis.packs.spec import ToolSet
        from tools.functions.function import Packs

        return cls(ToolSet(), Packs({}))

    @property
    def faults(self) -> list[str]:
        return list(dict.fromkeys(map(str, [*self.tools.faults, *self.packs.faults])))

    @property
    def empty(self) -> bool:
        return not (self.tools or self.packs.functions or self.faults)


def read_project_packs(project: Path) -> ReadPacks:
    """Read the shipped packs and the drop-ins that the project's settings name. Raises BadInput for one that can't be
    used."""
    from pelagos.settings_sources import load
    from tools.analysis.packs.registry import load_packs
    from tools.functions.drop_ins import find_drop_ins
    from tools.functions.places import SHIPPED

    added = find_drop_ins(project, load(project).tools)
    own = load_packs([], added)
    return ReadPacks(load_packs(SHIPPED, added), _read_functions([], added, own))


def read_packs(refs: Sequence[str]) -> ReadPacks:
    """Read packs by path or name; a reference may also name one tool of the shipped packs, and none means all those.
    Raises BadInput for an unknown one."""
    from tools.analysis.packs.registry import load_packs
    from tools.functions.function import Packs
    from tools.functions.places import SHIPPED

    shipped = load_packs(SHIPPED)
    if not refs:
        return ReadPacks(shipped, Packs({}))
    names = [ref for ref in refs if ref in shipped and not Path(ref).exists()]
    others = [ref for ref in refs if ref not in names]
    if not others:
        return ReadPacks(shipped, Packs({}), names)
    paths = [Path(ref) for ref in others if Path(ref).exists()]
    packs = [ref for ref in others if not Path(ref).exists()]
    tools = load_packs(packs, paths)
    functions = _read_functions(packs, paths, tools)
    if not names:
        return ReadPacks(tools, functions)
    joined = replace(shipped, tools={**shipped.tools, **tools.tools}, faults=tools.faults)
    return ReadPacks(joined, functions, [*names, *tools])


def check_packs(read: ReadPacks, sandbox: Sandbox) -> dict[str, list[str]]:
    """Import the packs' modules and run the contract test of their tools. Return module, tool or function -> what is to
    be mended, a line each; a module is named where it has findings, and what is in it isn't tested then. Raises
    SandboxError."""
    from tools.analysis.contract.contract import check_tools
    from tools.analysis.packs.trial import find_module
    from tools.functions.trial import try_imports

    findings = {module: lines for module, lines in try_imports(read.packs, sandbox).items() if lines}
    kept = {name: spec for name, spec in read.tools.items() if find_module(spec) not in findings}
    if kept:
        findings |= check_tools(kept, sandbox, [name for name in read.names if name in kept])
    functions = [one for one in read.packs.functions if one.module not in findings]
    return findings | {function.name: [] for function in functions}


def _read_functions(names: Sequence[str], paths: Sequence[Path], tools: ToolSet) -> Packs:
    """The packs' functions without those that are tools of analyses, sound or not."""
    from tools.functions.packs import load_functions

    packs = load_functions(names, paths)
    known = {(spec.pack, spec.name) for spec in tools.values()} | {
        (fault.pack, fault.function) for fault in tools.faults
    }
    return replace(
        packs,
        functions=tuple(one for one in packs.functions if (one.pack, one.name) not in known),
        faults=tuple(one for one in packs.faults if (one.pack, one.function) not in known),
    )
