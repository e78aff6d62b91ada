"""`python -m benchmarks.fidelity.claims`: who says rightly that an edit implements its technique.

Over the edits that run and that a reader has labelled: precision and recall of "implements" by the signature and the
change together, by the change alone, and by that it runs at all; and by checks that an earlier version made of the
steps, as far as their word was recorded. Only what a reader calls implemented counts as right, so a part of it doesn't.
`--own`: over our own edits."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from scipy.stats import binomtest

from agents.fidelity.settle import Intention, settle
from benchmarks.fidelity import own
from benchmarks.fidelity.claimed import Claimed, list_model_edits, list_own_edits
from benchmarks.fidelity.own import hypothesis
from pelagos.nouns import Answer


class Case(NamedTuple):
    """`says`: judge -> whether it calls the technique implemented."""

    name: str
    label: str
    says: dict[str, bool]
    answer: str
    evidence: list[str]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--all", action="store_true", help="each edit with the answer and why")
    parser.add_argument("--second", action="store_true", help="over our second set, which is read alone")
    args = parser.parse_args(argv)
    cases = check_second_set() if args.second else check_edits(list_own_edits() if args.own else list_model_edits())
    for case in cases if args.all else ():
        print(
            f"{'   ' if (case.answer == case.label) else '***'} {case.name}: {case.label}; {case.answer}: {case.evidence[:2]}"
        )
    implemented = sum(case.label == "implements" for case in cases)
    print(f"\n{len(cases)} edits that run, {implemented} implement their technique\n")
    print("| by | says so | rightly | precision | recall |\n|---|---|---|---|---|")
    for judge in cases[0].says if cases else ():
        _print_row(judge, [case for case in cases if judge in case.says])


def check_edits(edits: Iterable[Claimed]) -> list[Case]:
    return [_check_measured(edit) for edit in edits]


def check_second_set() -> list[Case]:
    edits = [
        {**edit, "statement": f"{edit['title']}: {edit['statement']}", "diff": own.make_diff(edit)}
        for edit in own.SECOND
    ]
    return [_check_unmeasured(edit["name"], edit, edit["label"]) for edit in edits]


def _check_unmeasured(name: str, edit: dict[str, Any], label: str) -> Case:
    title, _, statement = edit["statement"].partition(": ")
    fidelity = settle("v", Intention(hypothesis(title, statement)), edit["diff"], None)
    return Case(
        name,
        label,
        {"the change alone": fidelity.answer is Answer.IMPLEMENTS},
        fidelity.answer.value,
        fidelity.evidence,
    )


def _check_measured(edit: Claimed) -> Case:
    claim, measurement = Intention(hypothesis(edit.title, edit.statement)), edit.measurement
    by_both = settle("v", claim, edit.diff, measurement["differences"])
    by_change = settle("v", claim, edit.diff, None)
    says = {
        "the change and what was measured": by_both.answer is Answer.IMPLEMENTS,
        "the change alone": by_change.answer is Answer.IMPLEMENTS,
        **({"checks of the steps": measurement["checks_hold"]} if "checks_hold" in measurement else {}),
        "it runs": True,
    }
    return Case(edit.name, edit.label, says, by_both.answer.value, by_both.evidence)


def _print_row(judge: str, cases: Sequence[Case]) -> None:
    implemented = sum(case.label == "implements" for case in cases)
    claimed = [case for case in cases if case.says[judge]]
    hits = sum(case.label == "implements" for case in claimed)
    print(
        f"| {judge} | {len(claimed)} | {hits} | {format_share(hits, len(claimed))} | {format_share(hits, implemented)} |"
    )


def format_share(part: int, total: int) -> str:
    """Return the share with Clopper and Pearson's interval."""
    if not total:
        return "–"
    interval = binomtest(part, total).proportion_ci(0.95, "exact")
    return f"{part / total:.0%} ({interval.low:.0%} to {interval.high:.0%})"


if __name__ == "__main__":
    main()
