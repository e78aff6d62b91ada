"""Calls that are carried out one by one on what the calls before left; the sandbox is real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.protocol import Sandbox
from tests.tools.analysis.small_study import ScriptedModel, write_study
from tests.tools.world import World
from tools.analysis.findings import Call
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.study import Study
from tools.analysis.toolchain import AnalysisToolchain

ARMS = {"group": "arm", "case": "treated", "control": "plain"}
PATH: list[Call] = [
    {"tool": "normalise_samples", "arguments": {}},
    {"tool": "differential_abundance", "arguments": {**ARMS, "covariates": ["age", "site"]}},
]


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
