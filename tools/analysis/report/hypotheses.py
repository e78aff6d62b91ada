"""The hypotheses in the report: ranked, with their evidence by part of the samples, and the rejected ones with why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from pelagos.nouns import Split
from tools.analysis.findings import one_sided
from tools.analysis.report.formatting import NOTHING, show, show_correlation, show_effect, show_p, show_r
from tools.analysis.report.record import SPLITS, AnalysisRecord, Tested
from tools.analysis.trials.results import TestResult, mean_e
from tools.section import Block, Part, Table, Text

NAMES: dict[Split, str] = {"validation": "replication", "sealed": "sealed"}
REPLICATED_P = 0.05
MOST_SHOWN = 60
"""Hypotheses of which each test is shown, the best."""
REJECTED = ("refuted", "equivalent", "undecided", "suspect")
HEAD = ["", "hypothesis", "verdict", "r discovery", "r replication", "r sealed", "e", "natural effect"]
EVIDENCE_HEAD = ["samples", "test", "r (95 %)", "p, one-sided", "e", "n", "natural effect (95 %)"]


def list_hypotheses(record: AnalysisRecord) -> list[Part]:
    """Return the ranking, the rejected ones, and a folded part for each of the best hypotheses."""
    if not record.tested:
        return []
    rows = [_write_rank(place, each) for place, each in enumerate(record.tested, 1)]
    parts = [Part("Hypotheses by their evidence", [Text(_explain(record)), Table(HEAD, rows)])]
    rejected = [
        [each.hypothesis.title, each.state, explain_rejection(each)] for each in record.tested if each.state in REJECTED
    ]
    if rejected:
        parts.append(Part("Not supported, and why", [Table(["hypothesis", "verdict", "why"], rejected)]))
    parts += [_make_part(place, each) for place, each in enumerate(record.tested[:MOST_SHOWN], 1)]
    return parts


def count_replicated(record: AnalysisRecord) -> tuple[int, int]:
    """Return how many findings hold on the replication samples at 0.05, one-sided, and how many were tested there."""
    primary = [result for each in record.tested if (result := each.primary("validation")) is not None]
    return sum(result.p <= REPLICATED_P for result in primary), len(primary)


def multiply_e(tested: Tested) -> float | None:
    """Return the product over the parts kept apart, whose samples are disjoint, of the mean e-value of each."""
    means = [mean_e(results) for split in SPLITS if (results := tested.results.get(split))]
    return prod(means) if means else None


def list_evidence(tested: Tested) -> list[list[str]]:
    """Return a row for the discovery samples and one for each test on samples kept apart. Discovery chose the finding,
    so it has no e-value."""
    row, direction = tested.finding.row, tested.finding.direction
    p = one_sided(row, direction)
    found = [["discovery", "found there", show_correlation(row), show_p(p), NOTHING, show(row.n), show_effect(row)]]
    return found + [_write_result(NAMES[split], each) for split in SPLITS for each in tested.results.get(split, ())]


def explain_rejection(tested: Tested) -> str:
    """Return what was found against it, else the reasons of its verdict and of its claim."""
    if tested.verdict is None:
        return "it was not tested"
    if tested.verdict.suspect:
        return "; ".join(tested.verdict.suspect)
    claim = f"; on sealed samples: {tested.claim.reason}" if tested.claim is not None and not tested.claim.held else ""
    return f"{tested.verdict.reason or 'no reason is recorded'}{claim}"


def _explain(record: AnalysisRecord) -> str:
    replicated, tested = count_replicated(record)
    return (
        "r is the partial correlation; discovery chose the hypotheses, so only the samples kept apart speak for them. "
        f"Of {tested} tested on the replication samples, {replicated} hold there (p ≤ {REPLICATED_P}, one-sided). "
        "e is the mean e-value of the tests on a part, multiplied over the parts kept apart."
    )


def _write_rank(place: int, tested: Tested) -> list[str]:
    results = [tested.primary(split) for split in SPLITS]
    last = next((each.row for each in reversed(results) if each is not None and each.row is not None), None)
    shown = [f"{show_r(each.row.r)}, p {show_p(each.p)}" if each and each.row else NOTHING for each in results]
    found = tested.finding.row
    effect = show_effect(last or found)
    return [
        str(place),
        tested.hypothesis.title,
        tested.state,
        show_r(found.r),
        *shown,
        show(multiply_e(tested)),
        effect,
    ]


def _write_result(part: str, result: TestResult) -> list[str]:
    required = "required: " if result.implication.required else ""
    text = f"{required}{result.implication.text}"
    row = result.row
    if row is None:
        return [part, text, f"not run: {result.cause}", *[NOTHING] * 4]
    return [part, text, show_correlation(row), show_p(result.p), show(result.e), show(row.n), show_effect(row)]


def _make_part(place: int, tested: Tested) -> Part:
    blocks: list[Block] = [Text(tested.hypothesis.statement), Table(EVIDENCE_HEAD, list_evidence(tested))]
    blocks += [Text(f"Caveat: {caveat}.") for caveat in tested.finding.caveats]
    blocks += [Text(f"Refused in its rationale: {each.entity}: {each.reason}") for each in tested.rejected]
    blocks += _tell_audit(tested)
    return Part(f"{place}. {tested.hypothesis.title} ({tested.state})", blocks, folded=True)


def _tell_audit(tested: Tested) -> Iterator[Block]:
    audit = tested.audit
    if audit is None:
        return
    yield Text(
        f"Null control: on {audit.as_extreme} of {audit.permutations} permutations of the labels it is as extreme; "
        f"{audit.small:.1%} of all entities have p ≤ 0.05 there."
        if audit.permutations
        else "The null control was not run."
    )
    if audit.scores is not None:
        scores = audit.scores.model_dump()
        rows: Sequence[Sequence[str]] = [[NOTHING if value is None else f"{value} of 5" for value in scores.values()]]
        yield Table(list(scores), rows, "Scores, secondary to the evidence and never summed")
