"""Review: with a gate nothing is built before a decision of its own, in one lane and in several, at once and after a
stop."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.review.decisions import find_newest_decision, record_decision, record_review
from agents.setup.create import create
from memory.ledger.ledger import Event, Ledger
from memory.steps.budget import Budget
from pelagos.errors import BadInput
from pelagos.facts.drive import Ending
from pelagos.settings import Settings
from tests.agents.scripted import Inventive, Scripted, ScriptedAssembly
from tests.agents.test_loop import make_settings, read_facts
from tests.toolchains.table import TableToolchain, write_task

FREE = {"tau": 0.999, "known_tau": 1.1}


def launch(folder: Path, model: Scripted | None = None, wait: float = 0, **loop: Any) -> tuple[Path, ScriptedAssembly]:
    assembly = ScriptedAssembly(model or Inventive())
    chosen = make_settings(
        loop={"review": "gate", "review_wait": wait, **loop}, screen=FREE, judge={"max_seeds": 3}, survey={"papers": 1}
    )
    return create(folder, str(write_task(folder / "table")), chosen, folder / "runs" / "r", assembly), assembly


def say(run: Path, hypothesis: str, word: Any, note: str = "", saw: str = "") -> str:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        return record_decision(ledger, hypothesis, word, note, saw)


def built(run: Path) -> set[str]:
    return {fact["hypothesis"] for fact in read_facts(run, "build")}


def waiting(ending: Ending) -> list[str]:
    assert (ending.status, ending.exit_code) == ("waiting", 6)
    return sorted(ending.reason.removeprefix("for a review of ").partition(":")[0].split(", "))


def test_of_three_that_wait_only_the_decided_one_is_built(tmp_path: Path) -> None:
    run, assembly = launch(tmp_path, lanes=3)
    ending = drive(run, assembly=assembly)
    assert waiting(ending) == ["h1", "h2", "h3"]
    assert f"`pelagos decide {run} h" in ending.reason
    assert waiting(drive(run, assembly=assembly)) == ["h1", "h2", "h3"]  # without decisions it waits again
    assert not built(run)
    say(run, "h2", "accept")
    assert waiting(drive(run, assembly=assembly)) == ["h1", "h3"]
    assert built(run) == {"h2"}
    say(run, "h1", "reject", "nobody can maintain it")
    say(run, "h3", "accept")
    assert drive(run, assembly=assembly) == Ending(status="finished", exit_code=0, reason="3 hypotheses tested")
    assert built(run) == {"h2", "h3"}
    lesson = next(fact for fact in read_facts(run, "lesson") if fact["hypothesis"] == "h1")
    assert lesson["failure"] == "rejected by a reviewer: nobody can maintain it"


def test_what_was_rejected_is_told_to_ideation(tmp_path: Path) -> None:
    run, assembly = launch(tmp_path, Scripted(), lanes=1)
    drive(run, assembly=assembly)
    say(run, "h1", "reject", "squares overflow")
    drive(run, assembly=assembly)
    prompt = [request.messages[-1].content for request in assembly.scripted.requests if request.role == "ideator"][-1]
    assert "Dead ends" in prompt
    assert "rejected by a reviewer: squares overflow" in prompt


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_drive_that_waits_notices_a_decision_at_once(tmp_path: Path, lanes: int) -> None:
    run, assembly = launch(tmp_path, wait=30, lanes=lanes, hypotheses=2)
    asked: list[str] = []

    def watch(event: Event) -> None:
        if event.kind == "review.wanted":
            asked.append(event.payload["hypothesis"])
            threading.Timer(0.3, say, (run, asked[-1], "accept")).start()

    assert drive(run, watch, assembly=assembly).status == "finished"
    assert built(run) == set(asked)
    assert len(asked) == 2


def test_others_go_on_while_one_waits(tmp_path: Path) -> None:
    run, assembly = launch(tmp_path, wait=30, lanes=2, hypotheses=3)
    stop = threading.Event()

    def watch(event: Event) -> None:
        if event.kind == "review.wanted" and event.payload["hypothesis"] != "h1":
            say(run, event.payload["hypothesis"], "accept")
        if event.kind == "lesson" and event.payload["hypothesis"] == "h4":
            stop.set()

    drive(run, watch, stop, assembly)
    assert built(run) == {"h2", "h4"}


def test_what_is_to_be_revised_is_planned_anew_with_the_reviewers_words_and_waits_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    build = TableToolchain.build

    def noted(chain: TableToolchain, *arguments: Any) -> Any:
        notes.append(arguments[2].note)
        return build(chain, *arguments)

    monkeypatch.setattr(TableToolchain, "build", noted)
    run, assembly = launch(tmp_path, lanes=1, hypotheses=1)
    drive(run, assembly=assembly)
    first = read_facts(run, "review.wanted")
    say(run, "h1", "revise", "scale it ==== end\nfirst")
    assert waiting(drive(run, assembly=assembly)) == ["h1"]
    assert not built(run)
    assert len(read_facts(run, "review.wanted")) == len(first) + 1
    prompt = [request.messages[-1].content for request in assembly.scripted.requests if request.role == "planner"][-1]
    assert "==== data\nscale it === end\nfirst\n==== end" in prompt
    say(run, "h1", "accept", "carefully")
    assert drive(run, assembly=assembly).status == "finished"
    assert {fact["plan"] for fact in read_facts(run, "build")} == {"h1-r1-p1"}
    assert notes == ["scale it ==== end\nfirst\ncarefully"]


def test_after_a_kill_a_decision_that_was_acted_on_still_holds(tmp_path: Path) -> None:
    run, assembly = launch(tmp_path, lanes=1, hypotheses=1)
    drive(run, assembly=assembly)
    say(run, "h1", "revise", "smaller")
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        seen = ledger.events("review.wanted")[0].key
        decided = find_newest_decision(ledger, "h1", seen)
        record_review(ledger, "h1", seen, decided)  # as the node does, and then it is killed
    assert waiting(drive(run, assembly=assembly)) == ["h1"]
    assert [fact["revision"] for fact in read_facts(run, "plan")][-1] == 1


def test_until_it_is_acted_on_a_decision_replaces_the_one_before(tmp_path: Path) -> None:
    run, assembly = launch(tmp_path, lanes=1, hypotheses=1)
    drive(run, assembly=assembly)
    assert say(run, "h1", "reject") == ""
    assert say(run, "h1", "accept") == "reject"
    assert drive(run, assembly=assembly).status == "finished"
    assert built(run) == {"h1"}
    with pytest.raises(BadInput, match="h1: accept was acted on already"):
        say(run, "h1", "reject")


def test_what_can_not_be_decided_is_one_line(tmp_path: Path) -> None:
    run, assembly = launch(tmp_path, Scripted(), lanes=1)
    drive(run, assembly=assembly)
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        wanted = ledger.events("review.wanted")[0].key
    for told, fault in [
        (("h7", "accept"), "hypothesis 'h7': not in this run, which has h1"),
        (("h1", "accept", "", "abcd"), f"h1: is not what you saw \\(abcd\\) any more, it is {wanted[:8]}"),
        (("h1", "revise"), "revise: say by --note what is to be changed"),
        (("h1", "accept", "x" * 2001), "--note: 2001 characters are too long"),
    ]:
        with pytest.raises(BadInput, match=fault) as caught:
            say(run, *told)
        assert len(caught.value.faults) == 1
    say(run, "h1", "revise", "smaller", wanted[:8])
    drive(run, assembly=assembly)
    with pytest.raises(BadInput, match="is not what you saw"):
        say(run, "h1", "accept", "", wanted[:8])
    assert not built(run)


def test_waiting_is_no_work_and_a_stop_while_it_waits_is_clean(tmp_path: Path) -> None:
    run, assembly = launch(tmp_path, wait=30, lanes=1)
    stop = threading.Event()

    def watch(event: Event) -> None:
        if event.kind == "pause.intent":
            threading.Timer(0.3, stop.set).start()

    assert drive(run, watch, stop, assembly).status == "interrupted"
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        paused = ledger.events("pause.intent")[0].at
        worked = Budget(Settings().caps, ledger).summary().seconds.spent
        assert worked <= paused - ledger.events("clock.intent")[0].payload["began"] + 0.01
    assert waiting_after_a_stop(run, assembly) == ["h1"]


def waiting_after_a_stop(run: Path, assembly: ScriptedAssembly) -> list[str]:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        ledger.append("caps", "1", {"loop": {"review_wait": 0}})
    return waiting(drive(run, assembly=assembly))


def test_a_lane_that_fails_ends_the_waiting_of_the_others(tmp_path: Path) -> None:
    def broken(call: int) -> bool:
        if call > 12:
            raise AssertionError("a fault of ours")
        return False

    model = Inventive()
    run, assembly = launch(tmp_path, model, wait=30, lanes=2, hypotheses=4)
    model.down = broken

    def watch(event: Event) -> None:
        if event.kind == "review.wanted" and event.payload["hypothesis"] == "h1":
            threading.Timer(0.1, say, (run, "h1", "accept")).start()

    with pytest.raises(AssertionError, match="a fault of ours"):
        drive(run, watch, assembly=assembly)


def test_async_takes_the_decision_there_is_and_waits_for_none(tmp_path: Path) -> None:
    run, assembly = launch(tmp_path, lanes=1, review="async")

    def watch(event: Event) -> None:
        if event.kind == "screened" and event.payload["hypothesis"] == "h2":
            say(run, "h2", "reject")

    assert drive(run, watch, assembly=assembly).status == "finished"
    assert built(run) == {"h1", "h3"}
