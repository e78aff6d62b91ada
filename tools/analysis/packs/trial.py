"""Leaves out tools of packs whose import isn't sound: an error, or a side effect. Shipped packs aren't tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memory.ledger.keys import step_key
from pelagos.facts.fact import Cost
from tools.analysis.packs.spec import ToolSet, ToolSpec
from tools.functions.function import IMPORT_NAME, PackFault
from tools.functions.packs import load_functions
from tools.functions.places import SHIPPED
from tools.functions.trial import LIMITS, try_imports
from tools.toolchain import Context

KIND = "packs"


def find_module(spec: ToolSpec) -> str:
    """The name under which a program, and so the trial of imports, knows the tool's module."""
    file = f".{spec.source.module.rpartition('.')[2]}" if spec.source.root.is_dir() else ""
    return f"{IMPORT_NAME}.{spec.pack}{file}"


def drop_unsound(tools: ToolSet, findings: Mapping[str, Sequence[str]]) -> ToolSet:
    """The tools without those of modules that have findings, which become faults."""
    kept = {name: spec for name, spec in tools.items() if not findings.get(find_module(spec))}
    faults = [
        PackFault(spec.pack, name, findings[find_module(spec)][0]) for name, spec in tools.items() if name not in kept
    ]
    return ToolSet(kept, (*tools.faults, *faults))


def try_tools(tools: ToolSet, packs: Sequence[str], paths: Sequence[Path], context: Context) -> ToolSet:
    """The tools whose modules can be imported without side effects; tried once per state of the packs. Raises RunFailed
    where the sandbox fails at every attempt."""
    others = load_functions([name for name in packs if name not in SHIPPED], paths)
    if not others.modules:
        return tools

    def action() -> tuple[dict[str, Any], Cost]:
        with context.slot(LIMITS.cpus):
            return {"digest": others.digest, "findings": try_imports(others, context.sandbox)}, Cost()

    fact = context.steps.once(KIND, step_key(packs=others.digest), {"packs": list(others.roots)}, Cost(), action)
    return drop_unsound(tools, fact["findings"])
