"""Reads files of problems with steps: JSON lists or JSON lines, plain, ProcessBench-shaped or PRMBench-shaped.

Every fault is one line with the file and the item's place. Unknown fields are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput
from pelagos.textfile import read_text

MOST_FAULTS = 10
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=False, pattern=r"\S")]
Steps = Annotated[list[Text], Field(min_length=1)]
R = TypeVar("R", bound=BaseModel)


class Labelled(NamedTuple):
    """A solution whose wrong steps are known. `wrong` holds their places from 0; of ProcessBench only the first is
    known. `kind` is the kind of error, "" where the data name none."""

    id: str
    solution: Solution
    wrong: tuple[int, ...]
    kind: str = ""


class _Plain(BaseModel):
    problem: Text
    steps: Steps


class _ProcessBench(_Plain):
    id: str | int
    label: int = Field(description="place of the first wrong step from 0, -1: none")


class _PrmBench(BaseModel):
    idx: str | int
    modified_question: Text
    modified_process: Steps
    error_steps: list[int] = Field(description="numbers of the wrong steps from 1")
    classification: str = ""


def read_solutions(path: Path) -> list[Solution]:
    """Raises BadInput, a line per fault."""
    return [Solution(item.problem, tuple(item.steps)) for item in _read_items(path, _Plain)]


def read_processbench(path: Path) -> list[Labelled]:
    """Raises BadInput, a line per fault."""

    def to_labelled(item: _ProcessBench) -> Labelled:
        if not -1 <= item.label < len(item.steps):
            raise ValueError(
                f"label: {item.label} is no place of {len(item.steps)} steps: write -1 or 0 to {len(item.steps) - 1}"
            )
        wrong = () if item.label < 0 else (item.label,)
        return Labelled(str(item.id), Solution(item.problem, tuple(item.steps)), wrong)

    return _convert(path, _read_items(path, _ProcessBench), to_labelled)


def read_prmbench(path: Path) -> list[Labelled]:
    """The modified solutions. Numbers beyond the last step, which the public data have, are passed over as in
    PRMBench's own evaluation. Raises BadInput, a line per fault."""

    def to_labelled(item: _PrmBench) -> Labelled:
        if outside := [number for number in item.error_steps if number < 1]:
            raise ValueError(f"error_steps: {outside[0]} is no number of a step: they count from 1")
        wrong = tuple(sorted({number - 1 for number in item.error_steps if number <= len(item.modified_process)}))
        solution = Solution(item.modified_question, tuple(item.modified_process))
        return Labelled(f"{item.classification}_{item.idx}", solution, wrong, item.classification)

    return _convert(path, _read_items(path, _PrmBench), to_labelled)


def _convert(path: Path, items: Sequence[R], to_labelled: Callable[[R], Labelled]) -> list[Labelled]:
    """Of items with one id the first counts, as in PRMBench's own evaluation."""
    found, faults = dict[str, Labelled](), list[str]()
    for place, item in enumerate(items, 1):
        try:
            labelled = to_labelled(item)
        except ValueError as error:
            faults.append(f"{path}: item {place}: {error}")
        else:
            found.setdefault(labelled.id, labelled)
    _raise(path, faults)
    return list(found.values())


def _read_items(path: Path, record: type[R]) -> list[R]:
    items, faults = list[R](), list[str]()
    for place, value in enumerate(_read_values(path), 1):
        try:
            items.append(record.model_validate(value, strict=True))
        except ValidationError as error:
            faults.append(f"{path}: item {place}: {_describe(error, value)}")
    _raise(path, faults)
    if not items:
        raise BadInput(f"{path}: holds no problem: give a JSON list or JSON lines")
    return items


def _describe(error: ValidationError, value: Any) -> str:
    first = error.errors()[0]
    if not isinstance(value, dict):
        return "is no object: write {...} with a problem and its steps"
    where = ".".join(str(part + 1 if isinstance(part, int) else part) for part in first["loc"])
    if first["type"] == "string_pattern_mismatch":
        return f"{where}: is empty: write it or leave it out"
    return f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _raise(path: Path, faults: Sequence[str]) -> None:
    if len(faults) > MOST_FAULTS:
        faults = [*faults[:MOST_FAULTS], f"{path}: faults not shown: {len(faults) - MOST_FAULTS}"]
    if faults:
        raise BadInput(*faults)


def _read_values(path: Path) -> list[Any]:
    try:
        text = read_text(path)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    if text.lstrip().startswith("["):
        values: list[Any] = _parse(path, 1, text, "")
        return values
    lines = enumerate(text.split("\n"), 1)
    return [_parse(path, number, line, "; one object per line") for number, line in lines if line.strip()]


def _parse(path: Path, first_line: int, text: str, remedy: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}: line {first_line + error.lineno - 1}: not JSON: {error.msg}{remedy}") from None
    except (ValueError, RecursionError):  # what Python's reader doesn't hold
        fault = "a number is too long, or brackets are nested too deeply"
        raise BadInput(f"{path}: line {first_line}: can't be read: {fault}{remedy}") from None
