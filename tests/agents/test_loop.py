"""The whole loop on the table toolchain: real graph, nodes, ledger, budget, bank; a scripted model."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.launch import Ending, create, drive
from agents.models.recorded import fingerprint
from memory.ledger import Event, Ledger
from pelagos.errors import BadInput
from pelagos.nouns import Audit
from pelagos.settings import Settings
from tests.agents.scripted import IDEAS, Scripted, ScriptedParts
from tests.toolchains.table import TableToolchain, write_task


def settings(**changes: Any) -> Settings:
    loop = {"hypotheses": 3, "attempts": 5, "workers": 2, **changes.pop("loop", {})}
    changes = {"literature": {"sources": ["corpus"]}, **changes}
    survey = {"fill": False, **changes.pop("survey", {})}
    screen = {"tau": 0.95, **changes.pop("screen", {})}
    return Settings(loop=loop, screen=screen, survey=survey, models={"default": "replay:none", "retries": 0}, **changes)


def launched(folder: Path, model: Scripted | None = None, stop: threading.Event | None = None, **changes: Any) -> Any:
    parts = ScriptedParts(model)
    run = create(folder, str(write_task(folder / "table")), settings(**changes), folder / "runs" / "r", parts)
    return drive(run, stop=stop, parts=parts), run, parts


def facts(run: Path, kind: str) -> list[dict[str, Any]]:
    ledger = Ledger.open(run / "ledger.db")
    try:
        return [event.payload for event in ledger.events(kind)]
    finally:
        ledger.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return launched(tmp_path_factory.mktemp("project"), loop={"hypotheses": 6})


def test_runs_through_and_finds_the_planted_effect(whole: Any) -> None:
    ending, run, _ = whole
    assert ending == Ending("finished", 0, "6 hypotheses tested")
    newest = {fact["hypothesis"]: fact for fact in facts(run, "verdict")}
    assert newest["h1"]["kind"] == "supported"
    assert newest["h1"]["effect"] > 0.05  # RMSE falls, the effect is positive
    assert newest["h2"]["kind"] != "supported"
    assert newest["h4"]["kind"] == "refuted"
    assert {fact["hypothesis"]: fact["confirmed"] for fact in facts(run, "confirmed")}["h1"]


def test_a_repeat_is_thrown_out_before_any_compute(whole: Any) -> None:
    _, run, _ = whole
    screened = {fact["hypothesis"]: fact for fact in facts(run, "screened")}
    assert not screened["h3"]["kept"]
    assert screened["h3"]["nearest"] == "r/h1"
    assert screened["h3"]["cosine"] > 0.99
    assert not [fact for fact in facts(run, "plan") if fact["hypothesis"] == "h3"]


def test_the_second_idea_is_asked_for_with_the_first_ones_record(whole: Any) -> None:
    _, _, parts = whole
    prompts = [r.messages[-1].content for r in parts.scripted.requests if r.role == "ideator"]
    first, second, last = prompts[0], prompts[1], prompts[-1]
    assert "Square of column a" not in first
    assert '"Square of column a" at a: supported, effect +' in second
    assert "+ square(a)" in second  # the change itself
    assert '"Removal of b, which may be noise" at b: refuted, effect -' in last


def test_papers_are_ranked_and_quoted(whole: Any) -> None:
    _, run, parts = whole
    fact = facts(run, "survey")[0]
    assert fact["kept"] == ["p0", "p1", "p2"]
    assert not fact["floor"]
    assert "[p0]" in next(r.messages[-1].content for r in parts.scripted.requests if r.role == "ideator")


def test_all_plans_are_recorded_with_raw_step_scores(whole: Any) -> None:
    _, run, _ = whole
    plans = [fact for fact in facts(run, "plan") if fact["hypothesis"] == "h1"]
    assert len(plans) == 2
    assert all(fact["score"] == min(fact["step_scores"]) for fact in plans)


def test_a_finished_run_is_not_driven_again(whole: Any) -> None:
    ending, run, parts = whole
    calls = parts.scripted.calls
    assert drive(run, parts=parts) == ending
    assert parts.scripted.calls == calls


def test_a_broken_baseline_is_recorded_and_ends_with_five(tmp_path: Path) -> None:
    parts = ScriptedParts()
    task = write_task(tmp_path / "table", broken=True)
    run = create(tmp_path, str(task), settings(), tmp_path / "r", parts)
    ending = drive(run, parts=parts)
    assert (ending.status, ending.exit_code) == ("failed", 5)
    assert "NaN in the predictions" in ending.reason
    assert "fitted with seed" in ending.reason
    assert facts(run, "run.ended")[0]["exit_code"] == 5
    assert parts.scripted.calls == 0


def test_a_cap_ends_with_three_and_the_best_is_confirmed(tmp_path: Path) -> None:
    ending, run, _ = launched(tmp_path, loop={"hypotheses": 7}, caps={"experiments": 36})
    assert (ending.status, ending.exit_code) == ("capped", 3)
    assert "experiments" in ending.reason
    assert [fact["confirmed"] for fact in facts(run, "confirmed") if fact["hypothesis"] == "h1"] == [True]
    assert len(facts(run, "experiment")) <= 36


def test_a_cap_before_the_noise_floor_ends_with_three(tmp_path: Path) -> None:
    ending, run, _ = launched(tmp_path, caps={"experiments": 2})
    assert (ending.status, ending.exit_code) == ("capped", 3)
    assert not facts(run, "hypothesis")


def test_a_dead_model_ends_cleanly_and_resume_goes_on(tmp_path: Path) -> None:
    model = Scripted(down=lambda call: call >= 8)
    ending, run, parts = launched(tmp_path, model)
    assert (ending.status, ending.exit_code) == ("starved", 5)
    assert "nothing answers" in ending.reason
    model.down = lambda _: False
    again = drive(run, parts=parts)
    assert (again.status, again.exit_code) == ("finished", 0)
    assert [fact["status"] for fact in facts(run, "run.ended")] == ["starved", "finished"]


def test_a_model_dead_from_the_start(tmp_path: Path) -> None:
    ending, run, parts = launched(tmp_path, Scripted(down=lambda _: True))
    assert ending.status == "starved"
    parts.scripted.down = lambda _: False
    assert drive(run, parts=parts).status == "finished"
    assert facts(run, "verdict")


@pytest.mark.parametrize("kind", ["hypothesis", "plan", "build", "experiment"])
def test_a_stop_is_clean_and_resume_finishes(tmp_path: Path, kind: str) -> None:
    parts, stop = ScriptedParts(), threading.Event()
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings(), tmp_path / "r", parts)

    def watch(event: Event) -> None:
        if event.kind == kind:
            stop.set()

    ending = drive(run, watch, stop, parts)
    assert (ending.status, ending.exit_code) == ("interrupted", 130)
    assert drive(run, parts=parts).exit_code == 0
    assert len({fact["id"] for fact in facts(run, "experiment")}) == len(facts(run, "experiment"))


def test_used_up_hours_are_a_stop_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.pace.LEAST_S", 0.0)
    ending, _, _ = launched(tmp_path, caps={"seconds": 0.001})
    assert (ending.status, ending.exit_code) == ("finished", 0)
    assert "seconds" in ending.reason


def test_too_little_time_for_one_hypothesis_is_said_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"5 s are too short for one hypothesis .* give at least --hours 0\.00556"):
        launched(tmp_path, caps={"seconds": 5})
    assert not (tmp_path / "runs").exists()


def test_without_its_checkpoints_a_run_goes_on_from_the_ledger(tmp_path: Path) -> None:
    parts, stop = ScriptedParts(), threading.Event()
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings(), tmp_path / "r", parts)
    drive(run, lambda event: stop.set() if event.kind == "verdict" else None, stop, parts)
    before = facts(run, "experiment")
    for path in run.glob("checkpoints*"):
        path.unlink()
    assert drive(run, parts=parts).exit_code == 0
    assert len({fingerprint(request) for request in parts.scripted.requests}) == parts.scripted.calls
    assert facts(run, "experiment")[: len(before)] == before


def test_a_plateau_ends_the_run(tmp_path: Path) -> None:
    ending, _, _ = launched(tmp_path, loop={"hypotheses": 9, "plateau": 2})
    assert (ending.status, ending.exit_code) == ("finished", 0)
    assert ending.reason == "plateau: 2 hypotheses in a row without support"


def test_winners_are_audited_by_a_control_first(whole: Any) -> None:
    _, run, _ = whole
    audits = facts(run, "audit")
    winners = {fact["hypothesis"] for fact in facts(run, "confirmed")}
    versions = {fact["version"]: fact["hypothesis"] for fact in facts(run, "build") if fact["version"]}
    assert winners <= {versions[audit["id"]] for audit in audits}
    assert len(facts(run, "control")) == len(audits)
    assert not any(audit["findings"] for audit in audits)


def test_a_result_that_needs_no_labels_is_suspect_and_never_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheat = ("a", "Predict by an oracle", "oracle")
    monkeypatch.setattr("tests.agents.scripted.IDEAS", [cheat, *IDEAS[1:]])
    _, run, _ = launched(tmp_path)
    newest = {fact["hypothesis"]: fact for fact in facts(run, "verdict")}
    assert newest["h1"]["suspect"] == ["its predictions don't change with the training labels"]
    assert (newest["h1"]["kind"], newest["h1"]["e_value"]) == ("undecided", 0.0)
    assert newest["h1"]["effect"] > 0.5
    assert "h1" not in {fact["hypothesis"] for fact in facts(run, "confirmed")}
    assert "Suspect" in next(fact["text"] for fact in facts(run, "lesson") if fact["hypothesis"] == "h1")


def test_what_the_audit_of_the_sealed_stage_finds_is_not_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def audit_sealed(self: object, task: Any, version: Any, seeds: Any, context: Any) -> Audit:
        asked.append((version.id, tuple(seeds)))
        return Audit(id=version.id, findings=["it knows the sealed labels"], evidence=["control"])

    monkeypatch.setattr(TableToolchain, "audit_sealed", audit_sealed, raising=False)
    _, run, _ = launched(tmp_path)
    confirmed = facts(run, "confirmed")
    assert asked
    assert not any(fact["confirmed"] for fact in confirmed)
    assert any(fact["reason"] == "suspect: it knows the sealed labels" for fact in confirmed)
    assert all(set(seeds) == {*asked[0][1]} for _, seeds in asked)


def test_the_sealed_split_is_asked_for_by_confirm_alone(whole: Any) -> None:
    _, run, _ = whole
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        opened = next(event.seq for event in ledger.events("node") if event.payload["node"] == "confirm")
        sealed = [event.seq for event in ledger.events("experiment.intent") if event.payload.get("split") == "sealed"]
        done = [event.seq for event in ledger.events("experiment") if event.payload["split"] == "sealed"]
    assert done
    assert all(seq > opened for seq in [*sealed, *done])


def test_a_programming_error_is_recorded_and_crashes(tmp_path: Path) -> None:
    def broken(call: int) -> bool:
        raise AssertionError("literal\ncannot be empty")

    parts = ScriptedParts(Scripted(down=broken))
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings(), tmp_path / "r", parts)
    with pytest.raises(AssertionError):
        drive(run, parts=parts)
    crash = facts(run, "run.stopped")[0]["reason"]
    assert crash.startswith("AssertionError: literal cannot be empty (test_loop.py:")
    assert crash.endswith(", a fault in Pelagos itself")


def test_a_task_without_anything_to_change_ends_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brief = TableToolchain.brief
    monkeypatch.setattr(TableToolchain, "brief", lambda *told: replace(brief(*told), targets={}))
    ending, _, _ = launched(tmp_path)
    assert (ending.status, ending.exit_code) == ("failed", 5)
    assert ending.reason.endswith("its toolchain offers no targets")


def test_a_part_that_is_missing_is_recorded_as_the_reason(tmp_path: Path) -> None:
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings(), tmp_path / "r", ScriptedParts())
    with pytest.raises(BadInput):
        drive(run)  # there is no run "none" whose replies could be replayed
    assert facts(run, "run.stopped")[0]["status"] == "stopped"
    assert "replay:none" in facts(run, "run.stopped")[0]["reason"]
