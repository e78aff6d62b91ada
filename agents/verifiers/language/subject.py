"""Says what is judged: the words and limits that make one prompt serve plans and worked solutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput
from pelagos.quoting import quote_data

MOST_CHARS = 8_000


class Subject(NamedTuple):
    """`plural` names what is judged, `good` completes "A step is good if". `quote` quotes a problem's text,
    `line_chars` is the most of a step that is quoted as one line. A text of more than `most_chars` is refused; None:
    whoever wrote it has bounded it, and what is longer is cut."""

    plural: str
    good: str
    quote: Callable[[str], str]
    line_chars: int
    most_chars: int | None = None


def _as_written(problem: str) -> str:
    return problem


PLAN = Subject(
    "research plans",
    "it is concrete, can be carried out on this task as it\nstands, follows from the steps before it, and is needed to"
    " test the hypothesis",
    _as_written,  # the node that states the problem has quoted its parts
    line_chars=600,
)
CHANGE = Subject(
    "changes of programs",
    "the changed program does what the step says,\nand it takes effect when the program runs; what is defined but never"
    " used does nothing",
    _as_written,
    line_chars=600,
)
REASONING = Subject(
    "solutions of problems",
    "what it states and\ncalculates is right, it follows from the problem and the steps before it, and it contradicts"
    " neither",
    partial(quote_data, limit=MOST_CHARS),
    line_chars=MOST_CHARS,
    most_chars=MOST_CHARS,
)


def check_lengths(subject: Subject, verifier: str, solutions: Sequence[Solution]) -> None:
    """Raise BadInput, a line per fault, for a text that a prompt would cut: a part of it would be judged as the
    whole."""
    if subject.most_chars is None:
        return
    faults = [
        f"{verifier}: solution {place}, {what}: has {length} characters of at most {subject.most_chars}: "
        "shorten or split it"
        for place, solution in enumerate(solutions, 1)
        for what, length in [
            ("problem", len(solution.problem)),
            *((f"step {number}", len(step)) for number, step in enumerate(solution.steps, 1)),
        ]
        if length > subject.most_chars
    ]
    if faults:
        raise BadInput(*faults)
