from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.plans.__main__ import main
from benchmarks.plans.catalogue import ROOT
from benchmarks.plans.model_made import collect_plans
from benchmarks.plans.rows import read_rows
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from pelagos.nouns import (
    Build,
    Experiment,
    Hypothesis,
    Noun,
    OutcomeKind,
    Plan,
    Split,
    Step,
    Verdict,
    VerdictKind,
    Version,
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run on digits: h1 with one plan that ran and one that was never built, h2 without a version that runs,
    h3 without a verdict."""
    folder = tmp_path / "run"
    shutil.copytree(ROOT / "tasks" / "digits", folder / "task")
    artifacts, ledger = ArtifactStore(folder / "artifacts"), Ledger.open(folder / "ledger.db")

    def record(*nouns: Noun) -> None:
        for noun in nouns:
            ledger.record(noun, str(noun.id))  # type: ignore[attr-defined]

    def experiment(version: str, seed: int, score: float, split: Split = "validation") -> Experiment:
        return Experiment(
            id=f"{version}-{seed}-{split}",
            version=version,
            hypothesis=None,
            seed=seed,
            split=split,
            outcome=OutcomeKind.OK,
            score=score,
            replicates=artifacts.put_json([score - 0.01, score, score + 0.01]),
        )

    record(Version(id="base", hypothesis=None, plan=None, content="c0"))
    record(*(experiment("base", seed, 0.9 - 0.01 * seed) for seed in (1, 2, 3)))
    for id in ("h1", "h2", "h3"):
        record(
            Hypothesis(
                id=id, title=f"Idea {id}", statement="Do it.", rationale="", refuted_by="", target="train.py::fit"
            )
        )
        record(Plan(id=f"{id}-p1", hypothesis=id, steps=[Step(text=f"first of {id}"), Step(text="second")]))
        version = None if id == "h2" else f"v-{id}"
        record(Build(id=f"{id}-b", hypothesis=id, plan=f"{id}-p1", version=version, cause=""))
        if version:
            record(Version(id=version, hypothesis=id, plan=f"{id}-p1", content="c"))
            record(*(experiment(version, seed, 0.95 - 0.01 * seed) for seed in (1, 2)))
            record(experiment(version, 1, 0.1, "sealed"))
        if id != "h3":
            record(Verdict(id=f"{id}-verdict", hypothesis=id, kind=VerdictKind.UNDECIDED))
    record(Plan(id="h1-p2", hypothesis="h1", steps=[Step(text="never built")]))
    ledger.close()
    return folder


def test_built_plans_with_a_verdict_are_labelled_from_the_runs_own_experiments(run: Path) -> None:
    good, fails = collect_plans(run)

    assert (good["id"], good["task"], good["target"]) == ("run-h1-p1", "digits", "train.py::fit")
    assert good["steps"] == ["first of h1", "second"]
    assert good["effect"] == pytest.approx(0.05)
    assert good["outcome"] == "runs"
    assert good["noise"] == pytest.approx(0.01)
    assert "Idea h1" in good["problem"]
    assert "def fit(model, x, y):" in good["problem"]
    assert (fails["id"], fails["outcome"], fails["effect"]) == ("run-h2-p1", "fails", None)


def test_a_run_whose_baseline_was_never_measured_gives_nothing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tasks" / "digits", tmp_path / "task")
    Ledger.open(tmp_path / "ledger.db").close()

    assert list(collect_plans(tmp_path)) == []


def test_plans_are_collected_once(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run.parent / "made.jsonl"
    for _ in range(2):
        main(["model-made", str(run), "--out", str(out)])

    assert len(list(read_rows(out))) == 2
    assert "0 new, 2 in all" in capsys.readouterr().out
