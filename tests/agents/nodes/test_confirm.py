from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.nodes.confirm import confirm, fresh_seeds
from agents.run import Run
from agents.state import initial
from pelagos.errors import CapReached
from pelagos.settings import Caps
from tests.agents.nodes.laboratory import Laboratory, carried_out, judged, run_in

EVERY = tuple(range(8))


def selected(run: Run, **what: Any) -> list[str]:
    for id, content in what.items():
        carried_out(run, id, content, EVERY)
    judged(run, *what)
    assert run.winners() == list(what)
    return run.winners()


def facts(run: Run) -> dict[str, dict[str, Any]]:
    return {event.payload["hypothesis"]: event.payload for event in run.ledger.events("confirmed")}


def test_what_holds_on_sealed_data_is_told_from_what_does_not(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    selected(run, real={"better": 0.1}, lucky={"better": 0.1, "sealed": 0.0})
    confirm(initial(), run)
    found = facts(run)
    assert (found["real"]["confirmed"], found["lucky"]["confirmed"]) == (True, False)
    assert found["lucky"]["selection_effect"] == pytest.approx(0.1, abs=0.02)
    assert found["lucky"]["effect"] == pytest.approx(0.0, abs=0.02)
    assert found["real"]["touches"] == 3 * 8


def test_seeds_are_fresh(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    seeds = fresh_seeds(run)
    assert seeds[:2] == [8, 9]  # the task's own beyond those that judge may buy
    assert len(set(seeds)) == 8
    assert not set(seeds) & set(EVERY)
    selected(run, real={"better": 0.1})
    confirm(initial(), run)
    lab = run.toolchain
    assert isinstance(lab, Laboratory)
    assert {seed for _, seed, split in lab.ran if split == "sealed"} == set(seeds)


def test_without_winners_the_seal_stays_shut(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    assert confirm(initial(), run) == {}
    assert not (tmp_path / ".pelagos" / "seal.db").exists()


def test_again_after_a_kill_touches_nothing_twice(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    selected(run, real={"better": 0.1})
    confirm(initial(), run)
    before = run.ledger.events()
    confirm(initial(), run)
    assert run.ledger.events() == before


def test_a_cap_leaves_what_was_run(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    selected(run, real={"better": 0.1})
    run.steps.budget.caps = Caps(experiments=16 + 4)
    with pytest.raises(CapReached):
        confirm(initial(), run)
    fact = facts(run)["real"]
    assert not fact["confirmed"]
    assert fact["reason"] == f"cut short: only {fact['seeds']} of 8 seeds were run"


def test_a_baseline_that_fails_on_a_seed_costs_that_seed_only(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    selected(run, real={"better": 0.1})
    assert isinstance(run.toolchain, Laboratory)
    run.toolchain.base = {"fails": [8]}
    confirm(initial(), run)
    assert (facts(run)["real"]["confirmed"], facts(run)["real"]["seeds"]) == (True, 7)
