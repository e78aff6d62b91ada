"""Enumerates what a data set can answer, from its design, its metadata and the relations that the tools test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from tools.analysis.design import Design
from tools.analysis.packs.spec import Relation, ToolSpec
from tools.analysis.planning.data_view import DataView
from tools.analysis.planning.records import Objective

NEEDS_GROUP = {
    Relation.FEATURE_GROUP: ("features", "Which {features} differ in {group} between {case} and {control}?"),
    Relation.SET_GROUP: ("sets", "Which sets of {features} differ as a whole in {group} between {case} and {control}?"),
    Relation.ACTIVITY_GROUP: ("sets", "Whose activity, read from its targets, differs in {group}: {case}, {control}?"),
    Relation.MODULE_GROUP: ("sets", "Which modules of {features} that vary together differ in {group}?"),
    Relation.GROUP_FEATURES: ("others", "How well do {features} together tell {case} from {control}?"),
    Relation.CLUSTER_GROUP: ("others", "Do clusters of samples go with {group}, or do they follow the batch?"),
    Relation.COMPOSITION_GROUP: ("others", "Does the share of each cell type differ in {group}?"),
}
WORDS = {"proteomics": "proteins", "table": "variables", "cells": "markers"}
LEFT = {relation: relation.value.partition(" ~ ")[0] for relation in Relation}
MAX_OUTCOMES, MAX_FOCAL, MAX_SLOPES, MAX_CHAINS = 6, 4, 2, 3
LEAST_IN_CELL, LEAST_IN_CHAIN = 10, 40
"""Discovery samples of each group for slopes of their own; discovery samples for a mediated effect, so that as many as
its tool needs are in each of the other parts."""
LEAST_SAMPLES = 3
"""Of each group level: below it no tool can tell spread from difference."""


def enumerate_objectives(design: Design, view: DataView, specs: Mapping[str, ToolSpec], sets: bool) -> list[Objective]:
    """Return the objectives that some tool can test, in a fixed order: features, sets, outcomes, others. `sets` says
    whether there is a file of sets."""
    tested = {spec.relation for spec in specs.values() if spec.tests and (sets or not spec.parameter_of("sets"))}
    found = [*_with_group(design, view), *_with_outcomes(design, view), *_with_survival(design, view), *_between(view)]
    found += [*_with_slopes(design, view), *_with_chains(design, view)]
    return [objective for objective in found if objective.relation in tested]


def _with_group(design: Design, view: DataView) -> Iterator[Objective]:
    if design.group is None or _count_smaller_group(design, view) < LEAST_SAMPLES:
        return
    words = {"features": WORDS.get(view.kind, "features"), "group": design.group}
    for relation, (family, question) in NEEDS_GROUP.items():
        text = question.format(case=design.case, control=design.control, **words)
        id = f"{LEFT[relation]} ~ {design.group}" if relation is not Relation.GROUP_FEATURES else _reversed(design)
        column = _find_kind_column(design, view) if relation is Relation.COMPOSITION_GROUP else ""
        fields = {"id": id, "question": text, "relation": relation.value, "family": family, "column": column}
        yield Objective.model_validate({**fields, "subject": design.group})


def _count_smaller_group(design: Design, view: DataView) -> int:
    """Return the samples of the smaller compared group; 0 where none are compared."""
    levels = view.columns[design.group].levels if design.group else {}
    return min(levels.get(level, 0) if level else 0 for level in (design.case, design.control))


def _with_outcomes(design: Design, view: DataView) -> Iterator[Objective]:
    features = WORDS.get(view.kind, "features")
    for column in design.numeric[:MAX_OUTCOMES]:
        yield Objective(
            id=f"feature ~ {column}",
            question=f"Which {features} go with {column}?",
            relation=Relation.FEATURE_NUMERIC.value,
            family="outcomes",
            subject=column,
        )


def _with_survival(design: Design, view: DataView) -> Iterator[Objective]:
    if design.time is not None and design.event is not None:
        yield Objective(
            id=f"feature ~ {design.event}",
            question=f"Which {WORDS.get(view.kind, 'features')} go with the time until the event ({design.event})?",
            relation=Relation.FEATURE_SURVIVAL.value,
            family="outcomes",
            subject=design.event,
        )


def _with_slopes(design: Design, view: DataView) -> Iterator[Objective]:
    """Yield whether outcomes go with features in another way in one group than in the other."""
    if design.group is None or _count_smaller_group(design, view) < LEAST_IN_CELL:
        return
    for column in design.numeric[:MAX_SLOPES]:
        yield Objective(
            id=f"slope of {column} ~ {design.group}",
            question=f"Whose slope with {column} differs in {design.group} between {design.case} and {design.control}?",
            relation=Relation.SLOPE_GROUP.value,
            family="others",
            subject=design.group,
            column=column,
        )


def _with_chains(design: Design, view: DataView) -> Iterator[Objective]:
    """Yield what may go through what, in the order that the task states and in no other."""
    possible = [chain for chain in combinations(design.order, 3) if _suits_chain(chain, design, view)]
    for exposure, mediator, outcome in possible[:MAX_CHAINS]:
        yield Objective(
            id=f"{exposure} -> {outcome} ~ {mediator}",
            question=f"Does what {exposure} has to do with {outcome} go through {mediator}?",
            relation=Relation.MEDIATION.value,
            family="others",
            subject=mediator,
            chain=(exposure, mediator, outcome),
        )


def _suits_chain(chain: tuple[str, str, str], design: Design, view: DataView) -> bool:
    """Whether mediator and outcome are numbers, the exposure is one or the two compared groups, and enough samples are
    complete."""
    columns = [view.columns.get(name) for name in chain]
    numbers = [
        name in view.features or (column is not None and column.numeric)
        for name, column in zip(chain, columns, strict=True)
    ]
    groups = set(view.columns[design.group].levels) if design.group else set()
    exposed = numbers[0] or (chain[0] == design.group and groups == {design.case, design.control})
    missing = max((column.missing for column in columns if column is not None), default=0)
    return exposed and all(numbers[1:]) and view.samples - missing >= LEAST_IN_CHAIN


def _between(view: DataView) -> Iterator[Objective]:
    """Yield objectives about single features of a plain table, where each feature has a meaning of its own."""
    if view.kind != "table":
        return
    for feature, name in list(view.features.items())[:MAX_FOCAL]:
        yield Objective(
            id=f"feature ~ {feature}",
            question=f"Which variables go with {name}?",
            relation=Relation.FEATURE_FEATURE.value,
            family="others",
            subject=feature,
        )


def _find_kind_column(design: Design, view: DataView) -> str:
    """Return the metadata column that says what kind each cell is: one of words that the design doesn't name; "" where
    there is none."""
    used = {column for _, column in design.columns}
    free = [name for name, column in view.columns.items() if not column.numeric and len(column.levels) > 1]
    return next((name for name in free if name not in used), "")


def _reversed(design: Design) -> str:
    return f"{design.group} ~ features"
