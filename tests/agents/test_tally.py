"""A run's tally says what all of its facts say, and what a hypothesis reads and leaves behind doesn't grow with the
run."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

import memory.ledger.ledger
from agents.run import Run
from memory.ledger.facts import Facts
from pelagos.nouns import Build, Effect, Experiment, Hypothesis, Lesson, Noun, Verdict
from tests.agents.nodes.laboratory import carry_out, open_run, reflect_all

PROGRAMS: tuple[dict[str, Any], ...] = ({"better": 0.1}, {"better": 0.0}, {"better": -0.2}, {"fails": [1]})


def live_through(run: Run, numbers: range) -> None:
    for number in numbers:
        id = f"i{number}"
        carry_out(run, id, PROGRAMS[number % len(PROGRAMS)])
        reflect_all(run, id)


def test_a_verdict_of_an_earlier_version_is_loaded_with_its_numbers(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    numbers = {"low": 0.1, "high": 0.3, "p_value": 0.01, "seeds": 8, "baseline_score": 0.5, "score": 0.7}
    payload = {"id": "v", "hypothesis": "h1", "kind": "promising", "reason": "r", "effect": 0.2, "cost": {"tokens": 0}}
    run.ledger.append("verdict", "v", {**payload, **numbers})
    assert run.noun(Verdict, "v").effect == Effect(value=0.2, **numbers)
    assert run.tally.verdicts["h1"].effect == 0.2


def test_it_says_what_all_facts_say(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    live_through(run, range(8))
    tally = run.tally
    verdicts = {verdict.hypothesis: verdict for verdict in run.nouns(Verdict)}
    lessons = {lesson.hypothesis: lesson for lesson in run.nouns(Lesson)}
    assert tally.hypotheses == [noun.id for noun in run.nouns(Hypothesis)]
    assert tally.all_builds == [noun.id for noun in run.nouns(Build)]
    assert {id: conclusion.id for id, conclusion in tally.verdicts.items()} == {
        id: noun.id for id, noun in verdicts.items()
    }
    assert {id: conclusion.id for id, conclusion in tally.lessons.items()} == {
        id: noun.id for id, noun in lessons.items()
    }
    assert set(tally.outdated) == {id for id in lessons if lessons[id].verdict is not verdicts[id].kind}
    validated = {noun.id for noun in run.nouns(Experiment) if noun.split == "validation"}
    assert {noun.id for runs in run.validation().values() for noun in runs} == validated
    assert run.promising() == [id for id, noun in verdicts.items() if noun.kind == "promising"]


def test_a_hypothesis_reads_as_many_rows_late_as_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(tmp_path, loop={"hypotheses": 100})
    rows = 0
    read_row = memory.ledger.ledger._event

    def count_row(row: Any) -> Any:
        nonlocal rows
        rows += 1
        return read_row(row)

    monkeypatch.setattr(memory.ledger.ledger, "_event", count_row)
    row_counts = []
    for begun in range(0, 32, 8):
        before = rows
        for number in range(begun, begun + 8):
            run.ledger.append("pace", f"i{number}", {"hypothesis": f"i{number}"})
            live_through(run, range(number, number + 1))
        row_counts.append(rows - before)
    assert row_counts[-1] <= 1.2 * row_counts[1], row_counts


def test_nouns_in_memory_dont_grow_with_the_run(tmp_path: Path) -> None:
    run = open_run(tmp_path, loop={"hypotheses": 100})
    run.facts = Facts(run.ledger, run.facts._loaders, run._tally.fold, held=30)
    counts = []
    for begun in range(0, 27, 9):
        live_through(run, range(begun, begun + 9))
        gc.collect()
        counts.append(sum(isinstance(thing, Noun) for thing in gc.get_objects()))
    assert counts[-1] <= counts[0] + 5, counts
