"""Runs the contract test of tools in one sandbox execution."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pelagos.errors import SandboxError
from pelagos.nouns import OutcomeKind
from sandbox.border.analysis import MOST_BYTES, read_findings
from sandbox.border.reading import Invalid
from sandbox.protocol import Limits, Sandbox, Spec
from tools.analysis.contract.arguments import guess_arguments
from tools.analysis.execution.run_calls import CONFIG, ENVIRONMENT, INSIDE, LIBRARY, RESULTS, bind_code, describe_call
from tools.analysis.packs.spec import ToolSpec
from tools.analysis.states import State

FILES = ("contract.py", "sample_data.py", "guards.py", "rows.py")
LIMITS = Limits(seconds=900, memory_mb=4096, pids=128, cpus=1, disk_mb=256)
_MADE_BY_CALLS = (State.EMBEDDED, State.CLUSTERED)  # states that leave more than values in the data
_SECONDS_PER_TOOL = 60.0


def check_tools(specs: Mapping[str, ToolSpec], sandbox: Sandbox, names: Sequence[str] = ()) -> dict[str, list[str]]:
    """Return tool name -> what is to be mended, a line each; empty lists are sound tools. `names`: those to check, all
    by default; the others may prepare data for them. Raises SandboxError where the test itself can't be run."""
    findings: dict[str, list[str]] = {}
    calls: list[dict[str, Any]] = []
    for name in names or list(specs):
        try:
            calls.append(_describe(specs[name], specs))
        except ValueError as error:
            findings[name] = [str(error)]
    if calls:
        findings |= _run(calls, [specs[name] for name in specs], sandbox)
    return findings


def _describe(spec: ToolSpec, specs: Mapping[str, ToolSpec]) -> dict[str, Any]:
    arguments = guess_arguments(spec)
    group = spec.parameter_of("group")
    return describe_call({"tool": spec.name, "arguments": arguments}, spec) | {
        "relation": str(spec.relation or ""),
        "levels": any(parameter.names == "level" for parameter in spec.parameters.values()),
        "group": arguments.get(group.name, "") if group else "",
        "seeded": "seed" in spec.parameters,
        "cells": "donor" in arguments.values(),
        "before": _lead_to(spec, specs),
    }


def _lead_to(spec: ToolSpec, specs: Mapping[str, ToolSpec]) -> list[dict[str, Any]]:
    """The calls that bring the data into a state which a flag alone doesn't make."""
    steps: list[dict[str, Any]] = []
    for state in sorted(spec.requires & set(_MADE_BY_CALLS)):
        maker = next((other for other in specs.values() if other.produces == state), None)
        if maker is not None:
            call = describe_call({"tool": maker.name, "arguments": guess_arguments(maker)}, maker)
            steps += [*_lead_to(maker, specs), call]
    return steps


def _run(calls: Sequence[dict[str, Any]], specs: Sequence[ToolSpec], sandbox: Sandbox) -> dict[str, list[str]]:
    config = {"calls": calls, "library": LIBRARY, "results": RESULTS}
    files = {f"_run/{name}": (INSIDE / name).read_bytes() for name in FILES}
    files |= {CONFIG: json.dumps(config).encode(), f"{LIBRARY}/tools/__init__.py": b"", "out/.keep": b""}
    limits = replace(LIMITS, seconds=max(LIMITS.seconds, _SECONDS_PER_TOOL * len(calls)))
    argv = ["python", "_run/contract.py", CONFIG]
    outcome = sandbox.run(Spec(argv, files, bind_code(specs), {RESULTS: MOST_BYTES}, ENVIRONMENT, limits))
    findings = read_findings(outcome.files.get(RESULTS, b""))
    if outcome.kind is not OutcomeKind.OK or isinstance(findings, Invalid):
        reason = findings.reason if isinstance(findings, Invalid) and not outcome.cause else outcome.cause
        last = next((line for line in reversed(outcome.log.splitlines()) if line.startswith("[tool]")), "[tool] none")
        raise SandboxError(f"the contract test ended at {last.removeprefix('[tool] ')}: {outcome.kind}: {reason}")
    return findings
