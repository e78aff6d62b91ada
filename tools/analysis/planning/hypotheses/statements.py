"""Says a row of a statistics table in words. The words follow from the relation; the numbers are those of the row."""

from __future__ import annotations

from collections.abc import Sequence

from tools.analysis.design import Design
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Trend
from tools.analysis.packs.spec import Relation
from tools.analysis.planning.records import Objective

HIGHER = {"up": "higher", "down": "lower"}
AGAINST = "{it} is {higher} in {case} than in {control}"
TITLES = {
    Relation.FEATURE_GROUP: AGAINST,
    Relation.SET_GROUP: "the set {it} as a whole is {higher} in {case} than in {control}",
    Relation.ACTIVITY_GROUP: "the activity of {it} is {higher} in {case} than in {control}",
    Relation.MODULE_GROUP: "the {it}{members} is {higher} in {case} than in {control}",
    Relation.COMPOSITION_GROUP: "the share of {it} is {higher} in {case} than in {control}",
    Relation.GROUP_FEATURES: "{it} tells {case} from {control} {better} than chance",
    Relation.FEATURE_NUMERIC: "{it} {rises} {subject}",
    Relation.FEATURE_FEATURE: "{it} {rises} {subject}",
    Relation.FEATURE_SURVIVAL: "a {higher} level of {it} goes with an earlier event ({subject})",
    Relation.SLOPE_GROUP: "the slope of {outcome} on {it} is {higher} in {case} than in {control}",
    Relation.MEDIATION: "a {positive} part of the association of {exposure} with {outcome} goes through {mediator}",
}
SHOWN_MEMBERS = 3


def write_title(row: Row, label: str, direction: Trend, objective: Objective, design: Design) -> str:
    members = ", ".join(row.members[:SHOWN_MEMBERS])
    exposure, mediator, outcome = objective.chain or ("", "", objective.column)
    text = TITLES[Relation(objective.relation)].format(
        it=label,
        members=f" ({members} ...)" if members else "",
        higher=HIGHER[direction],
        better="better" if direction == "up" else "worse",
        rises="rises with" if direction == "up" else "falls with rising",
        case=name_level(design, design.case),
        control=name_level(design, design.control),
        subject=objective.subject,
        positive="positive" if direction == "up" else "negative",
        exposure=exposure,
        mediator=mediator,
        outcome=outcome,
    )
    return text if text.startswith(label) else text[0].upper() + text[1:]  # a name is written as it is


def write_context(objective: Objective, design: Design, covariates: Sequence[str]) -> str:
    """Return what is compared and what stands in the model beside it."""
    levels = name_level(design, design.case), name_level(design, design.control)
    group = " against ".join(levels) if objective.subject == design.group else objective.subject
    return f"{group}, {write_model(objective, covariates)}"


def name_level(design: Design, level: str | None) -> str:
    """Return a group level as it is said: with the group's name where it is a bare number or sign."""
    return f"{design.group} = {level}" if level and not any(char.isalpha() for char in level) else str(level)


def write_model(objective: Objective, covariates: Sequence[str]) -> str:
    if objective.relation == Relation.GROUP_FEATURES:
        return "cross-validated"
    return f"with {join_words(covariates)} in the model" if covariates else "unadjusted"


def write_statement(title: str, row: Row, model: str, similar: Sequence[str], caveats: Sequence[str]) -> str:
    """Return title, model and numbers, then sets with nearly the same members, and the caveats that belong to it."""
    sentences = [f"{title}, {model}: {describe_row(row)}."]
    if similar:
        sentences.append(f"Nearly the same members have {join_words(similar)}.")
    return " ".join([*sentences, *(f"Caveat: {line}." for line in caveats)])


def describe_row(row: Row) -> str:
    """Return the row's numbers in one line."""
    parts = [f"partial correlation {_signed(row.r)}{_interval(row)}"]
    if row.effect is not None:
        unit = row.extra.get("unit", "effect")
        parts.append(f"{unit} {row.effect:.3g}")
    parts += [f"{name} = {value:.2g}" for name, value in (("p", row.p), ("q", row.q)) if value is not None]
    return f"{', '.join(parts)}, on {row.n:g} samples"


def describe_check(row: Row) -> str:
    """Return a row of a check in one line: its effect and p, and what it says beside them."""
    numbers = [f"{row.extra.get('unit', 'effect')} {row.effect:.2f}"] if row.effect is not None else []
    numbers += [f"p = {row.p:.2g}"] if row.p is not None else []
    others = [f"{name} {value}" for name, value in row.extra.items() if name == "follows"]
    return ", ".join([*numbers, *others])


def describe_refutation(title: str) -> str:
    return (
        f"on samples kept apart, with the same covariates in the model, the partial correlation is not above 0 in the "
        f"stated direction: {title}"
    )


def join_words(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _interval(row: Row) -> str:
    if row.r_low is None or row.r_high is None:
        return ""
    return f" (95 % interval {_signed(row.r_low)} to {_signed(row.r_high)})"


def _signed(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
