from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.nodes.confirm import confirm
from agents.nodes.judge import judge
from agents.run import Run
from agents.sealed import trial
from agents.sealed.trial import draw_fresh_seeds, try_claim
from agents.state import make_initial_state
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from pelagos.errors import CapReached
from pelagos.nouns import Claim, Lesson, Verdict, VerdictKind
from pelagos.settings import Caps
from tests.agents.nodes.laboratory import Laboratory, carry_out, make_lane, open_run, reflect_all

EVERY = tuple(range(8))


def selected(run: Run, **what: Any) -> None:
    for id, content in what.items():
        carry_out(run, id, content, EVERY)
        judge(make_lane(id), run)
    assert run.promising() == list(what)


def claims(run: Run) -> dict[str, Claim]:
    return {claim.hypothesis: claim for claim in run.nouns(Claim)}


def lab(run: Run) -> Laboratory:
    assert isinstance(run.toolchain, Laboratory)
    return run.toolchain


def test_what_holds_on_sealed_data_is_told_from_what_does_not(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    selected(run, real={"better": 0.1}, lucky={"better": 0.1, "sealed": 0.0})
    assert try_claim("real", run) is True
    assert try_claim("lucky", run) is False
    claims_by_hypothesis = claims(run)
    assert (claims_by_hypothesis["real"].held, claims_by_hypothesis["lucky"].held) == (True, False)
    assert (claims_by_hypothesis["real"].level, claims_by_hypothesis["real"].left) == (0.05, 0.1)
    assert (claims_by_hypothesis["lucky"].level, claims_by_hypothesis["lucky"].left) == (0.05, 0.05)
    assert claims_by_hypothesis["lucky"].gain == pytest.approx(0.0, abs=0.02)
    verdicts = run.verdicts()
    assert verdicts["real"].kind is VerdictKind.SUPPORTED
    assert verdicts["lucky"].kind is not VerdictKind.PROMISING
    assert verdicts["lucky"].gain == pytest.approx(0.1, abs=0.02)  # validation's, as selected
    assert "sealed data don't show it at level 0.05" in verdicts["lucky"].reason


def test_nothing_takes_a_supported_claim_back(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    selected(run, real={"better": 0.1})
    try_claim("real", run)
    supported = run.verdicts()["real"]
    for n in range(8):
        carry_out(run, f"lucky{n}", {"better": 0.1, "sealed": 0.0}, EVERY)
        judge(make_lane(f"lucky{n}"), run)
    assert judge(make_lane("real"), run) == {"due": {}, "strong": False}
    confirm(make_initial_state(), run)
    assert run.verdicts()["real"] == supported


def test_seeds_are_fresh(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    seeds = draw_fresh_seeds(run)
    assert seeds[:2] == [8, 9]  # the task's own beyond those that judge may buy
    assert len(set(seeds)) == 8
    assert not set(seeds) & set(EVERY)
    selected(run, real={"better": 0.1})
    try_claim("real", run)
    assert {seed for _, seed, split in lab(run).executed if split == "sealed"} == set(seeds)


def test_a_touch_and_the_level_are_recorded_before_the_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in confirm, 15 sealed experiments had left no record."""
    run = open_run(tmp_path)
    selected(run, real={"better": 0.1})

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trial, "_run_experiments", killed)
    with pytest.raises(KeyboardInterrupt):
        try_claim("real", run)
    monkeypatch.undo()
    budget = trial.open_budget(run)
    assert (budget.count_touches(), budget.find_left(0.1)) == (16, 0.05)
    assert try_claim("real", run) is True  # resumed: the same level, nothing counted twice
    assert claims(run)["real"].level == 0.05
    assert (budget.count_touches(), budget.find_left(0.1)) == (17, 0.1)  # the audit of the sealed stage is a look, too


def test_a_run_is_counted_by_its_label(tmp_path: Path) -> None:
    """Two folders of one name counted once."""
    runs = [open_run(tmp_path, place=tmp_path / place / "night") for place in ("a", "b")]
    for run in runs:
        selected(run, real={"better": 0.1, "sealed": 0.0})
        try_claim("real", run)
    assert [claims(run)["real"].level for run in runs] == [0.05, 0.025]
    assert trial.open_budget(run).count_touches() == 32


def test_a_suspect_result_is_not_tested_and_costs_no_level(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    selected(run, cheat={"better": 0.2, "cheats": ["train.py:3: reads labels", "more"]})
    assert try_claim("cheat", run) is None
    verdict = run.verdicts()["cheat"]
    assert verdict.kind is VerdictKind.UNDECIDED
    assert verdict.effect is not None
    assert verdict.effect.p_value == 1.0
    assert verdict.reason == "suspect: train.py:3: reads labels"
    assert verdict.suspect == ["train.py:3: reads labels", "more"]
    assert not (tmp_path / ".pelagos" / "seal.db").exists()
    assert confirm(make_initial_state(), run) == {}
    assert lab(run).audited == ["v-cheat"]


def test_a_suspect_one_does_not_keep_the_next_from_its_test(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    selected(run, cheat={"better": 0.3, "cheats": ["reads labels"]}, real={"better": 0.1})
    reflect_all(run, "cheat", "real")
    confirm(make_initial_state(), run)
    assert run.verdicts()["real"].kind is VerdictKind.SUPPORTED
    lessons = {claim.hypothesis: claim for claim in run.nouns(Lesson)}
    assert lessons["cheat"].text.startswith("Suspect, so it counts for nothing: reads labels.")
    assert lessons["real"].verdict is VerdictKind.SUPPORTED


def test_without_anything_promising_the_seal_stays_shut(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    assert confirm(make_initial_state(), run) == {}
    assert not (tmp_path / ".pelagos" / "seal.db").exists()


def test_a_starved_run_leaves_it_shut(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    selected(run, real={"better": 0.1})
    assert confirm({**make_initial_state(), "status": "starved", "reason": "nobody answers"}, run) == {}
    assert not (tmp_path / ".pelagos" / "seal.db").exists()
    assert run.promising() == ["real"]


def test_again_after_a_kill_touches_nothing_twice(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    selected(run, real={"better": 0.1})
    reflect_all(run, "real")
    confirm(make_initial_state(), run)
    before = run.ledger.events()
    confirm(make_initial_state(), run)
    assert run.ledger.events() == before


@pytest.mark.parametrize("until", ["claim", "verdict"])
def test_a_kill_between_two_facts_is_finished_at_resume(
    tmp_path: Path, until: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = open_run(tmp_path)
    selected(run, real={"better": 0.1})
    reflect_all(run, "real")
    record = Run.record

    def dies(run: Run, noun: Any) -> None:
        if isinstance(noun, {"claim": Claim, "verdict": Verdict}[until]):
            raise KeyboardInterrupt
        record(run, noun)

    monkeypatch.setattr(Run, "record", dies)
    with pytest.raises(KeyboardInterrupt):
        confirm(make_initial_state(), run)
    monkeypatch.undo()
    confirm(make_initial_state(), run)
    assert run.verdicts()["real"].kind is VerdictKind.SUPPORTED
    assert run.nouns(Lesson)[-1].verdict is VerdictKind.SUPPORTED
    assert len(claims(run)) == 1


def test_a_cap_cuts_it_short_and_a_higher_one_goes_on_at_the_same_level(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    selected(run, real={"better": 0.1})
    run.steps.budget = Budget(Caps(experiments=16 + 4), run.ledger)
    with pytest.raises(CapReached):
        confirm(make_initial_state(), run)
    short = claims(run)["real"]
    assert (short.held, short.concluded) == (False, False)
    seeds = short.effect.seeds if short.effect else 0
    assert short.reason.startswith(f"cut short after {seeds} of 8 seeds: ")
    assert run.promising() == ["real"]
    run.steps.budget = Budget(Caps(), run.ledger)
    run.steps.budget.limit_loop(Caps(experiments=1))  # confirm may spend what lanes may not
    confirm(make_initial_state(), run)
    assert (claims(run)["real"].held, claims(run)["real"].level) == (True, short.level)


def test_a_baseline_that_fails_on_a_seed_costs_that_seed_only(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    selected(run, real={"better": 0.1})
    lab(run).baseline_program = {"fails": [8]}
    assert try_claim("real", run) is True
    effect = claims(run)["real"].effect
    assert effect is not None
    assert effect.seeds == 7


def test_a_program_that_fails_on_a_sealed_seed_is_not_supported(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    selected(run, real={"better": 0.1, "fails": [9]})
    assert try_claim("real", run) is False
    assert "failed on seed 9" in claims(run)["real"].reason


def test_spent_sealed_data_are_said_with_what_to_do(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    budget = trial.open_budget(run)
    for n in range(10):
        budget.reserve("earlier", str(n), 0.1, 0.5)
    selected(run, real={"better": 0.1})
    confirm(make_initial_state(), run)
    verdict = run.verdicts()["real"]
    assert verdict.kind is VerdictKind.PROMISING
    assert "the sealed data are spent" in verdict.reason
    assert "draw a new sealed part" in verdict.reason
    before = run.ledger.events()
    confirm(make_initial_state(), run)
    assert run.ledger.events() == before


def test_programs_without_chance_are_run_on_two_sealed_seeds(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    lab(run).baseline_program = {"seedless": True}
    selected(run, real={"better": 0.1, "seedless": True})
    assert try_claim("real", run) is True
    assert len([row for row in lab(run).executed if row[2] == "sealed"]) == 4


def test_the_sealed_stage_is_audited_before_anything_is_supported(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    lab(run).sealed_findings = ["it knows the sealed labels"]
    selected(run, real={"better": 0.1})
    assert try_claim("real", run) is False
    assert run.verdicts()["real"].reason == "on sealed data: suspect: it knows the sealed labels"
    assert run.verdicts()["real"].suspect == ["it knows the sealed labels"]


def test_tables_of_the_seal_are_a_ledger_like_any_other(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    selected(run, real={"better": 0.1})
    try_claim("real", run)
    with closing(Ledger.read(tmp_path / ".pelagos" / "seal.db")) as ledger:
        kinds = [event.kind for event in ledger.events()]
    assert kinds[0] == "test"
    assert kinds.index("touch") < kinds.index("settled")
