"""Runs the tests of a version on one split and stores what they leave: tables, figures, provenance, results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from memory.ledger.keys import canonical, step_key
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import Experiment, OutcomeKind, Split, Version
from tools.analysis.findings import Call, Implication, Subset
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.study import Study
from tools.analysis.trials.build import load_implications
from tools.analysis.trials.results import RESULTS, TestResult, make_result, mean_e

BASELINE = "data"
LOG_CHARS = 20_000


class Batch(NamedTuple):
    """Tests with the same preparation on the same samples: they are carried out together."""

    preparation: list[Call]
    subset: Subset
    tests: list[Implication]

    @property
    def test_calls(self) -> list[Call]:
        """The calls of the tests, each once, in an order that doesn't depend on the finding."""
        calls = {canonical(each.call): each.call for each in self.tests}
        return list(calls.values())


def run_trial(version: Version, seed: int, split: Split, study: Study) -> Experiment:
    """Run a version once on a split, or return the recorded experiment. Raises CapReached and RunFailed."""
    data = study.digests[split]
    key = step_key(version=version.id, content=version.content, seed=seed, split=split, data=data)

    def action() -> tuple[Experiment, Cost]:
        made = (
            _look(key, version, seed, split, study)
            if version.id == BASELINE
            else _test(key, version, seed, split, study)
        )
        return made, Cost(experiments=1)

    intent = Intent(version=version.id, hypothesis=version.hypothesis, seed=seed, split=split)
    return study.context.steps.made(Experiment, key, intent, Cost(experiments=1), action)


def _look(key: str, version: Version, seed: int, split: Split, study: Study) -> Experiment:
    """The data as they are: what they hold. Their score is 0, which is the metric's null by definition."""
    from tools.analysis.planning.data_view import view_data

    whole = split == "smoke" or not study.keeps_samples_apart
    shown = study.view.summary() if whole else view_data(study.splits[split], study.task.design).summary()
    store = study.context.artifacts
    return Experiment(
        id=key,
        version=version.id,
        hypothesis=None,
        seed=seed,
        split=split,
        outcome=OutcomeKind.OK,
        score=0.0,
        isolation="none: no code is run",
        data=study.digests[split],
        files={"summary": store.put_json(shown), "log": store.put_text(f"{shown['samples']} samples")},
    )


def _test(key: str, version: Version, seed: int, split: Split, study: Study) -> Experiment:
    batches = list(group(load_implications(version, study)))
    made = study.run_all(
        [partial(study.run, [*each.preparation, *each.test_calls], split, each.subset) for each in batches]
    )
    runs = list(zip(batches, made, strict=True))
    results = [result for batch, run in runs for result in _read_results(batch, run, study)]
    primary = next(each for each in results if each.implication.required)
    first = runs[0][1]
    outcome = OutcomeKind.OK if primary.row is not None else _outcome_of(first)
    return Experiment(
        id=key,
        version=version.id,
        hypothesis=version.hypothesis,
        seed=seed,
        split=split,
        outcome=outcome,
        cause="" if primary.row is not None else primary.cause,
        score=primary.r if primary.row is not None else None,
        seconds=round(sum(run.seconds for _, run in runs), 3),
        isolation=study.context.sandbox.name,
        data=study.digests[split],
        files=_store(results, [run for _, run in runs], study),
    )


def group(implications: Sequence[Implication]) -> Iterator[Batch]:
    """Yield the tests in batches, that of the primary test first. The primary test stands first in its batch."""
    batches: dict[str, Batch] = {}
    for each in sorted(implications, key=lambda each: not each.required):
        place = canonical([each.preparation, each.subset.model_dump()])
        batches.setdefault(place, Batch(each.preparation, each.subset, [])).tests.append(each)
    yield from batches.values()


def _read_results(batch: Batch, run: CallsRun, study: Study) -> Iterator[TestResult]:
    places = {canonical(call): len(batch.preparation) + place for place, call in enumerate(batch.test_calls)}
    for test in batch.tests:
        index = places[canonical(test.call)]
        row = next((row for row in study.table(run, index) if row.entity == test.entity), None)
        usable = row if row is not None and row.r is not None and row.p is not None else None
        cause = (
            "" if usable else run.cause or run.outcome if index not in run.tables else f"no result for {test.entity}"
        )
        yield make_result(test, usable, cause, run.tables.get(index, ""))


def _outcome_of(run: CallsRun) -> OutcomeKind:
    return OutcomeKind.INVALID if run.ok else OutcomeKind(run.outcome)


def _store(results: Sequence[TestResult], runs: Sequence[CallsRun], study: Study) -> dict[str, str]:
    """Return name -> artifact: results, log, provenance, and the tables and figures by run and call."""
    store = study.context.artifacts
    logs = "\n".join(store.text(run.log)[:LOG_CHARS] for run in runs if run.log)
    summary = f"mean e-value of {len(results)} tests: {mean_e(results):.3g}\n"
    files = {
        RESULTS: store.put_json([each.model_dump(mode="json") for each in results]),
        "log": store.put_text(summary + logs),
        "provenance": store.put_text("\n".join(line for run in runs for line in run.provenance)),
    }
    for place, run in enumerate(runs):
        files |= {f"table-{place}-{index}": artifact for index, artifact in run.tables.items()}
        files |= {f"figure-{place}-{index}": artifact for index, artifact in run.figures.items()}
    return files
