"""A study whose runs are answered by a script, without a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from tests.tools.analysis.planning.examples import DESIGN, list_tools, make_row, make_view
from tests.tools.world import World
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Call
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.study import Study

Answer = Callable[[Sequence[Call]], tuple[str, list[Row]]]


class ScriptedStudy(Study):
    """`answer` maps calls to the cause of a failure and rows, `summary` to what is known of the data; `runs` lists the
    calls, the split and the subset of each run."""

    answer: Answer
    summary: Callable[[Sequence[Call]], dict[str, float]]
    runs: list[tuple[list[Call], Any, Any]]

    def run(self, calls: Sequence[Call], split: str = "discovery", subset: Any = None, **more: Any) -> CallsRun:
        self.runs.append((list(calls), split, subset))
        cause, rows = self.answer(calls)
        table = self.context.artifacts.put_json([row.model_dump(mode="json") for row in rows])
        return CallsRun(
            calls=list(calls),
            outcome="error" if cause else "ok",
            cause=cause,
            failed_call=len(calls) - 1 if cause else None,
            tables={} if cause else {len(calls) - 1: table},
            states=["log2"],
            provenance=[f"{call['tool']}()" for call in calls],
            log=self.context.artifacts.put_text("said"),
            seconds=2.0,
            summary=self.summary(calls),
        )

    def advance(self, calls: Sequence[Call]) -> CallsRun:
        return self.run(calls)


def make_scripted_study(world: World, **fields: Any) -> ScriptedStudy:
    """Two features, of which P1 is up and P2 is down, whatever is asked."""
    task = SimpleNamespace(design=DESIGN, gene_sets=None, description="a study")
    digests = {split: f"bytes of {split}" for split in ("discovery", "validation", "sealed")}
    view = fields.pop("view", make_view(missing=0.1))
    made = ScriptedStudy(task, list_tools(), {"discovery": None}, digests, view, world, **fields)  # type: ignore[arg-type]
    object.__setattr__(made, "answer", lambda calls: ("", [make_row("P1"), make_row("P2", r=-0.5)]))
    object.__setattr__(made, "runs", [])
    object.__setattr__(made, "summary", lambda calls: {"samples": 40, "features": 2, "missing": 0.1})
    return made
