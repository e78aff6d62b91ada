from __future__ import annotations

from pathlib import Path

import pytest

from agents.nodes.judge import judge
from agents.run import Run
from pelagos.nouns import Direction, Experiment, VerdictKind
from tests.agents.nodes.laboratory import carry_out, execute, judge_all, make_lane, open_run


def settle(run: Run, *ids: str) -> list[str]:
    """Judge and buy until judge is content, as the graph does; returns the promising ones."""
    for _ in range(5):
        due = judge_all(run, *ids)
        if not due:
            return run.promising()
        for version, seeds in due.items():
            execute(run, version, seeds)
    raise AssertionError("judge never stops buying")


@pytest.mark.parametrize("direction", list(Direction))
def test_a_better_version_is_promising_in_both_directions(tmp_path: Path, direction: Direction) -> None:
    run = open_run(tmp_path, direction)
    carry_out(run, "good", {"better": 0.1})
    carry_out(run, "same", {"better": 0.0, "noise": 0.02})
    carry_out(run, "worse", {"better": -0.1})
    assert settle(run, "good", "same", "worse") == ["good"]
    verdicts = run.verdicts()
    good = verdicts["good"].effect
    assert good is not None
    assert good.value == pytest.approx(0.1, abs=0.02)
    assert verdicts["worse"].kind is VerdictKind.REFUTED
    assert verdicts["same"].kind is not VerdictKind.PROMISING
    assert (good.score > good.baseline_score) == (direction is Direction.UP)


def test_seeds_are_bought_look_by_look_and_only_where_they_may_matter(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.06, "noise": 0.1})
    carry_out(run, "worse", {"better": -0.3})
    assert judge_all(run, "good", "worse") == {"v-good": [3, 4]}
    execute(run, "v-good", [3, 4])
    assert judge_all(run, "good", "worse") == {"v-good": [5, 6, 7]}
    assert not judge(make_lane("good"), run)["strong"]  # not while seeds are due
    execute(run, "v-good", [5, 6, 7])
    assert judge(make_lane("good"), run) == {"due": {}, "strong": True}


def test_what_never_ran_is_said(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "unbuilt", None)
    judge_all(run, "unbuilt", "forgotten")
    verdicts = run.verdicts()
    assert verdicts["unbuilt"].reason == "no version that runs: no_edit"
    assert verdicts["forgotten"].reason == "never carried out"
    judge_all(run, "unbuilt", "forgotten", status="finished")
    assert run.verdicts()["forgotten"].reason == "the run was stopped before a version was ready"
    assert {verdict.kind for verdict in verdicts.values()} == {VerdictKind.UNDECIDED}


def test_failing_on_one_seed_is_not_promising_and_buys_nothing(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "fragile", {"better": 0.3, "fails": [1]})
    assert judge_all(run, "fragile") == {}
    verdict = run.verdicts()["fragile"]
    assert verdict.effect is not None
    assert (verdict.kind, verdict.effect.seeds) == (VerdictKind.UNDECIDED, 2)
    assert "failed on seed 1" in verdict.reason


def test_a_guard_blocks(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "slow", {"better": 0.1, "slow": 9.0})
    assert settle(run, "slow") == []
    assert "guard seconds is worse by 8 s" in run.verdicts()["slow"].reason


def test_of_several_versions_the_best_speaks_for_the_hypothesis(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "two", {"better": -0.1}, plan="p1")
    carry_out(run, "two", {"better": 0.1}, plan="p2")
    assert settle(run, "two") == ["two"]
    assert run.noun(Experiment, run.verdicts()["two"].evidence[0]).version == "v-two-p2"


def test_judging_again_records_nothing_new(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1})
    judge(make_lane("good"), run)
    before = len(run.ledger.events())
    assert judge(make_lane("good"), run) == judge(make_lane("good"), run)
    assert len(run.ledger.events()) == before


def test_later_hypotheses_change_no_verdict(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1})
    settle(run, "good")
    first = run.verdicts()["good"]
    for index in range(12):
        carry_out(run, f"null{index}", {"better": 0.0, "noise": 0.3})
        judge_all(run, f"null{index}")
    assert run.verdicts()["good"] == first


