"""The toolchain's section of the report: objectives, workflows, revisions, hypotheses and their tests, the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pelagos.nouns import Experiment, OutcomeKind, Version
from tools.analysis.planning.choice import summarise
from tools.analysis.planning.records import CallsRun, Chosen, Explored, Proposed, Revision
from tools.analysis.trials.audit.audit import Audited
from tools.analysis.trials.audit.scores import Scores
from tools.analysis.trials.results import TestResult, list_notes, load_results, mean_e
from tools.toolchain import Context, Section

TITLE = "From the data to hypotheses"


def make_section(context: Context) -> Section:
    return Section(TITLE, [*_list_objectives(context), *_list_hypotheses(context), *_list_rejected(context)])


def _list_objectives(context: Context) -> Iterator[tuple[str, str]]:
    ledger = context.steps.ledger
    explored, chosen = ledger.facts(Explored), ledger.facts(Chosen).values()
    yield "Objectives explored", str(len(explored))
    yield "Analyses run, with null controls", str(len(ledger.facts(CallsRun)))
    by = {each.objective: each.by for each in chosen}
    for id, made in explored.items():
        path = " -> ".join(call["tool"] for call in made.calls)
        yield f"Objective {id}", f"{made.objective.question} (chosen by: {by.get(id, '')})"
        yield f"Workflow {id}", f"{path or 'none'}: {summarise(made)}"
    for key, revision in ledger.facts(Revision).items():
        yield f"Revision {key}", f"{revision.reason} (by {revision.by})"


def _list_hypotheses(context: Context) -> Iterator[tuple[str, str]]:
    ledger = context.steps.ledger
    audits = {made.hypothesis: made for made in ledger.facts(Audited).values()}
    tested = _collect_results(context)
    for id, proposed in ledger.facts(Proposed).items():
        if proposed.hypothesis is None:
            continue
        yield f"Hypothesis {id}", proposed.hypothesis.statement
        for split, results in tested.get(id, {}).items():
            yield f"{id} on {split} samples", describe_results(results)
        by_split = tested.get(id, {}).values()
        if len(by_split) > 1:
            product = 1.0
            for results in by_split:
                product *= mean_e(results)
            yield f"{id} e-value over splits", f"{product:.3g}"
        if id in audits:
            yield f"{id} audit", _describe_audit(audits[id])


def _list_rejected(context: Context) -> Iterator[tuple[str, str]]:
    ledger = context.steps.ledger
    for id, made in ledger.facts(Explored).items():
        for dropped in made.dropped:
            yield f"Dropped in {id}", f"{dropped.entity}: {dropped.reason}"
    for id, proposed in ledger.facts(Proposed).items():
        for refused in proposed.rejected:
            yield f"Refused words of {id}", refused.reason


def describe_results(results: list[TestResult]) -> str:
    """Return the tests of one split in one line."""
    held = [f"{each.implication.role}: r = {each.r:.2f}, p = {each.p:.2g}" for each in results if each.r is not None]
    return "; ".join([*held, f"mean e-value {mean_e(results):.3g}", *list_notes(results)])


def _collect_results(context: Context) -> Mapping[str, dict[str, list[TestResult]]]:
    """Return hypothesis -> split -> results of its versions."""
    ledger = context.steps.ledger
    versions = {version.id: version.hypothesis for version in ledger.facts(Version).values()}
    found: dict[str, dict[str, list[TestResult]]] = {}
    for experiment in ledger.facts(Experiment).values():
        hypothesis = experiment.hypothesis or versions.get(experiment.version)
        if hypothesis and experiment.outcome is OutcomeKind.OK:
            found.setdefault(hypothesis, {}).setdefault(experiment.split, load_results(experiment, context))
    return found


def _describe_audit(audited: Audited) -> str:
    null = f"{audited.as_extreme} of {audited.permutations} permutations as extreme" if audited.permutations else ""
    scores = _describe_scores(audited.scores) if audited.scores else ""
    return "; ".join(part for part in [*audited.findings, null, scores] if part)


def _describe_scores(scores: Scores) -> str:
    shown = {name: "unknown" if value is None else f"{value} of 5" for name, value in scores}
    return ", ".join(f"{name} {value}" for name, value in shown.items())
