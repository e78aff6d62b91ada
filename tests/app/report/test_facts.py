"""The facts of a report: which experiments count for what, and in which order things are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest

from app.formatting import UNKNOWN_PRICE
from app.record.folders import read_record
from app.report import facts
from app.report.diffs import DiffLine
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from pelagos.nouns import Build, Claim, Experiment, OutcomeKind, Plan, Split, Step

Row = tuple[str, str, dict[str, Any]]
Add = Callable[[Iterable[Row]], None]


@pytest.fixture
def add(run_folder: Path) -> Add:
    def append(rows: Iterable[Row]) -> None:
        with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
            for kind, key, payload in rows:
                ledger.append(kind, key, payload)

    return append


def make_experiment(
    id: str, hypothesis: str | None, seed: int, score: float | None, split: Split, seconds: float
) -> Row:
    noun = Experiment(
        id=id, version="v0" if hypothesis is None else "v1", hypothesis=hypothesis, seed=seed, split=split,
        outcome=OutcomeKind.OK if score is not None else OutcomeKind.ERROR, score=score, seconds=seconds,
    )  # fmt: skip
    return "experiment", id, noun.model_dump(mode="json")


def make_call(key: str, tokens: int, usd: float | None) -> Row:
    return "model", key, {"spec": "s", "role": "coder", "cost": {"tokens": tokens, "usd": usd}}


def find_findings(folder: Path) -> dict[str, facts.Finding]:
    store = ArtifactStore(folder / "artifacts")
    return {finding.id: finding for finding in facts.collect_findings(read_record(folder), store.text)}


def test_sealed_runs_and_failed_seeds_are_no_part_of_the_noise_floor(run_folder: Path, add: Add) -> None:
    add([make_experiment("s1", None, 71, 0.1, "sealed", 1.0), make_experiment("bad", None, 4, None, "validation", 1.0)])
    floor, scores = facts.measure_baseline(read_record(run_folder)), [0.81, 0.82, 0.83]
    assert (floor.mean, floor.spread) == (pytest.approx(fmean(scores)), pytest.approx(stdev(scores)))
    assert floor.evidence == ["base1", "base2", "base3"]
    assert [experiment.id for experiment in floor.experiments] == ["base1", "base2", "base3", "bad"]
    assert floor.warning == ""


def test_a_baseline_without_two_scores_has_no_spread(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "young"
    folder.mkdir(parents=True)
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        ledger.append("run.started", "run", {"task": "digits"})
        nothing = facts.measure_baseline(read_record(folder))
        assert (nothing.mean, nothing.spread, nothing.evidence) == (None, None, [])
        ledger.append(*make_experiment("base1", None, 1, 0.5, "validation", 1.0))
    once = facts.measure_baseline(read_record(folder))
    assert (once.mean, once.spread) == (0.5, None)


def test_a_baseline_that_shows_no_noise_is_said() -> None:
    floor = facts.Baseline(0.7, 0.0, [
        Experiment(id=f"b{seed}", version="v0", hypothesis=None, seed=seed, split="validation", outcome=OutcomeKind.OK, score=0.7)
        for seed in (1, 2, 3)
    ])  # fmt: skip
    assert floor.warning.startswith("the same on all 3 seeds")
    assert floor.evidence == ["b1", "b2", "b3"]


def test_a_finding_holds_what_belongs_to_its_hypothesis_alone(run_folder: Path, add: Add) -> None:
    paper = {"paper": {"id": "p1", "title": "T", "abstract": ""}, "topic": 1.0, "attributes": 1.0}
    plans = [
        Plan(id=f"h1-p{index}", hypothesis="h1", steps=[Step(text="do")], step_scores=[], score=score)
        for index, score in ((2, None), (3, 0.95), (4, 0.2))
    ]
    add([("survey", "survey", {"papers": [paper], "kept": ["p1"]})])
    add(("plan", plan.id, plan.model_dump(mode="json")) for plan in plans)
    add([
        make_experiment("z", "h1", 9, 0.9, "validation", 2.0), make_experiment("y", "h1", 5, 0.9, "validation", 2.0),
        make_experiment("x", "h1", 3, 0.9, "sealed", 4.0),
    ])  # fmt: skip
    first, second = find_findings(run_folder)["h1"], find_findings(run_folder)["h2"]
    assert [plan.id for plan in first.plans] == ["h1-p3", "h1-p1", "h1-p4", "h1-p2"]  # best first, unranked last
    assert [run.id for run in first.experiments] == ["x", "exp0", "y", "z"]  # by split, then by seed
    assert [run.id for run in second.experiments] == ["exp1"]
    assert [build.id for build in first.builds] == ["h1-b"]
    assert (first.title, first.hypothesis.id, first.row.id) == ("Smooth labels", "h1", "h1")
    assert (first.evidence, first.suspect, first.fidelity_text) == (["exp0"], [], "")
    assert first.screened is not None and first.screened.novelty == "variation"
    assert first.sealed is not None and first.sealed.id == "c1" and second.sealed is None
    assert first.lesson is not None and first.lesson.id == "h1-l"
    assert first.verdict is not None and first.verdict.id == "h1-v"
    assert (first.papers, first.differences, first.fidelity) == ([], [], None)
    assert DiffLine("cut", "-old") in first.diff


def test_papers_that_a_hypothesis_names_are_shown_where_the_survey_has_them(run_folder: Path, add: Add) -> None:
    ranked = [
        {"paper": {"id": id, "title": id, "abstract": ""}, "topic": 1.0, "attributes": 1.0} for id in ("p1", "p2")
    ]
    named = read_record(run_folder).hypotheses["h1"].model_dump(mode="json") | {"id": "h3", "papers": ["gone", "p2"]}
    add([("survey", "survey", {"papers": ranked, "kept": ["p1", "p2"]}), ("hypothesis", "h3", named)])
    assert [ranked.paper.id for ranked in find_findings(run_folder)["h3"].papers] == ["p2"]


def test_a_hypothesis_in_work_has_the_time_of_its_experiments_and_no_lesson(run_folder: Path, add: Add) -> None:
    third = read_record(run_folder).hypotheses["h1"].model_dump(mode="json") | {"id": "h3"}
    add([("hypothesis", "h3", third), make_experiment("r1", "h3", 1, 0.8, "validation", 2.5)])
    add([make_experiment("r2", "h3", 2, 0.8, "validation", 1.5), make_call("m", 10, 1.0)])
    finding = find_findings(run_folder)["h3"]
    assert (finding.seconds, finding.tokens, finding.lesson, finding.verdict, finding.diff) == (4.0, 0, None, None, [])
    assert (finding.evidence, finding.suspect, finding.price) == ([], [], "about $0.00")
    assert (find_findings(run_folder)["h1"].seconds, find_findings(run_folder)["h1"].tokens) == (3.0, 100)
    untimed = read_record(run_folder).lessons["h1"].model_dump(mode="json") | {
        "id": "h3-l",
        "hypothesis": "h3",
        "seconds": 0.0,
    }
    add([("lesson", "h3-l", untimed)])
    assert find_findings(run_folder)["h3"].seconds == 4.0


@pytest.mark.parametrize(
    ("calls", "price"),
    [
        ([], "$0.00"),
        ([(400, 8.0)], "about $2.00"),  # 100 of 400 tokens
        ([(300, 4.0), (100, 4.0)], "about $2.00"),
        ([(400, 8.0), (1, None)], UNKNOWN_PRICE),
        ([(0, 3.0)], "$3.00"),
        ([(400, 0.0)], "$0.00"),
    ],
)
def test_a_price_is_the_share_of_the_tokens(
    run_folder: Path, add: Add, calls: list[tuple[int, float | None]], price: str
) -> None:
    add(make_call(f"m{index}", *call) for index, call in enumerate(calls))
    assert find_findings(run_folder)["h1"].price == price


def test_the_best_come_first(run_folder: Path, add: Add) -> None:
    better = read_record(run_folder).verdicts["h2"].model_dump(mode="json") | {
        "id": "again",
        "kind": "refuted",
        "effect": 0.5,
    }
    assert list(find_findings(run_folder)) == ["h1", "h2"]
    add([("verdict", "again", better)])
    assert list(find_findings(run_folder)) == ["h1", "h2"]  # supported goes first, whatever the effect of another one
    suspect = read_record(run_folder).verdicts["h1"].model_dump(mode="json") | {"id": "s", "suspect": ["reads labels"]}
    add([("verdict", "s", suspect)])
    assert list(find_findings(run_folder)) == ["h2", "h1"]
    assert find_findings(run_folder)["h1"].suspect == ["reads labels"]


def test_models_with_their_roles_and_what_isolated(run_folder: Path, add: Add) -> None:
    calls = [("b", "planner"), ("a", "coder"), ("b", "coder"), ("b", "planner")]
    add(("model", str(index), {"spec": spec, "role": role}) for index, (spec, role) in enumerate(calls))
    add([make_experiment("old", "h1", 6, 0.8, "validation", 1.0)])
    record = read_record(run_folder)
    assert facts.list_models(record) == [("b", "coder, planner"), ("a", "coder")]
    assert facts.count_isolations(record) == [("bubblewrap", 5), ("not recorded", 1)]


def test_what_is_left_of_the_level_is_what_the_last_test_left(run_folder: Path, add: Add) -> None:
    assert (facts.find_level_left(read_record(run_folder)), facts.count_seal_touches(read_record(run_folder))) == (
        0.1,
        0,
    )
    for id, hypothesis, level, left, touches in (("c2", "h2", 0.02, 0.04, 40), ("c3", "h3", 0.0, 0.9, 16)):
        claim = Claim(
            id=id, hypothesis=hypothesis, version="v", level=level, left=left, held=False, reason="", touches=touches
        )
        add([("claim", id, claim.model_dump(mode="json"))])
    record = read_record(run_folder)
    assert facts.find_level_left(record) == 0.04  # c3's level isn't known
    assert facts.count_seal_touches(record) == 40


def test_a_run_that_tested_nothing_sealed_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "young"
    folder.mkdir(parents=True)
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        ledger.append("run.started", "run", {"task": "digits"})
    record = read_record(folder)
    assert facts.find_level_left(record) is None
    assert facts.count_seal_touches(record) is None
    assert (facts.count_isolations(record), facts.list_models(record), facts.collect_findings(record, str)) == (
        [],
        [],
        [],
    )


def test_what_was_done_is_told_with_who_said_so(run_folder: Path, add: Add) -> None:
    fidelity = {"id": "v1", "hypothesis": "h1", "description": "trains longer", "answer": "doesn't", "by": "marks"}
    build = Build(id="h1-b2", hypothesis="h1", plan="h1-p1", version="v1", cause="", tries=[])
    add([("fidelity", "v1", {**fidelity, "evidence": []}), ("build", build.id, build.model_dump(mode="json"))])
    add(
        ("signature", version, {"id": version, "amounts": {"optimizer steps": steps}, "names": {}})
        for version, steps in (("v0", 10), ("v1", 30))
    )
    finding = find_findings(run_folder)["h1"]
    assert (finding.title, finding.hypothesis.title) == ("trains longer", "Smooth labels")
    assert finding.fidelity_text.startswith("no, by marks")
    assert finding.fidelity is not None and finding.fidelity.id == "v1"
    assert finding.differences == ["not said: it trains 3 times as long as the baseline (optimizer steps 10 -> 30)"]
    assert len(finding.builds) == 2
