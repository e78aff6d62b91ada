"""What planning and trials work with: a task, its tools, its splits, a view of the discovery samples, and the run's
context. Calls are run here, each once per data set, and recorded."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from memory.artifacts import hash_file
from memory.files.project_folder import project_folder
from memory.files.unused_files import mark_used, remove_unused
from memory.ledger.keys import step_key
from memory.steps.parallel import map_in_parallel
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import OutcomeKind
from sandbox.protocol import Limits
from tools.analysis.execution.analysis import Analysis, Permutation, Row
from tools.analysis.execution.analysis import Call as ToolCall
from tools.analysis.execution.run_calls import run_calls
from tools.analysis.findings import Call, Subset
from tools.analysis.packs.spec import ToolSpec
from tools.analysis.planning.data_view import DataView
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.subsets import write_readable, write_subset
from tools.analysis.task.analysis_task import AnalysisTask
from tools.functions.drop_ins import hash_drop_in
from tools.toolchain import Context

DISCOVERY = "discovery"
WHOLE = Subset()
WORKERS = os.cpu_count() or 1
MOST_BYTES = 5_000_000_000
"""Of the data that calls left, and of the parts of data: what goes is made again where it is needed."""


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
        permuted = _describe_permutation(permute) if permute else ""

        def action() -> tuple[CallsRun, Cost]:
            data = self.splits[split] if subset.whole else self._write_subset(split, subset)
            made = self._carry_out(calls, data, permute=permute)
            return self._store(calls, split, permuted, made), Cost()

        return self._made(self._key(calls, split, subset, permuted), split, action)

    def advance(self, calls: Sequence[Call]) -> CallsRun:
        """Carry out the last of the calls on what those before it left of the discovery samples, or return the recorded
        run: that of all the calls. Where nothing is left of them they are made again. Raises CapReached, RunFailed."""
        *before, last = calls

        def action() -> tuple[CallsRun, Cost]:
            known = self.context.steps.ledger.fact(CallsRun, self._key(before)) if before else None
            left = self._find_left(known)
            begun = known if left else None
            keep = not self.specs[last["tool"]].tests
            made = self._carry_out([last] if left else calls, left or self.splits[DISCOVERY], keep_data=keep)
            return self._keep(self._store(calls, DISCOVERY, "", made, begun), made.data), Cost()

        return self._made(self._key(calls), DISCOVERY, action)

    def run_all(self, runs: Sequence[Callable[[], CallsRun]]) -> list[CallsRun]:
        """Return the results of several runs, which are carried out side by side; slots decide how many compute."""
        return map_in_parallel(WORKERS, lambda run: run(), runs)

    def table(self, run: CallsRun, call: int | None = None) -> list[Row]:
        """Return the table of a call, the last one's by default; empty where there is none."""
        index = max(run.tables, default=-1) if call is None else call
        if index not in run.tables:
            return []
        return [Row.model_validate(row) for row in self.context.artifacts.json(run.tables[index])]

    def limit_seconds(self, calls: Sequence[Call]) -> float:
        """Return the time limit: the sum of the tools' own, within that of the task."""
        return min(self.task.limits.seconds, 60 + math.fsum(self.specs[call["tool"]].seconds for call in calls))

    def _made(self, key: str, split: str, action: Callable[[], tuple[CallsRun, Cost]]) -> CallsRun:
        intent = Intent(split=split, content=self.digests[split])
        return self.context.steps.made(CallsRun, key, intent, Cost(), action)

    def _key(self, calls: Sequence[Call], split: str = DISCOVERY, subset: Subset = WHOLE, permuted: str = "") -> str:
        return step_key(
            calls=list(calls),
            data=self.digests[split],
            subset=subset.model_dump(),
            permuted=permuted,
            sets=self._digest_sets(),
            limits=vars(self._limit(calls)),
            tools=[self._digest_tool(self.specs[call["tool"]]) for call in calls],
        )

    def _digest_tool(self, spec: ToolSpec) -> dict[str, Any]:
        """Return what tells one state of a tool from another. The task's digest covers the source, if not the
        project's."""
        told = {"name": spec.name, "pack": spec.pack, "doc": spec.doc, "library": spec.libraries}
        added = spec.source.root in self.task.added
        return told | ({"source": hash_drop_in(spec.source.root)} if added else {})

    def _limit(self, calls: Sequence[Call]) -> Limits:
        return replace(self.task.limits, seconds=self.limit_seconds(calls))

    def _carry_out(self, calls: Sequence[Call], data: Path, **options: Any) -> Analysis:
        typed, design = cast("Sequence[ToolCall]", calls), self.task.design
        levels = [level for level in (design.case, design.control) if level is not None]
        look = {"batch": design.batch or "", "group": design.group or "", "levels": levels}
        limits, sets = self._limit(calls), self.task.gene_sets
        return run_calls(typed, data, self.specs, self.context, limits=limits, sets=sets, look=look, **options)

    def _store(
        self, calls: Sequence[Call], split: str, permuted: str, made: Analysis, begun: CallsRun | None = None
    ) -> CallsRun:
        """`made` is of all the calls, or of those after the ones of `begun`."""
        store, first = self.context.artifacts, len(begun.calls) if begun else 0
        rows = {index: [row.model_dump(mode="json") for row in table] for index, table in made.tables.items()}
        return CallsRun(
            calls=[dict(call) for call in calls],
            data=split,
            outcome=OutcomeKind(made.outcome).value,
            cause=made.cause,
            failed_call=None if made.failed_call is None else first + made.failed_call,
            tables={first + index: store.put_json(table) for index, table in rows.items()},
            figures={first + index: store.put(figure) for index, figure in made.figures.items()},
            provenance=[*(begun.provenance if begun else []), *made.provenance],
            states=list(made.states),
            summary=dict(made.summary),
            log=store.put_text(made.log),
            seconds=round((begun.seconds if begun else 0.0) + made.seconds, 3),
            permuted=permuted,
        )

    def _keep(self, run: CallsRun, data: bytes) -> CallsRun:
        """Keep the data that a run left beside the project's subsets, under the hash of their bytes."""
        if not run.ok or not data:
            return run
        digest = hashlib.sha256(data).hexdigest()
        path = self._locate_left(digest)
        write_readable(path, lambda fresh: _write_bytes(fresh, data))
        remove_unused(path.parent, MOST_BYTES)
        return run.model_copy(update={"dataset": digest})

    def _find_left(self, run: CallsRun | None) -> Path | None:
        """Return the data that a run left, None where they were not kept, or are not what they were."""
        if run is None or not run.dataset:
            return None
        path = self._locate_left(run.dataset)
        mark_used(path)
        return path if path.is_file() and hash_file(path) == run.dataset else None

    def _locate_left(self, digest: str) -> Path:
        return project_folder(self.context.project) / "steps" / f"{digest}.h5ad"

    def _write_subset(self, split: str, subset: Subset) -> Path:
        name = step_key(data=self.digests[split], subset=subset.model_dump())
        path = project_folder(self.context.project) / "subsets" / f"{name}.h5ad"
        mark_used(path)
        write_subset(self.splits[split], subset, path)
        remove_unused(path.parent, MOST_BYTES)
        return path

    def _digest_sets(self) -> str:
        path = self.task.gene_sets
        return "" if path is None else hash_file(path)


def _describe_permutation(permute: Permutation) -> str:
    by = f" by {permute.units}" if permute.units else ""
    return f"{permute.column} within {permute.within or 'all'}{by}, seed {permute.seed}"


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)
