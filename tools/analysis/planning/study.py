"""What planning and trials work with: a task, its tools, its splits, a view of the discovery samples, and the run's
context. Calls are run here, each once per data set, and recorded."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from memory.files.project_folder import project_folder
from memory.ledger.keys import step_key
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import OutcomeKind
from tools.analysis.execution.analysis import Analysis, Permutation, Row
from tools.analysis.execution.analysis import Call as ToolCall
from tools.analysis.execution.run_calls import run_calls
from tools.analysis.findings import Call, Subset
from tools.analysis.packs.spec import ToolSpec
from tools.analysis.planning.data_view import DataView
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.subsets import write_subset
from tools.analysis.task.analysis_task import AnalysisTask
from tools.toolchain import Context

DISCOVERY = "discovery"
WHOLE = Subset()
WORKERS = os.cpu_count() or 1


@dataclass(frozen=True)
class Study:
    """`splits` maps discovery, validation and sealed to data sets, `digests` the same to the hashes of their bytes.
    `view` is that of the discovery samples. Where no samples are kept apart, the other two hold none."""

    task: AnalysisTask
    specs: Mapping[str, ToolSpec]
    splits: Mapping[str, Path]
    digests: Mapping[str, str]
    view: DataView
    context: Context
    keeps_samples_apart: bool = True

    def run(
        self, calls: Sequence[Call], split: str = DISCOVERY, subset: Subset = WHOLE, permute: Permutation | None = None
    ) -> CallsRun:
        """Carry out the calls, or return the recorded run. Raises CapReached and RunFailed."""
        permuted = "" if permute is None else f"{permute.column} within {permute.within or 'all'}, seed {permute.seed}"
        limits = replace(self.task.limits, seconds=self.limit_seconds(calls))
        sets = self._digest_sets()
        key = step_key(
            calls=list(calls),
            data=self.digests[split],
            subset=subset.model_dump(),
            permuted=permuted,
            sets=sets,
            limits=vars(limits),
            tools=[_digest_tool(self.specs[call["tool"]]) for call in calls],
        )

        def action() -> tuple[CallsRun, Cost]:
            data = self.splits[split] if subset.whole else self._write_subset(split, subset)
            gene_sets = self.task.gene_sets
            typed = cast("Sequence[ToolCall]", calls)
            made = run_calls(typed, data, self.specs, self.context, permute=permute, limits=limits, sets=gene_sets)
            return self._store(calls, split, permuted, made), Cost()

        intent = Intent(split=split, content=self.digests[split])
        return self.context.steps.made(CallsRun, key, intent, Cost(), action)

    def run_all(self, runs: Sequence[Callable[[], CallsRun]]) -> list[CallsRun]:
        """Return the results of several runs, which are carried out side by side; slots decide how many compute."""
        with ThreadPoolExecutor(max(1, min(len(runs), WORKERS))) as pool:
            return list(pool.map(lambda run: run(), runs))

    def table(self, run: CallsRun, call: int | None = None) -> list[Row]:
        """Return the table of a call, the last one's by default; empty where there is none."""
        index = max(run.tables, default=-1) if call is None else call
        if index not in run.tables:
            return []
        return [Row.model_validate(row) for row in self.context.artifacts.json(run.tables[index])]

    def limit_seconds(self, calls: Sequence[Call]) -> float:
        """Return the time limit: the sum of the tools' own, within that of the task."""
        return min(self.task.limits.seconds, 60 + math.fsum(self.specs[call["tool"]].seconds for call in calls))

    def _store(self, calls: Sequence[Call], split: str, permuted: str, made: Analysis) -> CallsRun:
        store = self.context.artifacts
        rows = {index: [row.model_dump(mode="json") for row in table] for index, table in made.tables.items()}
        return CallsRun(
            calls=[dict(call) for call in calls],
            data=split,
            outcome=OutcomeKind(made.outcome).value,
            cause=made.cause,
            failed_call=made.failed_call,
            tables={index: store.put_json(table) for index, table in rows.items()},
            figures={index: store.put(figure) for index, figure in made.figures.items()},
            provenance=list(made.provenance),
            states=list(made.states),
            summary=dict(made.summary),
            log=store.put_text(made.log),
            seconds=round(made.seconds, 3),
            permuted=permuted,
        )

    def _write_subset(self, split: str, subset: Subset) -> Path:
        name = step_key(data=self.digests[split], subset=subset.model_dump())
        folder = project_folder(self.context.project) / "subsets"
        return write_subset(self.splits[split], subset, folder / f"{name}.h5ad")

    def _digest_sets(self) -> str:
        path = self.task.gene_sets
        return "" if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def _digest_tool(spec: ToolSpec) -> dict[str, Any]:
    """Return what tells one state of a tool from another: its name, documentation and library."""
    return {"name": spec.name, "pack": spec.pack, "doc": spec.doc, "library": spec.libraries}
