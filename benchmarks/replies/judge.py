"""Compares what was taken of a reply with what should be, before and after; makes the table."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.replies import corpus
from benchmarks.replies.corpus import Case
from benchmarks.replies.outcome import bare, outcome

Judged = Literal["right", "refused", "missed", "wrong"]
HEAD = (
    "| cause before | replies | something right in them | taken, before | after | rightly refused, before | after "
    "| wrong, before | after |\n|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Verdict:
    case: Case
    before: Judged
    after: Judged
    now: dict[str, Any]


def verdicts(cases: Sequence[Case]) -> list[Verdict]:
    """Of those that a reader has annotated. Raises BadInput where a task's files changed."""
    found = []
    for case in cases:
        if case.expected:
            now = outcome(corpus.program(case), case.target, case.reply)
            found.append(Verdict(case, judged(case.expected, case.before), judged(case.expected, now), now))
    return found


def judged(expected: dict[str, Any], found: dict[str, Any]) -> Judged:
    """`right`: exactly what should be taken was, and the program can run; `refused`: nothing was, rightly; `missed`:
    nothing was, though something is there, or what was taken lacks what it needs; `wrong`: anything else."""
    if "refuse" in found:
        return "missed" if "take" in expected else "refused"
    if "take" not in expected:
        return "wrong" if found["take"] else "missed"
    if _normal(found["take"]) != _normal(expected["take"]):
        return "wrong"
    return "missed" if found["fault"] and not expected.get("faulty") else "right"


def table(found: Sequence[Verdict]) -> str:
    """One line per cause and one for all."""
    causes = [cause for cause, _ in Counter(one.case.cause for one in found).most_common()]
    rows = [_row(cause, [one for one in found if one.case.cause == cause]) for cause in causes]
    return "\n".join([HEAD, *rows, _row("all", found)])


def _row(cause: str, part: Sequence[Verdict]) -> str:
    before, after = [one.before for one in part], [one.after for one in part]
    there = sum("take" in one.case.expected for one in part)
    counts = (
        len(part),
        there,
        *(kinds.count(what) for what in ("right", "refused", "wrong") for kinds in (before, after)),
    )
    return f"| {cause} | " + " | ".join(str(count) for count in counts) + " |"


def _normal(take: dict[str, str]) -> dict[str, list[str]]:
    """Path -> its statements without docstrings and formatting, in any order."""
    return {path: sorted(ast.unparse(bare(node)) for node in ast.parse(text).body) for path, text in take.items()}
