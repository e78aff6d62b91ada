"""Runs the calls of all hypotheses on one table, on the real outcome and on its permuted copies."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from benchmarks.analysis.sandboxed import ToolContext
from benchmarks.discovery.mapping import Gold, Implication
from benchmarks.discovery.metrics import to_one_sided
from benchmarks.discovery.tables import find_table, name_copy, write_with_copies
from pelagos.errors import EvaluationError
from sandbox.protocol import Sandbox
from tools.analysis.execution.analysis import Call, Row
from tools.analysis.execution.run_calls import run_calls
from tools.analysis.packs.spec import ToolSpec
from tools.toolchain import Context

REAL = -1  # the number of the outcome itself, beside those of its permuted copies
MOST_CALLS = 90  # of one execution: the border takes a hundred tables


class Asked(NamedTuple):
    """One implication on the outcome (REAL) or on one of its copies."""

    gold: str
    place: int
    copy: int
    call: Call
    implication: Implication


def measure_table(
    golds: Sequence[Gold], data: Path, permutations: int, specs: Mapping[str, ToolSpec], sandbox: Sandbox
) -> dict[str, Any]:
    """Hypothesis -> `p`: copy -> the p of each implication, and `untested`: what was refused on the real outcome."""
    asked = [each for gold in golds for each in list_calls(gold, permutations)]
    results: dict[str, Any] = {gold.id: {"p": {}, "effects": [], "untested": []} for gold in golds}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.h5ad"
        write_with_copies(find_table(data / golds[0].data), {gold.outcome for gold in golds}, permutations, path)
        for each, row, cause in run_all(asked, path, specs, sandbox):
            _keep(results[each.gold], each, row, cause)
    return results


def list_calls(gold: Gold, permutations: int) -> Iterator[Asked]:
    for copy in range(REAL, permutations):
        for place, each in enumerate(gold.implications):
            name = gold.outcome if copy == REAL else name_copy(gold.outcome, copy)
            arguments = {key: _rename(value, gold.outcome, name) for key, value in each.arguments.items()}
            entity = name if each.entity == gold.outcome else each.entity
            renamed = each.model_copy(update={"arguments": arguments, "entity": entity})
            yield Asked(gold.id, place, copy, Call(tool=each.tool, arguments=arguments), renamed)


def run_all(
    asked: Sequence[Asked], path: Path, specs: Mapping[str, ToolSpec], sandbox: Sandbox
) -> Iterator[tuple[Asked, Row | None, str]]:
    """Yield each call with the row that is read, or None and the cause. A refusal ends an execution, not the rest."""
    start = 0
    context = cast(Context, ToolContext(sandbox))
    while start < len(asked):
        chunk = asked[start : start + MOST_CALLS]
        analysis = run_calls([each.call for each in chunk], path, specs, context, figures=False)
        if not analysis.ok and analysis.failed_call is None:
            raise EvaluationError(f"{asked[start].gold}: {analysis.outcome}: {analysis.cause}", "benchmark")
        done = len(chunk) if analysis.ok else cast(int, analysis.failed_call)
        for place, each in enumerate(chunk[:done]):
            row = next((row for row in analysis.tables[place] if row.entity == each.implication.entity), None)
            yield each, row, str(row.extra.get("untested", "")) if row else "no such row"
        if not analysis.ok:
            yield chunk[done], None, analysis.cause
            done += 1
        start += done


def _rename(value: Any, old: str, new: str) -> Any:
    if isinstance(value, list):
        return [_rename(entry, old, new) for entry in value]
    return new if value == old else value


def _keep(result: dict[str, Any], each: Asked, row: Row | None, cause: str) -> None:
    p, effect = (row.p, row.effect) if row else (None, None)
    result["p"].setdefault(str(each.copy), []).append(to_one_sided(p, effect, each.implication.direction))
    if each.copy == REAL:
        result["effects"].append(row.r if row else None)
        if p is None:
            result["untested"].append(f"{each.implication.tool} of {each.implication.entity}: {cause}")
