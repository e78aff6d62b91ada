"""How each class of model is asked for code and what its replies may look like. Data, with the figures behind it.

Repairs fixed of 15 by a 1.5B model, by format of the reply: whole corrected script 14, quoted line edit 5, "only the
function that must change" 1. Rewrites of one function by the same model ran in 25 of 30 when only the named function
was taken from the reply, in 23 when everything in it was.

A small model repairs by definitions: of 30 injected faults one round of four definitions over the local structure
mended 15, one whole file over the raw traceback 10, at three times the tokens (docs/benchmarks.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["definition", "file", "search"]


@dataclass(frozen=True)
class Ways:
    """The first `drafts` tries write the change anew, told the fault of the one before; later ones repair the best.
    `temperatures` take turns over the tries; `idle` tries in a row that brought nothing forward are the last.
    `only_target`: of the existing definitions a reply repeats, only the target is taken, in a repair also those that
    the change had touched. Budgets are characters; `file_lines` is the longest file that is repaired by rewriting it
    whole."""

    draft: Format
    repair: Format
    file_lines: int
    only_target: bool
    structure_budget: int
    program_budget: int
    whole_program: bool
    reply_tokens: int
    file_tokens: int
    temperatures: tuple[float, ...]
    drafts: int
    step_tries: int
    idle: int


SMALL = Ways(
    draft="definition",
    repair="definition",
    file_lines=150,
    only_target=True,
    structure_budget=4_000,
    program_budget=5_000,
    whole_program=False,
    reply_tokens=700,
    file_tokens=2_000,
    temperatures=(0.2, 0.6, 0.9),
    drafts=4,  # a draft after a draft reads next to nothing, a repair some 600 tokens: two for one
    step_tries=1,
    idle=4,
)
STRONG = Ways(
    draft="search",
    repair="search",
    file_lines=400,
    only_target=False,
    structure_budget=20_000,
    program_budget=40_000,
    whole_program=True,
    reply_tokens=4_000,
    file_tokens=8_000,
    temperatures=(0.2, 0.7),
    drafts=1,
    step_tries=3,
    idle=2,
)


def ways(strong: bool) -> Ways:
    return STRONG if strong else SMALL
