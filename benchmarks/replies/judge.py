"""Compares what was taken of a reply with what should be, before and after; makes the table."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.replies import corpus
from benchmarks.replies.corpus import Case
from benchmarks.replies.outcome import compute_outcome, strip_docstrings

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


def judge_cases(cases: Sequence[Case]) -> list[Verdict]:
    """Judge the cases that a reader has annotated. Raises BadInput where a task's files changed."""
    verdicts = []
    for case in cases:
        if case.expected:
            outcome_now = compute_outcome(corpus.load_program(case), case.target, case.reply)
            verdicts.append(
                Verdict(
                    case, judge_reply(case.expected, case.before), judge_reply(case.expected, outcome_now), outcome_now
                )
            )
    return verdicts


def judge_reply(expected: dict[str, Any], outcome: dict[str, Any]) -> Judged:
    """`right`: exactly what should be taken was, and the program can run; `refused`: nothing was, rightly; `missed`:
    nothing was, though something is there, or what was taken lacks what it needs; `wrong`: anything else."""
    if "refuse" in outcome:
        return "missed" if "take" in expected else "refused"
    if "take" not in expected:
        return "wrong" if outcome["take"] else "missed"
    if _normalise(outcome["take"]) != _normalise(expected["take"]):
        return "wrong"
    return "missed" if outcome["fault"] and not expected.get("faulty") else "right"


def make_table(verdicts: Sequence[Verdict]) -> str:
    """Return one line per cause and one for all."""
    causes = [cause for cause, _ in Counter(verdict.case.cause for verdict in verdicts).most_common()]
    rows = [_make_row(cause, [verdict for verdict in verdicts if verdict.case.cause == cause]) for cause in causes]
    return "\n".join([HEAD, *rows, _make_row("all", verdicts)])


def _make_row(cause: str, verdicts: Sequence[Verdict]) -> str:
    before, after = [verdict.before for verdict in verdicts], [verdict.after for verdict in verdicts]
    with_code = sum("take" in verdict.case.expected for verdict in verdicts)
    counts = (
        len(verdicts),
        with_code,
        *(kinds.count(judgement) for judgement in ("right", "refused", "wrong") for kinds in (before, after)),
    )
    return f"| {cause} | " + " | ".join(str(count) for count in counts) + " |"


def _normalise(take: dict[str, str]) -> dict[str, list[str]]:
    """Return path -> its statements without docstrings and formatting, sorted."""
    return {
        path: sorted(ast.unparse(strip_docstrings(node)) for node in ast.parse(text).body)
        for path, text in take.items()
    }
