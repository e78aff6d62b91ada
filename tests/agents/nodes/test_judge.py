from __future__ import annotations

from pathlib import Path

import pytest

from agents.nodes.judge import judge
from agents.nodes.reflect import reflect
from agents.run import Run
from pelagos.nouns import Direction, Lesson, VerdictKind
from tests.agents.nodes.laboratory import at, carried_out, execute, judged, reflected, run_in


def settle(run: Run, *ids: str) -> list[str]:
    """Judge and buy until judge is content, as the graph does; returns the winners."""
    for _ in range(5):
        due = judged(run, *ids)
        if not due:
            return run.winners()
        for version, seeds in due.items():
            execute(run, version, seeds)
    raise AssertionError("judge never stops buying")


@pytest.mark.parametrize("direction", list(Direction))
def test_a_better_version_is_supported_in_both_directions(tmp_path: Path, direction: Direction) -> None:
    run = run_in(tmp_path, direction)
    carried_out(run, "good", {"better": 0.1})
    carried_out(run, "same", {"better": 0.0, "noise": 0.02})
    carried_out(run, "worse", {"better": -0.1})
    assert settle(run, "good", "same", "worse") == ["good"]
    verdicts = run.verdicts()
    assert verdicts["good"].effect == pytest.approx(0.1, abs=0.02)
    assert verdicts["worse"].kind is VerdictKind.REFUTED
    assert verdicts["same"].kind is not VerdictKind.SUPPORTED
    assert (verdicts["good"].score > verdicts["good"].baseline_score) == (direction is Direction.UP)


def test_seeds_are_bought_look_by_look_and_only_where_they_may_matter(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "unsure", {"better": 0.03, "noise": 0.3})
    carried_out(run, "worse", {"better": -0.3})
    assert judged(run, "unsure", "worse") == {"v-unsure": [3, 4]}
    execute(run, "v-unsure", [3, 4])
    assert judged(run, "unsure", "worse") == {"v-unsure": [5, 6, 7]}
    execute(run, "v-unsure", [5, 6, 7])
    assert judged(run, "unsure", "worse") == {}


def test_what_never_ran_is_said(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "unbuilt", None)
    judged(run, "unbuilt", "forgotten")
    verdicts = run.verdicts()
    assert verdicts["unbuilt"].reason == "no version that runs: no_edit"
    assert verdicts["forgotten"].reason == "never carried out"
    judged(run, "unbuilt", "forgotten", status="finished")
    assert run.verdicts()["forgotten"].reason == "the run was stopped before a version was ready"
    assert {one.kind for one in verdicts.values()} == {VerdictKind.UNDECIDED}


def test_failing_on_one_seed_is_not_supported_and_buys_nothing(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "fragile", {"better": 0.3, "fails": [1]})
    assert judged(run, "fragile") == {}
    verdict = run.verdicts()["fragile"]
    assert (verdict.kind, verdict.seeds) == (VerdictKind.UNDECIDED, 2)
    assert "failed on seed 1" in verdict.reason


def test_a_guard_blocks(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "slow", {"better": 0.1, "slow": 9.0})
    assert settle(run, "slow") == []
    assert "guard seconds is worse by 8 s" in run.verdicts()["slow"].reason


def test_a_suspect_result_has_no_weight_and_is_never_supported(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "cheat", {"better": 0.2, "cheats": ["train.py:3: reads labels", "more"]})
    carried_out(run, "good", {"better": 0.1})
    assert settle(run, "cheat", "good") == ["good"]
    verdict = run.verdicts()["cheat"]
    assert (verdict.kind, verdict.e_value) == (VerdictKind.UNDECIDED, 0.0)
    assert verdict.reason == "suspect: train.py:3: reads labels"
    assert verdict.suspect == ["train.py:3: reads labels", "more"]
    assert run.verdicts()["good"].suspect == []
    reflect(at("cheat"), run)
    assert run.nouns(Lesson)[-1].text.startswith("Suspect, so it counts for nothing: train.py:3: reads labels; more.")


def test_only_what_would_win_is_audited_and_that_once(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "cheat", {"better": 0.2, "cheats": ["reads labels"]})
    carried_out(run, "worse", {"better": -0.2, "cheats": ["reads labels"]})
    settle(run, "cheat", "worse")
    settle(run, "cheat", "worse")
    assert run.toolchain.audited == ["v-cheat"]  # type: ignore[attr-defined]
    assert run.verdicts()["worse"].kind is VerdictKind.REFUTED


def test_what_no_budget_is_left_to_audit_is_not_supported(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "good", {"better": 0.2, "unaffordable": True})
    assert judged(run, "good") == {}
    assert "could not be audited" in run.verdicts()["good"].reason
    assert not run.ledger.events("audit")


def test_judging_again_records_nothing_new(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "good", {"better": 0.1})
    judge(at("good"), run)
    before = len(run.ledger.events())
    assert judge(at("good"), run) == judge(at("good"), run)
    assert len(run.ledger.events()) == before


def test_earlier_hypotheses_are_judged_anew_with_the_later(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "good", {"better": 0.1})
    assert settle(run, "good") == ["good"]
    first = run.verdicts()["good"]
    for index in range(12):
        carried_out(run, f"null{index}", {"better": 0.0, "noise": 0.3})
    judged(run, "null11")
    assert len(run.verdicts()) == 13
    assert (run.verdicts()["good"].kind is VerdictKind.SUPPORTED) == ("good" in run.winners())
    assert run.verdicts()["good"].evidence == first.evidence


def test_seeds_are_bought_for_an_earlier_one_that_others_made_undecided(tmp_path: Path) -> None:
    run = run_in(tmp_path, loop={"hypotheses": 40})
    carried_out(run, "good", {"better": 0.06, "noise": 0.15})
    settle(run, "good")
    reflected(run, "good")
    first = run.verdicts()["good"]
    assert first.kind is VerdictKind.SUPPORTED
    assert first.seeds < 8
    for index in range(30):
        carried_out(run, f"null{index}", {"better": 0.0, "noise": 0.3})
        due = judged(run, f"null{index}")
        if "v-good" in due:
            break
    assert due["v-good"] == list(range(first.seeds, 5 if first.seeds == 3 else 8))
    execute(run, "v-good", due["v-good"])
    assert settle(run, f"null{index}") == ["good"]
    assert run.verdicts()["good"].seeds > first.seeds


def test_every_number_resolves_to_experiments(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "good", {"better": 0.1})
    judge(at("good"), run)
    verdict = run.verdicts()["good"]
    found = [run.ledger.find("experiment", id) for id in verdict.evidence]
    assert [(one["version"], one["seed"]) for one in found if one] == [
        *(("v-good", seed) for seed in range(3)),
        *(("base", seed) for seed in range(3)),
    ]
