"""A toolchain that finds its hypotheses in the data: nobody is asked for ideas or plans, and one sealed look is enough."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.nodes.build import build
from agents.nodes.experiment import experiment
from agents.nodes.ideate import ideate
from agents.nodes.judge import judge
from agents.nodes.plan import plan
from agents.nodes.screen import screen
from agents.run import Run
from agents.sealed.trial import try_claim
from agents.state import Lane
from pelagos.nouns import Claim, Effect, Experiment, Hypothesis, Plan, Step, VerdictKind
from tests.agents.nodes.laboratory import Laboratory, Numbers, Scripted, make_lane, open_run
from tools.evidence import Evidence

STATEMENT = "The protein {} is higher in the cases than in the controls of this study."


@dataclass
class Finder(Laboratory):
    """It offers `found` in this order, and a p-value that the program tells."""

    found: list[str] = field(default_factory=lambda: ["A", "B"])

    def propose(self, task: Numbers, id: str, context: Run) -> Hypothesis | None:
        number = int(id.removeprefix("h")) - 1
        if number >= len(self.found):
            return None
        name = self.found[number]
        return Hypothesis(
            id=id, title=f"{name} is higher", statement=STATEMENT.format(name), rationale="r", refuted_by="no difference",
            target=name,
        )  # fmt: skip

    def plans(self, task: Numbers, hypothesis: Hypothesis, count: int, context: Run) -> list[list[Step]]:
        return [[Step(text=json.dumps({"better": 0.1, "p": 0.001}))]]

    def evidence(
        self, task: Numbers, experiments: list[Experiment], compared: list[Experiment], confidence: float, context: Run
    ) -> Evidence:
        effect = Effect(value=0.3, low=0.2, high=0.4, p_value=0.001, seeds=len(experiments))
        return Evidence(effect, len(experiments), "60 samples", confidence, tested=True, constant=True)


def open_finder(folder: Path, **changes: object) -> Run:
    run = open_run(folder)
    run.task = replace(run.task, seeds=(0,), **changes)  # type: ignore[type-var]
    run.rules = run.rules.from_settings(run.settings.judge, 1)
    run.toolchain = Finder()  # type: ignore[assignment]
    run.model = lambda role: Scripted([])  # type: ignore[assignment, return-value]  # each question would fail
    run.record(run.baseline())
    run.experiment(run.baseline(), 0, "validation")
    return run


def take_through(run: Run, lane: Lane) -> Lane:
    for node in (ideate, screen, plan, build, experiment, judge):
        lane = {**lane, **node(lane, run)}  # type: ignore[typeddict-item]
    return lane


def test_a_finding_goes_from_the_data_to_sealed_data_in_one_look_each(tmp_path: Path) -> None:
    run = open_finder(tmp_path)
    lane = take_through(run, make_lane())
    assert (lane["hypothesis"], lane["strong"], lane["due"]) == ("h1", True, {})
    assert (
        "promising after 60 samples: p = 0.001 over 60 samples"
        in [e.payload["text"] for e in run.ledger.events("note")][-1]
    )
    assert try_claim("h1", run)
    executed = run.toolchain.executed  # type: ignore[attr-defined]
    assert executed[:2] == [("base", 0, "validation"), ("v-h1-p1", 0, "validation")]
    sealed = [(version, split) for version, _, split in executed[2:]]
    assert sorted(sealed) == [("base", "sealed"), ("v-h1-p1", "sealed")]
    assert run.nouns(Claim)[0].held
    assert run.verdicts()["h1"].kind is VerdictKind.SUPPORTED


def test_findings_that_differ_in_a_word_are_both_kept(tmp_path: Path) -> None:
    run = open_finder(tmp_path)
    lane = make_lane()
    kept = []
    for _ in range(2):
        lane = {**lane, **ideate(lane, run)}  # type: ignore[typeddict-item]
        kept.append(screen(lane, run).get("kept", False))
    assert kept == [True, True]


def test_the_same_finding_of_an_earlier_run_is_thrown_out(tmp_path: Path) -> None:
    run = open_finder(tmp_path)
    run.toolchain.found = ["A", "A"]  # type: ignore[attr-defined]
    lane = make_lane()
    kept = []
    for _ in range(2):
        lane = {**lane, **ideate(lane, run)}  # type: ignore[typeddict-item]
        screened = screen(lane, run)
        kept.append(screened.get("kept", False))
    assert kept == [True, False]
    assert screened["fruitless"] == 0  # what an earlier run tried doesn't end this one


def test_the_lane_ends_when_the_data_have_no_more(tmp_path: Path) -> None:
    run = open_finder(tmp_path)
    lane = make_lane()
    lane["number"] = 2
    update = ideate(lane, run)
    assert update == {"status": "finished", "reason": "laboratory: the data have no more to test"}
    assert run.nouns(Plan) == []
