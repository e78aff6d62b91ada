"""Reads the labelled lines of a tool's docstring: `Relation:`, `Requires:`, `Refuses:`, `Removes:`, `Produces:`,
`Seconds:`, `Library:` and `Example:` (arguments for the contract test). The first line is the summary."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tools.analysis.packs.spec import STATISTICS, Relation
from tools.analysis.states import State

MISSING = "missing values"
_LABELS = ("Relation", "Requires", "Refuses", "Removes", "Produces", "Seconds", "Library", "Example")
_LINE = re.compile(rf"^\s*({'|'.join(_LABELS)}):\s*(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class ToolDoc:
    summary: str
    relation: Relation | None
    requires: frozenset[State]
    refuses: frozenset[State]
    refuses_missing: bool
    removes: frozenset[State]
    produces: State | Literal["statistics"]
    seconds: float
    libraries: str
    example: Mapping[str, Any]


def read_doc(text: str) -> ToolDoc:
    """Parse a docstring. Raises ValueError with one line."""
    lines = {match[1]: match[2] for match in _LINE.finditer(text)}
    refused = [word for word in _split(lines.get("Refuses", "")) if word != MISSING]
    produces = _read_product(lines.get("Produces", ""))
    relation = _read_relation(lines["Relation"]) if "Relation" in lines else None
    if produces == STATISTICS and relation is None:
        raise ValueError("produces statistics but has no line 'Relation: feature ~ group'")
    return ToolDoc(
        summary=text.strip().split("\n\n")[0].replace("\n", " ").strip(),
        relation=relation,
        requires=_read_states("Requires", _split(lines.get("Requires", ""))),
        refuses=_read_states("Refuses", refused),
        refuses_missing=MISSING in _split(lines.get("Refuses", "")),
        removes=_read_states("Removes", _split(lines.get("Removes", ""))),
        produces=produces,
        seconds=_read_seconds(lines.get("Seconds", "60")),
        libraries=lines.get("Library", ""),
        example=_read_example(lines.get("Example", "")),
    )


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _read_states(label: str, words: list[str]) -> frozenset[State]:
    known = {state.value for state in State}
    if unknown := [word for word in words if word not in known]:
        raise ValueError(f"{label}: {', '.join(unknown)} is no data state; known: {', '.join(sorted(known))}")
    return frozenset(State(word) for word in words)


def _read_product(text: str) -> State | Literal["statistics"]:
    if text == STATISTICS:
        return STATISTICS
    if len(states := _read_states("Produces", _split(text))) != 1:
        raise ValueError("needs one line 'Produces: statistics' or 'Produces: STATE'")
    return next(iter(states))


def _read_relation(text: str) -> Relation:
    try:
        return Relation(text)
    except ValueError:
        known = "; ".join(relation.value for relation in Relation)
        raise ValueError(f"Relation: {text} is not known; known: {known}") from None


def _read_seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"Seconds: {text} is no number") from None


def _read_example(text: str) -> dict[str, Any]:
    """Parse `name="value", other=3`."""
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        keywords = call.keywords if isinstance(call, ast.Call) and not call.args else []
        values = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords}
    except (SyntaxError, ValueError):
        values = {}
    if text and not values:
        raise ValueError(f"Example: {text} must be like name='value', other=3")
    return values
