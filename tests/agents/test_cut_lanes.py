"""A ledger and a checkpoint that don't fit each other, of a run with several lanes.

Which lane takes the next place, and so which number an idea gets, is a race that every launch runs anew. So what is
the same after a cut is not the list of facts but this: the rows that were kept stay as they are, nothing that they hold
is done again, what they began is ended, as many hypotheses are tested as were asked for, and each program comes to what
it came to in the whole run, whoever proposed it.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents import graph
from agents.launch import drive
from memory.ledger import repair
from memory.ledger.keys import canonical
from memory.ledger.rows import Row
from pelagos.facts.fact import INTENT
from tests.agents.scripted import Inventive, ScriptedAssembly
from tests.agents.test_cut_ledger import CASES, RecordedRun
from tests.toolchains.table import CALLS

LANES, ASKED = 3, 2


@pytest.fixture(scope="module", autouse=True)
def short_segments() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph, "SEGMENT_IDEAS", 2)
        yield


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    return RecordedRun(tmp_path_factory.mktemp("several"), LANES, Inventive)


def read_payloads(rows: Iterable[Row], kind: str) -> list[dict[str, Any]]:
    return [json.loads(row.payload) for row in rows if row.kind == kind]


def collect_results(rows: Iterable[Row]) -> set[tuple[Any, ...]]:
    """What each program came to, under no number: its scores by seed and split, its last verdict and lesson, and what
    sealed data said. What a lesson cost is left out: a call that was cut off is paid again."""
    rows = list(rows)
    content = {payload["id"]: payload["content"] for payload in read_payloads(rows, "version")}
    collected: set[tuple[Any, ...]] = {
        (
            "experiment",
            content[payload["version"]],
            payload["seed"],
            payload["split"],
            payload["outcome"],
            payload["score"],
        )
        for payload in read_payloads(rows, "experiment")
    }
    program = {payload["hypothesis"]: payload["content"] for payload in read_payloads(rows, "version")}
    for kind, field in (("verdict", "kind"), ("lesson", "verdict"), ("claim", "held")):
        last = {payload["hypothesis"]: payload for payload in read_payloads(rows, kind)}
        collected |= {
            (kind, program[id], payload[field], canonical(payload["effect"]))
            for id, payload in last.items()
            if id in program
        }
    return collected


def list_programs(results: Iterable[tuple[Any, ...]]) -> set[str]:
    return {result[1] for result in results}


def list_kept(rows: Iterable[Row]) -> set[str]:
    return {payload["hypothesis"] for payload in read_payloads(rows, "screened") if payload["kept"]}


def list_done(rows: Iterable[Row]) -> set[str]:
    """As the file of calls names them."""
    names = {
        "model": lambda row: f"model {json.loads(row.payload)['request']}",
        "experiment": lambda row: f"experiment {row.key}",
    }
    return {names[row.kind](row) for row in rows if row.kind in names}


def check_ending(case: str, row: int, whole: RecordedRun, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, checkpoint = CASES[case](row, len(whole.rows))
    when = f"{case}: rows {rows} of {len(whole.rows)}, checkpoint of row {checkpoint}"
    run = whole.copy(folder, rows, checkpoint)
    monkeypatch.setenv(CALLS, str(folder / "calls"))
    ending = drive(run, assembly=ScriptedAssembly(Inventive()))
    assert ending.status == "finished", f"{when}: {ending}"
    before, after = whole.rows[:rows], repair.verified_rows(run / "ledger.db")[0]
    assert after[:rows] == before, when
    sent = Counter((folder / "calls").read_text().splitlines()) if (folder / "calls").exists() else Counter[str]()
    assert not list_done(before) & set(sent), f"{when}: done again"
    assert max(sent.values(), default=1) == 1, when
    facts = Counter((item.kind, item.key) for item in after if not item.kind.endswith(INTENT))
    assert set(facts.values()) == {1}, when
    assert len(list_kept(after)) == ASKED, f"{when}: {list_kept(after)}"
    begun = {item["id"] for item in read_payloads(after, "hypothesis")}
    assert begun == {item["hypothesis"] for item in read_payloads(after, "screened")}, (
        f"{when}: what was begun is screened"
    )
    assert list_kept(after) == {item["hypothesis"] for item in read_payloads(after, "lesson")}, (
        f"{when}: and has its lesson"
    )
    ours, theirs = collect_results(after), collect_results(whole.rows)
    both = list_programs(ours) & list_programs(theirs)
    assert {item for item in ours if item[1] in both} == {item for item in theirs if item[1] in both}, when


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", CASES)
def test_lanes_cut_at_every_row_end_with_all_they_had(
    case: str, several: RecordedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for row in range(2, len(several.rows) + 1):
        check_ending(case, row, several, tmp_path / str(row), monkeypatch)


@pytest.mark.parametrize("case", CASES)
def test_lanes_cut_somewhere_end_with_all_they_had(
    case: str, several: RecordedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row of the many that the slow suite walks, drawn anew each time; the message names it."""
    check_ending(case, random.randrange(2, len(several.rows) + 1), several, tmp_path / "cut", monkeypatch)
