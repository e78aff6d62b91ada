"""Cases are made anew where something changed and are the same objects where nothing did; they say what a fresh look says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from agents.judging.cases import Case, Cases
from agents.run import Run
from pelagos.nouns import Experiment, VerdictKind
from tests.agents.nodes.laboratory import carried_out, execute, run_in


def fresh(run: Run) -> Cases:
    return Cases(run.task, run.cases.rules, run.artifacts, partial(run.noun, Experiment))


def look(run: Run, cases: Cases, audits: dict[str, Sequence[str]] | None = None, **capped: str) -> dict[str, Case]:
    runs = run.validation()
    base = runs.pop("base")
    return cases.of(runs, base, audits or {}, capped)


def test_nothing_changed_nothing_is_made_anew(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    for id in ("good", "same"):
        carried_out(run, id, {"better": 0.1 if id == "good" else 0.0})
    cases = fresh(run)
    first, second = look(run, cases), look(run, cases)
    assert all(first[version] is second[version] for version in first)


def test_what_changed_is_made_anew_and_equals_a_fresh_look(tmp_path: Path) -> None:
    run = run_in(tmp_path, loop={"hypotheses": 40})
    cases = fresh(run)
    carried_out(run, "good", {"better": 0.06, "noise": 0.15})
    before = look(run, cases)
    for index in range(25):
        carried_out(run, f"null{index}", {"better": 0.0, "noise": 0.3})
    execute(run, "v-null3", [3, 4])
    after, anew = look(run, cases), look(run, fresh(run))
    assert after.keys() == anew.keys()
    for version in after:
        kept, made = after[version], anew[version]
        assert (kept.evidence, kept.ruling) == (made.evidence, made.ruling)
    kinds = [found["v-good"].ruling.kind for found in (before, after)]
    assert kinds == [VerdictKind.SUPPORTED, VerdictKind.UNDECIDED], (
        "others took its level, without a new experiment of it"
    )


def test_an_audit_and_a_cap_take_the_weight_away(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "good", {"better": 0.1})
    cases = fresh(run)
    look(run, cases)
    suspect = look(run, cases, {"v-good": ["reads labels"]})["v-good"]
    assert suspect.ruling.reason == "suspect: reads labels"
    capped = cases.of({"v-good": run.validation()["v-good"]}, run.validation()["base"], {}, {"v-good": "no budget"})
    assert "could not be audited: no budget" in capped["v-good"].ruling.reason