def test_every_number_resolves_to_experiments(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1})
    judge(make_lane("good"), run)
    verdict = run.verdicts()["good"]
    experiments = [run.ledger.find("experiment", id) for id in verdict.evidence]
    assert [(experiment["version"], experiment["seed"]) for experiment in experiments if experiment] == [
        *(("v-good", seed) for seed in range(3)),
        *(("base", seed) for seed in range(3)),
    ]


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"better": -0.3}, {"better": 0.0, "noise": 0.0001}),  # refuted, equivalent
        ({"better": 0.0, "noise": 0.0001}, {"better": 0.0, "noise": 1.0}),  # equivalent, undecided
        ({"better": 0.0, "noise": 1.0}, {"better": 0.1}),  # undecided, promising
        ({"better": -0.3}, {"better": 0.1}),
        ({"better": 0.05, "noise": 0.2}, {"better": 0.1}),  # both promising: the smaller p-value
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_the_better_version_speaks_whichever_was_built_first(
    tmp_path: Path, worse: dict[str, float], better: dict[str, float], first: int
) -> None:
    run, plans = open_run(tmp_path), ["p1", "p2"]
    for index, program in sorted(enumerate((worse, better)), reverse=bool(first)):
        carry_out(run, "two", program, range(8), plan=plans[index])
    judge_all(run, "two")
    verdict = run.verdicts()["two"]
    assert {run.noun(Experiment, id).version for id in verdict.evidence} == {"v-two-p2", "base"}
    assert len(verdict.evidence) == 16


def test_a_version_that_failed_gives_way_to_one_that_ran(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "two", None, plan="p0")
    carry_out(run, "two", {"better": 0.3, "fails": [0, 1, 2]}, plan="p1")
    carry_out(run, "two", {"better": 0.02, "noise": 0.5}, plan="p2")
    assert list(judge_all(run, "two")) in ([], ["v-two-p2"])
    assert run.verdicts()["two"].effect is not None


def test_each_version_has_seeds_due_of_its_own(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "two", {"better": 0.1}, range(5), plan="p1")
    carry_out(run, "two", {"better": 0.09}, range(3), plan="p2")
    assert judge(make_lane("two"), run) == {"due": {"v-two-p1": [5, 6, 7], "v-two-p2": [3, 4]}, "strong": False}


def test_seeds_that_failed_in_the_baseline_are_not_tried_again(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    run.toolchain.baseline_program = {"fails": [1]}  # type: ignore[attr-defined]
    carry_out(run, "good", {"better": 0.1}, range(3))
    assert judge(make_lane("good"), run)["due"] == {"v-good": [3]}  # two seeds count: one more to the first look
    effect = run.verdicts()["good"].effect
    assert effect is not None and effect.seeds == 2


def test_what_sealed_data_said_holds(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1}, range(3))
    claim = {"id": "c", "hypothesis": "good", "version": "v-good", "level": 0.05, "left": 0.0, "held": False}
    run.ledger.append("claim", "c", {**claim, "reason": "no"})
    assert judge(make_lane("good"), run) == {"due": {}, "strong": False}
    assert run.verdicts() == {}


def test_what_is_built_and_never_run_is_said(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "idle", {"better": 0.1}, ())
    carry_out(run, "both", None, plan="p1")
    judge_all(run, "idle")
    assert run.verdicts()["idle"].reason == "built, but never run"
    assert [event.payload["text"] for event in run.ledger.events("note")] == ["idle undecided: built, but never run"]


def test_a_rejected_hypothesis_says_who_rejected_it(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "poor", None)
    run.ledger.append("reviewed", "s", {"hypothesis": "poor", "decision": "reject", "note": "too dear", "by": "k"})
    judge_all(run, "poor")
    assert run.verdicts()["poor"].reason == "rejected by a reviewer: too dear"


def test_a_verdict_has_the_numbers_of_its_evidence(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1}, range(3))
    judge_all(run, "good")
    effect = run.verdicts()["good"].effect
    assert effect is not None and effect.score is not None and effect.baseline_score is not None
    assert effect.score - effect.baseline_score == pytest.approx(effect.value)
    assert effect.low is not None and effect.high is not None and effect.p_value is not None
    assert effect.low < effect.value < effect.high
    assert effect.seeds == 3 and effect.p_value < 0.05
