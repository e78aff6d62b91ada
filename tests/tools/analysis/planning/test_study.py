"""Calls that are carried out one by one on what the calls before left; the sandbox is real."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from memory.files import unused_files
from pelagos.nouns import OutcomeKind
from sandbox.protocol import Sandbox
from tests.tools.analysis.planning.examples import OBJECTIVE, make_row
from tests.tools.analysis.small_study import ScriptedModel, write_study
from tests.tools.world import World
from tools.analysis.execution.analysis import Analysis
from tools.analysis.findings import Call
from tools.analysis.planning import study as planning_study
from tools.analysis.planning.exploration import make_search
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.refinement.carry_out import Allowance, carry_out
from tools.analysis.planning.study import Study
from tools.analysis.toolchain import AnalysisToolchain

ARMS = {"group": "arm", "case": "treated", "control": "plain"}
PATH: list[Call] = [
    {"tool": "normalise_samples", "arguments": {}},
    {"tool": "differential_abundance", "arguments": {**ARMS, "covariates": ["age", "site"]}},
]


@pytest.fixture
def alone(tmp_path: Path, jail: Sandbox) -> Iterator[Study]:
    """A study in a project of its own."""
    (tmp_path / "project").mkdir()
    world, chain = World(tmp_path / "project", jail, ScriptedModel()), AnalysisToolchain()
    yield chain._study(chain.load(write_study(tmp_path / "task")), world)
    world.ledger.close()


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory, jail: Sandbox) -> Iterator[tuple[Study, Study]]:
    """The same task in two projects with one secret."""
    made: list[tuple[Study, World]] = []
    for name in ("one", "two"):
        folder = tmp_path_factory.mktemp(name)
        (folder / "project" / ".pelagos").mkdir(parents=True)
        (folder / "project" / ".pelagos" / "secret").write_text("11" * 32)
        world, chain = World(folder / "project", jail, ScriptedModel()), AnalysisToolchain()
        made.append((chain._study(chain.load(write_study(folder / "task")), world), world))
    yield made[0][0], made[1][0]
    for _, world in made:
        world.ledger.close()


@pytest.fixture
def cache() -> None:
    """The studies share the cache of the module."""


class Machine:
    """Stands for the sandbox: tells which calls were carried out on which data, and is killed at the `killed`-th."""

    def __init__(self, killed: int) -> None:
        self.killed, self.asked = killed, list[tuple[list[str], str]]()

    def __call__(self, calls: Sequence[Call], data: Path, *args: Any, **options: Any) -> Analysis:
        self.asked.append(([call["tool"] for call in calls], data.parent.name))
        if len(self.asked) == self.killed:
            raise KeyboardInterrupt
        row = make_row("P00") if calls[-1]["tool"] == "differential_abundance" else None
        summary = {"samples": 56.0, "features": 40.0, "missing": 0.03}
        tables = {len(calls) - 1: [row]} if row else {}
        kept = b"" if row else f"left by {len(self.asked)}".encode()
        return Analysis(OutcomeKind.OK, tables=tables, provenance=["a line"], summary=summary, data=kept)


def test_after_a_kill_the_calls_that_ran_are_not_made_again(alone: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    path: list[Call] = [{"tool": "filter_by_presence", "arguments": {}}, *PATH]
    search = make_search(OBJECTIVE, alone)
    killed, again = Machine(killed=3), Machine(killed=0)
    monkeypatch.setattr(planning_study, "run_calls", killed)
    with pytest.raises(KeyboardInterrupt):
        carry_out(path, search, alone, "", Allowance())
    monkeypatch.setattr(planning_study, "run_calls", again)
    run = carry_out(path, search, alone, "", Allowance())
    assert [tools for tools, _ in killed.asked] == [[call["tool"]] for call in path]
    assert again.asked == [(["differential_abundance"], "steps")] and run.ok
    assert run.calls == path and list(run.tables) == [2] and len(run.provenance) == 3
    assert carry_out(path, search, alone, "", Allowance()) == run and len(again.asked) == 1


def test_what_calls_left_is_bounded(alone: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(killed=0)
    monkeypatch.setattr(planning_study, "run_calls", machine)
    monkeypatch.setattr(planning_study, "MOST_BYTES", 20)  # two of the machine's files
    monkeypatch.setattr(unused_files, "IN_USE_S", -1.0)
    for share in (0.1, 0.2, 0.3, 0.4):
        alone.advance([{"tool": "filter_by_presence", "arguments": {"min_share": share}}])
    assert {path.read_bytes() for path in find_kept(alone)} == {b"left by 3", b"left by 4"}


def find_kept(study: Study) -> list[Path]:
    return list((Path(study.context.project) / ".pelagos" / "steps").glob("*.h5ad"))


def count_runs(study: Study) -> int:
    return len(study.context.steps.ledger.facts(CallsRun))


def test_call_by_call_gives_what_all_calls_at_once_give(studies: tuple[Study, Study]) -> None:
    study, other = studies
    first, last = study.advance(PATH[:1]), study.advance(PATH)
    assert first.ok and first.dataset and len(find_kept(study)) == 1 and not last.dataset  # a test changes no data
    assert first.summary["smallest group"] > 20 and abs(first.summary["batch share"]) < 0.01  # after normalisation
    whole = other.run(PATH)
    assert study.table(last) == other.table(whole) != []
    assert (last.calls, last.provenance, last.states) == (whole.calls, whole.provenance, whole.states)
    assert set(last.figures) == set(whole.figures) == {1}
    assert study.run(PATH) == last and study.advance(PATH) == last and count_runs(study) == 2


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"no data set")])
def test_where_what_was_left_is_gone_or_damaged_the_calls_are_made_again(studies: Any, spoil: Any) -> None:
    study, _ = studies
    expected = study.table(study.advance(PATH))
    for path in find_kept(study):
        spoil(path)
    call: Any = {**PATH[1], "arguments": {**PATH[1]["arguments"], "min_per_group": 3 + count_runs(study)}}
    run = study.advance([PATH[0], call])
    assert run.ok and len(run.provenance) == 2 and len(study.table(run)) == len(expected), run.cause


@pytest.mark.slow
def test_a_call_that_fails_keeps_its_place_and_leaves_nothing(studies: tuple[Study, Study]) -> None:
    study, _ = studies
    wrong: Call = {**PATH[1], "arguments": {**PATH[1]["arguments"], "covariates": ["arm"]}}
    study.advance(PATH[:1])
    run = study.advance([PATH[0], wrong])
    assert (run.ok, run.failed_call, run.dataset) == (False, 1, "")
    assert run.cause
