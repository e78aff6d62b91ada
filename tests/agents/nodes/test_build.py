"""Building and running: each plan becomes a version once, and what has not run yet is run beside the baseline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.nodes.build import build
from agents.nodes.experiment import experiment
from agents.run import Run
from pelagos.errors import RunFailed, SandboxError
from pelagos.nouns import Build, Experiment, Hypothesis, Plan, Step
from tests.agents.nodes.laboratory import Laboratory, Scripted, make_lane, open_run

BETTER = {"better": 0.1}


def open_planned_run(
    folder: Path, *programs: Any, base: dict[str, Any] | None = None, **settings: Any
) -> tuple[Run, list[str]]:
    """A run whose hypothesis h1 has a plan per program; the list fills with the versions that are looked at."""
    run, assessed = open_run(folder, **{"loop": {"knowhow": False}, **settings}), list[str]()
    run.fidelity = lambda version: assessed.append(version.id)  # type: ignore[method-assign, assignment, func-returns-value]
    get_laboratory(run).baseline_program = base or {}
    run.record(Hypothesis(id="h1", title="I", statement="S", rationale="r", refuted_by="n", target="a.py::f"))
    for place, program in enumerate(programs):
        text = program if isinstance(program, str) else json.dumps(program)
        run.record(Plan(id=f"p{place}", hypothesis="h1", steps=[Step(text=text)]))
    return run, assessed


def get_laboratory(run: Run) -> Laboratory:
    assert isinstance(run.toolchain, Laboratory)
    return run.toolchain


def make_state(*plans: str) -> Any:
    return make_lane("h1", plans=list(plans))


def record_experiments(run: Run, version: str, seeds: Sequence[int], origin: str = "") -> None:
    for seed in seeds:
        experiment = Experiment(
            id=f"{version}-{seed}", version=version, hypothesis="h1" if version != "base" else None, seed=seed,
            split="validation", outcome="ok", score=0.5 + seed / 100, origin=origin,
        )  # fmt: skip
        run.record(experiment)


def test_each_plan_is_built_once_and_its_version_is_due_on_the_first_seeds(tmp_path: Path) -> None:
    run, assessed = open_planned_run(tmp_path, BETTER, {"better": 0.2}, None)
    due = {"due": {"v-p0": [0, 1, 2], "v-p1": [0, 1, 2]}}
    assert build(make_state("p0", "p1", "p2"), run) == due
    assert [(each.plan, each.version, each.cause) for each in run.nouns(Build)] == [
        ("p0", "v-p0", ""), ("p1", "v-p1", ""), ("p2", None, "no_edit"),
    ]  # fmt: skip
    assert build(make_state("p0", "p1", "p2"), run) == due
    assert [plan.id for plan in get_laboratory(run).received] == ["p0", "p1", "p2"]
    assert assessed == []


def test_a_reply_of_no_use_is_a_build_without_a_version(tmp_path: Path) -> None:
    run, _ = open_planned_run(tmp_path, "no program", BETTER)
    assert build(make_state("p0", "p1"), run)["due"] == {"v-p1": [0, 1, 2]}
    first = run.nouns(Build)[0]
    assert (first.cause, first.version, first.plan, first.hypothesis) == ("reply", None, "p0", "h1")
    assert [event.payload["text"].partition(": ")[:2] for event in run.ledger.events("note")] == [("p0", ": ")]
    build(make_state("p0"), run)
    assert len(get_laboratory(run).received) == 2


def test_what_the_sandbox_spoils_is_built_again_and_no_more_than_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SandboxError, "waits", (0.0,))
    run, _ = open_planned_run(tmp_path, BETTER)
    build_program, faults = get_laboratory(run).build, [SandboxError("can't start")]

    def fail_first(*args: Any) -> Build:
        if faults:
            raise faults.pop()
        return build_program(*args)

    monkeypatch.setattr(get_laboratory(run), "build", fail_first)
    assert build(make_state("p0"), run)["due"] == {"v-p0": [0, 1, 2]}
    faults.extend([SandboxError("can't start")] * 2)
    run.record(Plan(id="p9", hypothesis="h1", steps=[Step(text="{}")]))
    with pytest.raises(RunFailed, match="build: the sandbox failed 2 times"):
        build(make_state("p9"), run)


def test_who_builds_is_told_the_reviewers_words_and_the_notes(tmp_path: Path) -> None:
    run, _ = open_planned_run(tmp_path, BETTER, loop={"knowhow": True})
    model = Scripted([])
    run.model = lambda role: model  # type: ignore[assignment, return-value]
    run.ledger.append(
        "reviewed", "s", {"hypothesis": "h1", "decision": "accept", "note": "role_model the scale", "by": "k"}
    )
    run.ledger.append("knowhow", "h1", {"notes": [{"text": "write it so"}], "docstrings": True})
    build(make_state("p0"), run)
    (received,) = get_laboratory(run).received
    assert (received.note, received.knowhow) == ("role_model the scale", ["write it so"])


def test_two_seeds_are_due_where_the_baseline_is_the_same_on_all(tmp_path: Path) -> None:
    run, _ = open_planned_run(tmp_path, BETTER, base={"seedless": True, "noise": 0.0}, judge={"min_seeds": 4})
    assert build(make_state("p0"), run)["due"] == {"v-p0": [0, 1, 2, 3]}  # nothing ran: nobody knows
    for seed in (0, 1):
        run.experiment(run.baseline(), seed, "validation")
    run.record(Plan(id="p9", hypothesis="h1", steps=[Step(text=json.dumps({"better": 0.3}))]))
    assert build(make_state("p9"), run)["due"] == {"v-p9": [0, 1]}


def test_what_an_earlier_run_measured_is_looked_at_and_not_due(tmp_path: Path) -> None:
    run, assessed = open_planned_run(tmp_path, BETTER, {"better": 0.2}, {"better": 0.3})
    record_experiments(run, "v-p0", (0, 1), origin="r0/e")
    record_experiments(run, "v-p1", (0, 1, 2), origin="r0/e")
    record_experiments(run, "v-p2", (1,))  # its own, of a drive that was killed: found again, not run again
    assert build(make_state("p0", "p1", "p2"), run) == {"due": {"v-p0": [2], "v-p2": [0, 1, 2]}}
    assert assessed == ["v-p0", "v-p1", "v-p2"]


def test_versions_run_beside_the_baseline_and_are_looked_at(tmp_path: Path) -> None:
    run, assessed = open_planned_run(tmp_path, BETTER, {"better": 0.2}, loop={"knowhow": False, "workers": 1})
    build(make_state("p0", "p1"), run)
    assert experiment(make_lane("h1", due={"v-p0": [2, 0], "v-p1": [0]}), run) == {"due": {}}
    assert get_laboratory(run).executed == [
        ("base", 2, "validation"), ("v-p0", 2, "validation"), ("base", 0, "validation"), ("v-p0", 0, "validation"),
        ("v-p1", 0, "validation"),
    ]  # fmt: skip
    assert assessed == ["v-p0", "v-p1"]


def test_what_was_taken_over_is_not_run(tmp_path: Path) -> None:
    run, assessed = open_planned_run(tmp_path, BETTER, loop={"knowhow": False, "workers": 1})
    build(make_state("p0"), run)
    record_experiments(run, "v-p0", (0,), origin="r0/e")
    record_experiments(run, "base", (0, 1), origin="r0/e")
    experiment(make_lane("h1", due={"v-p0": [0, 1, 2]}), run)
    assert [run_key[:2] for run_key in get_laboratory(run).executed] == [("v-p0", 1), ("base", 2), ("v-p0", 2)]
    assert assessed == ["v-p0"]


def test_nothing_due_is_nothing_run(tmp_path: Path) -> None:
    run, assessed = open_planned_run(tmp_path, BETTER)
    assert experiment(make_lane("h1", due={}), run) == {"due": {}}
    assert (get_laboratory(run).executed, assessed) == ([], [])
