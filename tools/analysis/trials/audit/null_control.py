"""The null control of a finding: its workflow again on permuted labels, several times. What was found must not be as
extreme there, and the test must not find what isn't there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from tools.analysis.execution.analysis import Permutation, Row
from tools.analysis.findings import Finding, Subset, one_sided, subject_of
from tools.analysis.packs.spec import Relation
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.study import DISCOVERY, Study

SEEDS = (11, 12, 13, 14, 15)
FEW_SEEDS = SEEDS[:3]
LONG_S = 60.0
"""A workflow that takes longer is permuted fewer times."""
MOST_AS_EXTREME = 0.2
MOST_SMALL, SMALL_P, LEAST_ENTITIES = 0.25, 0.05, 20


@dataclass(frozen=True)
class NullControl:
    """`as_extreme`: on how many of `done` permutations the finding's one-sided p is at most that of the real labels.
    `small`: the mean share of all entities with p <= 0.05 on permuted labels."""

    done: int = 0
    as_extreme: int = 0
    small: float = 0.0
    findings: list[str] = field(default_factory=list)


def run_null_control(finding: Finding, study: Study) -> NullControl:
    """Permute within batches, or within subjects where samples are paired. Subjects whose samples all have one label
    are permuted as wholes. Raises CapReached and RunFailed."""
    observed = one_sided(finding.row, finding.direction)
    real = study.run(finding.calls)
    seeds = FEW_SEEDS if real.seconds > LONG_S else SEEDS
    runs = study.run_all([partial(_run_permuted, finding, seed, study) for seed in seeds])
    tables = [study.table(run) for run in runs if run.ok]
    if not tables:
        return NullControl(findings=[f"the null control can't be run: {_why(runs)}"])
    return judge_null(finding, observed, tables)


def judge_null(finding: Finding, observed: float, tables: Sequence[Sequence[Row]]) -> NullControl:
    """Return what the tables of permuted labels say against a finding with the one-sided p `observed`."""
    ps = [_find_p(finding, table) for table in tables]
    as_extreme = sum(p <= observed for p in ps)
    shares = [_share_small(table) for table in tables if len(table) >= LEAST_ENTITIES]
    small = sum(shares) / len(shares) if shares else 0.0
    findings: list[str] = []
    if as_extreme > MOST_AS_EXTREME * len(tables):
        findings.append(
            f"permuted labels show {finding.entity} as extreme {as_extreme} of {len(tables)} times (p = {observed:.2g})"
        )
    if small > MOST_SMALL:
        findings.append(
            f"on permuted labels {small:.0%} of the entities have p <= {SMALL_P}: the test isn't valid here"
        )
    return NullControl(len(tables), as_extreme, small, findings)


def _run_permuted(finding: Finding, seed: int, study: Study) -> CallsRun:
    """Permute what the finding's objective is about: a metadata column, or a feature of a plain table."""
    subject, design = subject_of(finding), study.task.design
    if subject in study.view.features:
        shuffled = Subset(shuffled=subject, within=design.batch or "", seed=seed)
        return study.run(finding.calls, DISCOVERY, shuffled)
    return study.run(finding.calls, permute=make_permutation(finding, seed, study))


def make_permutation(finding: Finding, seed: int, study: Study) -> Permutation:
    design, column = study.task.design, subject_of(finding)
    within = design.subject if study.view.paired else design.batch
    units = None if study.view.paired else design.subject
    if finding.relation == Relation.FEATURE_SURVIVAL and design.time and design.event:
        return Permutation(design.time, within, seed, (design.event,), units)
    return Permutation(column, None if within == column else within, seed, (), units)


def _find_p(finding: Finding, table: Sequence[Row]) -> float:
    row = next((row for row in table if row.entity == finding.entity), None)
    return 1.0 if row is None else one_sided(row, finding.direction)


def _share_small(table: Sequence[Row]) -> float:
    return sum(row.p is not None and row.p <= SMALL_P for row in table) / len(table)


def _why(runs: Sequence[CallsRun]) -> str:
    return next((run.cause or run.outcome for run in runs), f"no runs on {DISCOVERY} samples")
