"""Runs tool calls in one sandbox execution: code and data are bound read-only, results come back through the border."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pelagos.errors import BadInput
from pelagos.nouns import OutcomeKind
from pelagos.visible import make_one_line
from sandbox.border.analysis import MOST_BYTES, Results, read_results
from sandbox.border.reading import Invalid
from sandbox.protocol import Limits, Outcome, Spec
from tools.analysis.execution.analysis import Analysis, Call, Permutation
from tools.analysis.packs.spec import SETS, ToolSpec
from tools.toolchain import Context

LIBRARY, RESULTS, CONFIG, DATA, SETS_FILE = "lib", "out/results.json", "config.json", "data.h5ad", "sets.gmt"
KEPT, MOST_KEPT_BYTES = "out/data.h5ad", 100_000_000
INSIDE = Path(__file__).parents[1] / "inside"
RUNNER_FILES = ("runner.py", "guards.py", "permutation.py", "rows.py", "figures.py", "look.py")
STATISTICS_FOLDER = Path(__file__).parents[2] / "statistics"
LIMITS = Limits(seconds=600, memory_mb=4096, pids=128, cpus=1, disk_mb=512)
ENVIRONMENT = {"NUMBA_CACHE_DIR": "/tmp/numba", "XDG_CACHE_HOME": "/tmp/cache"}  # noqa: S108  inside the jail
_START_SECONDS = 60.0  # for imports, and for reading the data
_CAUSE_CHARS = 500
_PROGRESS = re.compile(r"^\[call (\d+)\] ", re.MULTILINE)


def run_calls(
    calls: Sequence[Call],
    data: Path,
    specs: Mapping[str, ToolSpec],
    context: Context,
    *,
    permute: Permutation | None = None,
    limits: Limits = LIMITS,
    sets: Path | None = None,
    figures: bool = True,
    look: Mapping[str, Any] | None = None,
    keep_data: bool = False,
) -> Analysis:
    """Run the calls in order on the data set `data` (.h5ad). A transforming call changes the current data, a statistics
    call leaves a table. `sets` is a GMT file, handed to every parameter that asks for it; a permuted run draws no
    figures. `look` names batch, group and levels for what is told of the data afterwards; `keep_data` asks for the data
    themselves. The time limit is that of `limits`, or the sum of the tools' own where that is less. Raises BadInput for
    an unknown tool, and SandboxError."""
    if unknown := [call["tool"] for call in calls if call["tool"] not in specs]:
        raise BadInput(*(f"tool '{name}' is not known" for name in unknown))
    config = {
        "calls": [describe_call(call, specs[call["tool"]]) for call in calls],
        "permute": asdict(permute) if permute else None,
        "figures": figures and permute is None,
        "sets": SETS_FILE if sets else "",
        "look": dict(look) if look else None,
        "keep": {"path": KEPT, "most_bytes": MOST_KEPT_BYTES} if keep_data else None,
    }
    readonly = bind_code([specs[call["tool"]] for call in calls]) | {DATA: data} | ({SETS_FILE: sets} if sets else {})
    spec = _make_spec(config, readonly, _limit_seconds(limits, calls, specs))
    with context.slot(limits.cpus):
        outcome = context.sandbox.run(spec)
    return _read_outcome(outcome)


def _make_spec(config: Mapping[str, Any], readonly: Mapping[str, Path], limits: Limits) -> Spec:
    places = {"library": LIBRARY, "results": RESULTS, "data": DATA}
    files = {f"_run/{name}": (INSIDE / name).read_bytes() for name in RUNNER_FILES}
    files |= {CONFIG: json.dumps({**config, **places}).encode(), f"{LIBRARY}/tools/__init__.py": b"", "out/.keep": b""}
    collect = {RESULTS: MOST_BYTES}
    if config["keep"]:
        files[KEPT] = b""  # a file that is asked for and isn't there would be a failure
        collect[KEPT] = MOST_KEPT_BYTES
    return Spec(["python", "_run/runner.py", CONFIG], files, readonly, collect, ENVIRONMENT, limits)


def _limit_seconds(limits: Limits, calls: Sequence[Call], specs: Mapping[str, ToolSpec]) -> Limits:
    own = _START_SECONDS + sum(specs[call["tool"]].seconds for call in calls)
    return replace(limits, seconds=min(limits.seconds, own))


def describe_call(call: Call, spec: ToolSpec) -> dict[str, Any]:
    """What the runner inside needs to know of a call."""
    sets = spec.parameter_of(SETS)
    return {
        "tool": spec.name,
        "pack": spec.pack,
        "arguments": {name: value for name, value in call["arguments"].items() if sets is None or name != sets.name},
        "module": spec.source.module,
        "function": spec.source.function,
        "requires": sorted(spec.requires),
        "refuses": sorted(spec.refuses),
        "refuses_missing": spec.refuses_missing,
        "removes": sorted(spec.removes),
        "produces": str(spec.produces),
        "library": spec.libraries,
        "sets": sets.name if sets else "",
    }


def bind_code(specs: Sequence[ToolSpec]) -> dict[str, Path]:
    """Return what is bound at which name: the packs of the tools, and the statistics that shipped packs share."""
    folders = {f"{LIBRARY}/{spec.source.mount}": spec.source.root for spec in specs}
    return {f"{LIBRARY}/tools/statistics": STATISTICS_FOLDER} | folders


def _read_outcome(outcome: Outcome) -> Analysis:
    results = read_results(outcome.files[RESULTS]) if RESULTS in outcome.files else Invalid("it left no results")
    if outcome.kind is OutcomeKind.OK and isinstance(results, Results):
        return _make_analysis(results, outcome)
    ended = outcome.kind is OutcomeKind.OK and isinstance(results, Invalid)
    reason = results.reason if ended and isinstance(results, Invalid) else outcome.cause
    started = [int(match[1]) for match in _PROGRESS.finditer(outcome.log)]
    return Analysis(
        outcome=OutcomeKind.INVALID if ended else outcome.kind,
        cause=make_one_line(reason or outcome.log.strip().rpartition("\n")[2], _CAUSE_CHARS),
        failed_call=max(started, default=None),
        log=outcome.log,
        seconds=outcome.seconds,
        peak_memory_mb=outcome.peak_memory_mb,
    )


def _make_analysis(results: Results, outcome: Outcome) -> Analysis:
    failed = results.failed
    kinds = {"refused": OutcomeKind.INVALID, "error": OutcomeKind.ERROR}
    return Analysis(
        outcome=kinds[failed.kind] if failed else OutcomeKind.OK,
        cause=failed.message if failed else "",
        failed_call=failed.call if failed else None,
        tables={int(index): rows for index, rows in results.tables.items()},
        figures={int(index): base64.b64decode(text) for index, text in results.figures.items()},
        provenance=results.provenance,
        states=results.states,
        summary=results.summary,
        log=outcome.log,
        seconds=outcome.seconds,
        peak_memory_mb=outcome.peak_memory_mb,
        data=outcome.files.get(KEPT, b""),
    )
