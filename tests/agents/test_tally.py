"""A run's tally says what all of its facts say, and what a hypothesis reads and leaves behind doesn't grow with the run."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

import memory.ledger
from agents.run import Run
from memory.facts import Facts
from pelagos.nouns import Build, Experiment, Hypothesis, Lesson, Noun, Verdict
from tests.agents.nodes.laboratory import carried_out, reflected, run_in

WHAT: tuple[dict[str, Any], ...] = ({"better": 0.1}, {"better": 0.0}, {"better": -0.2}, {"fails": [1]})


def lived(run: Run, numbers: range) -> None:
    for number in numbers:
        id = f"i{number}"
        carried_out(run, id, WHAT[number % len(WHAT)])
        reflected(run, id)


def test_it_says_what_all_facts_say(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    lived(run, range(8))
    tally = run.tally
    verdicts = {verdict.hypothesis: verdict for verdict in run.nouns(Verdict)}
    lessons = {lesson.hypothesis: lesson for lesson in run.nouns(Lesson)}
    assert tally.hypotheses == [one.id for one in run.nouns(Hypothesis)]
    assert tally.every_build == [one.id for one in run.nouns(Build)]
    assert {id: said.id for id, said in tally.verdicts.items()} == {id: one.id for id, one in verdicts.items()}
    assert {id: said.id for id, said in tally.lessons.items()} == {id: one.id for id, one in lessons.items()}
    assert set(tally.turned) == {id for id in lessons if lessons[id].verdict is not verdicts[id].kind}
    validated = {one.id for one in run.nouns(Experiment) if one.split == "validation"}
    assert {one.id for runs in run.validation().values() for one in runs} == validated
    assert run.winners() == [id for id, one in verdicts.items() if one.kind == "supported"]


def test_a_hypothesis_reads_as_many_rows_late_as_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_in(tmp_path, loop={"hypotheses": 100})
    rows = 0
    read = memory.ledger._event

    def counted(row: Any) -> Any:
        nonlocal rows
        rows += 1
        return read(row)

    monkeypatch.setattr(memory.ledger, "_event", counted)
    most = []
    for begun in range(0, 48, 12):
        before = rows
        for number in range(begun, begun + 12):
            run.ledger.append("pace", f"i{number}", {"hypothesis": f"i{number}"})
            lived(run, range(number, number + 1))
        most.append(rows - before)
    assert most[-1] <= 1.2 * most[1], most


def test_nouns_in_memory_dont_grow_with_the_run(tmp_path: Path) -> None:
    run = run_in(tmp_path, loop={"hypotheses": 100})
    run.facts = Facts(run.ledger, run.facts._loaders, run._tally.fold, held=30)
    held = []
    for begun in range(0, 36, 12):
        lived(run, range(begun, begun + 12))
        gc.collect()
        held.append(sum(isinstance(one, Noun) for one in gc.get_objects()))
    assert held[-1] <= held[0] + 5, held
