"""Enumerates what a data set can answer, from its design, its metadata and the relations that the tools test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
MAX_OUTCOMES, MAX_FOCAL = 6, 4
LEAST_SAMPLES = 3
"""Of each group level: below it no tool can tell spread from difference."""


def enumerate_objectives(design: Design, view: DataView, specs: Mapping[str, ToolSpec], sets: bool) -> list[Objective]:
    """Return the objectives that some tool can test, in a fixed order: features, sets, outcomes, others. `sets` says
    whether there is a file of sets."""
    tested = {spec.relation for spec in specs.values() if spec.tests and (sets or not spec.parameter_of("sets"))}
    found = [*_with_group(design, view), *_with_outcomes(design, view), *_with_survival(design), *_between(view)]
    return [objective for objective in found if objective.relation in tested]


def _with_group(design: Design, view: DataView) -> Iterator[Objective]:
    if design.group is None or design.case is None or design.control is None:
        return
    levels = view.columns[design.group].levels
    if min(levels.get(design.case, 0), levels.get(design.control, 0)) < LEAST_SAMPLES:
        return
    words = {"features": WORDS.get(view.kind, "features"), "group": design.group}
    for relation, (family, question) in NEEDS_GROUP.items():
        text = question.format(case=design.case, control=design.control, **words)
        id = f"{LEFT[relation]} ~ {design.group}" if relation is not Relation.GROUP_FEATURES else _reversed(design)
        column = _find_kind_column(design, view) if relation is Relation.COMPOSITION_GROUP else ""
        fields = {"id": id, "question": text, "relation": relation.value, "family": family, "column": column}
        yield Objective.model_validate({**fields, "subject": design.group})


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


def _with_survival(design: Design) -> Iterator[Objective]:
    if design.time is not None and design.event is not None:
        yield Objective(
            id=f"feature ~ {design.event}",
            question=f"Which features go with the time until {design.event}?",
            relation=Relation.FEATURE_SURVIVAL.value,
            family="outcomes",
            subject=design.event,
        )


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
