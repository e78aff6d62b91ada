"""Seeds that show no noise are told, with what that means, and only where they show none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.report.build import write_report
from pelagos.nouns import Experiment, OutcomeKind
from tests.agents.test_loop import launch, read_facts
from tests.toolchains import table
from tools.paired.seed_dependence import describe_missing_noise, ignores_seed


def make_experiment(seed: int, score: float | None, **more: Any) -> Experiment:
    base = {"id": f"e{seed}", "version": "v", "hypothesis": None, "split": "validation", "seconds": 1.0}
    return Experiment(**base, seed=seed, score=score, outcome=OutcomeKind.OK, **more)


@pytest.mark.parametrize(
    ("experiments", "ignored"),
    [
        ([make_experiment(1, 0.5), make_experiment(2, 0.5), make_experiment(3, 0.5)], True),
        ([make_experiment(1, 0.5), make_experiment(2, 0.5), make_experiment(3, 0.51)], False),
        ([make_experiment(1, 0.5)], False),
        ([], False),
        ([make_experiment(1, 0.5), make_experiment(1, 0.5)], False),
        ([make_experiment(1, None), make_experiment(2, None)], False),
        (
            [make_experiment(1, 0.5, files={"predictions": "a"}), make_experiment(2, 0.5, files={"predictions": "a"})],
            True,
        ),
        (
            [make_experiment(1, 0.5, files={"predictions": "a"}), make_experiment(2, 0.5, files={"predictions": "b"})],
            False,
        ),
    ],
)
def test_when_it_is_told(experiments: list[Experiment], ignored: bool) -> None:
    assert ignores_seed(experiments) is ignored
    assert bool(describe_missing_noise(experiments)) is ignored


def test_what_it_means_depends_on_the_items() -> None:
    assert "let the program use the seed" in describe_missing_noise([make_experiment(1, 0.5), make_experiment(2, 0.5)])
    assert "over the data's items alone" in describe_missing_noise(
        [make_experiment(1, 0.5, replicates="r"), make_experiment(2, 0.5, replicates="r")]
    )


def test_a_run_whose_program_ignores_its_seed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predict = table._predict
    monkeypatch.setattr(table, "_predict", lambda calls, seed, split, sign=1.0: predict(calls, 0, split, sign))
    _, run, _ = launch(tmp_path, loop={"hypotheses": 1})
    sentence = "the same on all 3 seeds: the program doesn"
    notes = [fact["text"] for fact in read_facts(run, "note") if sentence in fact["text"]]
    assert [text.partition(":")[0] for text in notes] == ["baseline"]
    assert all(f"It is {sentence}" in path.read_text() for path in write_report(run))
