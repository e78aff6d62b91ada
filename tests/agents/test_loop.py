"""The whole loop on the table toolchain: real graph, nodes, ledger, budget, bank; a scripted model."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.models.offline.replay import fingerprint
from agents.setup.create import create
from memory.ledger.ledger import Event, Ledger
from pelagos.errors import BadInput
from pelagos.facts.drive import Ending
from pelagos.nouns import Audit
from pelagos.settings import Settings
from tests.agents.scripted import IDEAS, Scripted, ScriptedAssembly
from tests.toolchains.table import TableToolchain, write_task


def make_settings(**changes: Any) -> Settings:
    loop = {"hypotheses": 3, "attempts": 5, "workers": 2, **changes.pop("loop", {})}
    changes = {"literature": {"sources": ["corpus"]}, **changes}
    survey = {"fill": False, **changes.pop("survey", {})}
    screen = {"tau": 0.95, **changes.pop("screen", {})}
    return Settings(loop=loop, screen=screen, survey=survey, models={"default": "replay:none", "retries": 0}, **changes)


def launch(folder: Path, model: Scripted | None = None, stop: threading.Event | None = None, **changes: Any) -> Any:
    assembly = ScriptedAssembly(model)
    run = create(folder, str(write_task(folder / "table")), make_settings(**changes), folder / "runs" / "r", assembly)
    return drive(run, stop=stop, assembly=assembly), run, assembly


def read_facts(run: Path, kind: str) -> list[dict[str, Any]]:
    ledger = Ledger.open(run / "ledger.db")
    try:
        return [event.payload for event in ledger.events(kind)]
    finally:
        ledger.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return launch(tmp_path_factory.mktemp("project"), loop={"hypotheses": 6})


def test_runs_through_and_finds_the_planted_effect(whole: Any) -> None:
    ending, run, _ = whole
    assert ending == Ending(status="finished", exit_code=0, reason="6 hypotheses tested")
    newest = {fact["hypothesis"]: fact for fact in read_facts(run, "verdict")}
    assert newest["h1"]["kind"] == "supported"
    assert newest["h1"]["effect"]["value"] > 0.05  # RMSE falls, the effect is positive
    assert newest["h2"]["kind"] != "supported"
    assert (newest["h4"]["kind"], newest["h4"]["effect"]["seeds"]) == (
        "undecided",
        3,
    )  # hopeless, so no seeds were bought
    assert newest["h4"]["effect"]["value"] < 0
    assert {fact["hypothesis"]: fact["held"] for fact in read_facts(run, "claim")}["h1"]


def test_a_repeat_is_thrown_out_before_any_compute(whole: Any) -> None:
    _, run, _ = whole
    screened = {fact["hypothesis"]: fact for fact in read_facts(run, "screened")}
    assert not screened["h3"]["kept"]
    assert screened["h3"]["nearest"] == "r/h1"
    assert screened["h3"]["cosine"] > 0.99
    assert not [fact for fact in read_facts(run, "plan") if fact["hypothesis"] == "h3"]


def test_the_second_idea_is_asked_for_with_the_first_ones_record(whole: Any) -> None:
    _, _, assembly = whole
    prompts = [r.messages[-1].content for r in assembly.scripted.requests if r.role == "ideator"]
    first, second, last = prompts[0], prompts[1], prompts[-1]
    assert "Square of column a" not in first
    assert '"Square of column a" at a: supported, effect +' in second
    assert 'it did: "columns 4 -> 5; new: square(a)"' in second
    assert "+ square(a)" in second  # the change itself
    assert '"Removal of b, which may be noise" at b: undecided, effect -' in last


def test_each_version_is_looked_at_before_it_is_judged(whole: Any) -> None:
    _, run, _ = whole
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        place = {kind: [event for event in ledger.events(kind)] for kind in ("fidelity", "experiment", "verdict")}
    built = {fact["version"] for fact in read_facts(run, "build") if fact["version"]}
    assert [event.key for event in place["fidelity"]] == list(dict.fromkeys(e.key for e in place["fidelity"]))
    assert {event.key for event in place["fidelity"]} == built
    ran = {event.key: event.payload["version"] for event in place["experiment"]}
    first = {}
    for event in place["verdict"]:
        first.setdefault(ran.get(next(iter(event.payload["evidence"]), "")), event.seq)
    assert all(event.seq < first.get(event.key, event.seq + 1) for event in place["fidelity"])
    assert read_facts(run, "fidelity")[0]["evidence"][1:3] == ["columns 4 -> 5", "new: square(a)"]


def test_papers_are_ranked_and_quoted(whole: Any) -> None:
    _, run, assembly = whole
    fact = read_facts(run, "survey")[0]
    assert fact["kept"] == ["p0", "p1", "p2"]
    assert not fact["floor"]
    assert "[p0]" in next(r.messages[-1].content for r in assembly.scripted.requests if r.role == "ideator")


def test_a_lesson_says_what_was_done_and_each_version_was_measured_once(whole: Any) -> None:
    _, run, _ = whole
    lessons = {fact["hypothesis"]: fact for fact in read_facts(run, "lesson")}
    assert lessons["h1"]["did"] == "columns 4 -> 5; new: square(a)"
    assert "What it did: columns 4 -> 5; new: square(a)." in lessons["h1"]["text"]
    measured = [fact["id"] for fact in read_facts(run, "signature")]
    assert measured[0] == "untouched"
    assert len(measured) == len(set(measured)) == len(read_facts(run, "version"))


def test_all_plans_are_recorded_with_raw_step_scores(whole: Any) -> None:
    _, run, _ = whole
    plans = [fact for fact in read_facts(run, "plan") if fact["hypothesis"] == "h1"]
    assert len(plans) == 2
    assert all(fact["score"] == min(fact["step_scores"]) for fact in plans)


def test_without_a_verifier_plans_are_taken_as_they_come(tmp_path: Path) -> None:
    _, run, _ = launch(tmp_path, loop={"hypotheses": 1, "plans": 2}, verifiers={"kind": "off"})
    plans = read_facts(run, "plan")
    assert [(fact["step_scores"], fact["score"], fact["verifier"]) for fact in plans] == [([], None, "")] * 2
    assert {fact["plan"] for fact in read_facts(run, "build")} == {plans[0]["id"]}
    assert {fact["verifier"] for fact in read_facts(run, "verifier.outcome")} == {"off"}


def test_a_finished_run_is_not_driven_again(whole: Any) -> None:
    ending, run, assembly = whole
    calls = assembly.scripted.calls
    assert drive(run, assembly=assembly) == ending
    assert assembly.scripted.calls == calls


def test_a_broken_baseline_is_recorded_and_ends_with_five(tmp_path: Path) -> None:
    assembly = ScriptedAssembly()
    task = write_task(tmp_path / "table", broken=True)
    run = create(tmp_path, str(task), make_settings(), tmp_path / "r", assembly)
    ending = drive(run, assembly=assembly)
    assert (ending.status, ending.exit_code) == ("failed", 5)
    assert "NaN in the predictions" in ending.reason
    assert "fitted with seed" in ending.reason
    assert read_facts(run, "run.ended")[0]["exit_code"] == 5
    assert assembly.scripted.calls == 0


def test_a_cap_ends_with_three_and_the_best_is_supported(tmp_path: Path) -> None:
    ending, run, _ = launch(tmp_path, loop={"hypotheses": 7}, caps={"experiments": 36})
    assert (ending.status, ending.exit_code) == ("capped", 3)
    assert "experiments" in ending.reason
    assert [fact["held"] for fact in read_facts(run, "claim") if fact["hypothesis"] == "h1"] == [True]
    assert len(read_facts(run, "experiment")) <= 36


def test_a_cap_before_the_noise_floor_ends_with_three(tmp_path: Path) -> None:
    ending, run, _ = launch(tmp_path, caps={"experiments": 2})
    assert (ending.status, ending.exit_code) == ("capped", 3)
    assert not read_facts(run, "hypothesis")


def test_a_dead_model_ends_cleanly_and_resume_goes_on(tmp_path: Path) -> None:
    model = Scripted(down=lambda call: call >= 8)
    ending, run, assembly = launch(tmp_path, model)
    assert (ending.status, ending.exit_code) == ("starved", 5)
    assert "nothing answers" in ending.reason
    model.down = lambda _: False
    again = drive(run, assembly=assembly)
    assert (again.status, again.exit_code) == ("finished", 0)
    assert [fact["status"] for fact in read_facts(run, "run.ended")] == ["starved", "finished"]


def test_a_model_dead_from_the_start(tmp_path: Path) -> None:
    ending, run, assembly = launch(tmp_path, Scripted(down=lambda _: True))
    assert ending.status == "starved"
    assembly.scripted.down = lambda _: False
    assert drive(run, assembly=assembly).status == "finished"
    assert read_facts(run, "verdict")


@pytest.mark.parametrize(
    "kind", ["plan", "experiment", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("hypothesis", "build"))]
)
def test_a_stop_is_clean_and_resume_finishes(tmp_path: Path, kind: str) -> None:
    assembly, stop = ScriptedAssembly(), threading.Event()
    run = create(tmp_path, str(write_task(tmp_path / "table")), make_settings(), tmp_path / "r", assembly)

    def watch(event: Event) -> None:
        if event.kind == kind:
            stop.set()

    ending = drive(run, watch, stop, assembly)
    assert (ending.status, ending.exit_code) == ("interrupted", 130)
    assert drive(run, assembly=assembly).exit_code == 0
    assert len({fact["id"] for fact in read_facts(run, "experiment")}) == len(read_facts(run, "experiment"))


def test_used_up_hours_are_a_stop_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.pacing.pace.MIN_ENDPOINT_S", 0.0)
    ending, _, _ = launch(tmp_path, caps={"seconds": 0.001})
    assert (ending.status, ending.exit_code) == ("finished", 0)
    assert "seconds" in ending.reason


def test_too_little_time_for_one_hypothesis_is_said_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"5 s are too short for one hypothesis .* give at least --hours 0\.00556"):
        launch(tmp_path, caps={"seconds": 5})
    assert not (tmp_path / "runs").exists()


def test_without_its_checkpoints_a_run_goes_on_from_the_ledger(tmp_path: Path) -> None:
    assembly, stop = ScriptedAssembly(), threading.Event()
    run = create(tmp_path, str(write_task(tmp_path / "table")), make_settings(), tmp_path / "r", assembly)
    drive(run, lambda event: stop.set() if event.kind == "verdict" else None, stop, assembly)
    before = read_facts(run, "experiment")
    for path in run.glob("checkpoints*"):
        path.unlink()
    assert drive(run, assembly=assembly).exit_code == 0
    assert len({fingerprint(request) for request in assembly.scripted.requests}) == assembly.scripted.calls
    assert read_facts(run, "experiment")[: len(before)] == before


def test_a_plateau_ends_the_run(tmp_path: Path) -> None:
    ending, _, _ = launch(tmp_path, loop={"hypotheses": 9, "plateau": 2})
    assert (ending.status, ending.exit_code) == ("finished", 0)
    assert ending.reason == "plateau: 2 hypotheses in a row without support"


def test_winners_are_audited_by_a_control_first(whole: Any) -> None:
    _, run, _ = whole
    audits = read_facts(run, "audit")
    winners = {fact["hypothesis"] for fact in read_facts(run, "claim")}
    assert winners
    versions = {fact["version"]: fact["hypothesis"] for fact in read_facts(run, "build") if fact["version"]}
    assert winners <= {versions[audit["id"]] for audit in audits}
    assert len(read_facts(run, "control")) == len(audits)
    assert not any(audit["findings"] for audit in audits)


def test_a_result_that_needs_no_labels_is_suspect_and_never_tested_on_sealed_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheat = ("a", "Predict by an oracle", "oracle")
    monkeypatch.setattr("tests.agents.scripted.IDEAS", [cheat, *IDEAS[1:]])
    _, run, _ = launch(tmp_path)
    newest = {fact["hypothesis"]: fact for fact in read_facts(run, "verdict")}
    assert newest["h1"]["suspect"] == ["its predictions don't change with the training labels"]
    assert (newest["h1"]["kind"], newest["h1"]["effect"]["p_value"]) == ("undecided", 1.0)
    assert newest["h1"]["effect"]["value"] > 0.5
    assert "h1" not in {fact["hypothesis"] for fact in read_facts(run, "claim")}
    assert "Suspect" in next(fact["text"] for fact in read_facts(run, "lesson") if fact["hypothesis"] == "h1")


def test_what_the_audit_of_the_sealed_stage_finds_is_not_supported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited = []

    def audit_sealed(self: object, task: Any, version: Any, seeds: Any, context: Any) -> Audit:
        audited.append((version.id, tuple(seeds)))
        return Audit(id=version.id, findings=["it knows the sealed labels"], evidence=["control"])

    monkeypatch.setattr(TableToolchain, "audit_sealed", audit_sealed, raising=False)
    _, run, _ = launch(tmp_path)
    claims = read_facts(run, "claim")
    assert audited
    assert not any(fact["held"] for fact in claims)
    assert any(fact["reason"] == "on sealed data: suspect: it knows the sealed labels" for fact in claims)
    assert all(set(seeds) == {*audited[0][1]} for _, seeds in audited)


def test_sealed_data_are_touched_by_claim_and_confirm_alone(whole: Any) -> None:
    _, run, _ = whole
    node, during = "", []
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        for event in ledger.events():
            node = event.payload["node"] if event.kind == "node" else node
            if event.payload.get("split") == "sealed":
                during.append(node)
    assert during
    assert set(during) <= {"claim", "confirm"}


def test_a_programming_error_is_recorded_and_crashes(tmp_path: Path) -> None:
    def broken(call: int) -> bool:
        raise AssertionError("literal\ncannot be empty")

    assembly = ScriptedAssembly(Scripted(down=broken))
    run = create(tmp_path, str(write_task(tmp_path / "table")), make_settings(), tmp_path / "r", assembly)
    with pytest.raises(AssertionError):
        drive(run, assembly=assembly)
    crash = read_facts(run, "run.stopped")[0]["reason"]
    assert crash.startswith("AssertionError: literal cannot be empty (test_loop.py:")
    assert crash.endswith(", a fault in Pelagos itself")


def test_a_task_without_anything_to_change_ends_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brief = TableToolchain.brief
    monkeypatch.setattr(TableToolchain, "brief", lambda *args: replace(brief(*args), targets={}))
    ending, _, _ = launch(tmp_path)
    assert (ending.status, ending.exit_code) == ("failed", 5)
    assert ending.reason.endswith("its toolchain offers no targets")


def test_a_part_that_is_missing_is_recorded_as_the_reason(tmp_path: Path) -> None:
    run = create(tmp_path, str(write_task(tmp_path / "table")), make_settings(), tmp_path / "r", ScriptedAssembly())
    with pytest.raises(BadInput):
        drive(run)  # there is no run "none" whose replies could be replayed
    assert read_facts(run, "run.stopped")[0]["status"] == "stopped"
    assert "replay:none" in read_facts(run, "run.stopped")[0]["reason"]
