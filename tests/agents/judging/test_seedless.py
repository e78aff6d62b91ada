"""Seeds that show no noise are told, with what that means, and only where they show none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.judging.seedless import seedless, warning
from app.report.build import write
from pelagos.nouns import Experiment, OutcomeKind
from tests.agents.test_loop import facts, launched
from tests.toolchains import table


def one(seed: int, score: float | None, **more: Any) -> Experiment:
    base = {"id": f"e{seed}", "version": "v", "hypothesis": None, "split": "validation", "seconds": 1.0}
    return Experiment(**base, seed=seed, score=score, outcome=OutcomeKind.OK, **more)


@pytest.mark.parametrize(
    ("experiments", "told"),
    [
        ([one(1, 0.5), one(2, 0.5), one(3, 0.5)], True),
        ([one(1, 0.5), one(2, 0.5), one(3, 0.51)], False),
        ([one(1, 0.5)], False),
        ([], False),
        ([one(1, 0.5), one(1, 0.5)], False),
        ([one(1, None), one(2, None)], False),
        ([one(1, 0.5, files={"predictions": "a"}), one(2, 0.5, files={"predictions": "a"})], True),
        ([one(1, 0.5, files={"predictions": "a"}), one(2, 0.5, files={"predictions": "b"})], False),
    ],
)
def test_when_it_is_told(experiments: list[Experiment], told: bool) -> None:
    assert seedless(experiments) is told
    assert bool(warning(experiments)) is told


def test_what_it_means_depends_on_the_items() -> None:
    assert "let the program use the seed" in warning([one(1, 0.5), one(2, 0.5)])
    assert "over the data's items alone" in warning([one(1, 0.5, replicates="r"), one(2, 0.5, replicates="r")])


def test_a_run_whose_program_ignores_its_seed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predict = table._predict
    monkeypatch.setattr(table, "_predict", lambda calls, seed, split, sign=1.0: predict(calls, 0, split, sign))
    _, run, _ = launched(tmp_path, loop={"hypotheses": 1})
    said = "the same on all 3 seeds: the program doesn"
    told = [fact["text"] for fact in facts(run, "note") if said in fact["text"]]
    assert [text.partition(":")[0] for text in told] == ["baseline"]
    assert all(f"It is {said}" in path.read_text() for path in write(run))
