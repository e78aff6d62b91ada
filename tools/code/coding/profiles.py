"""Coding profiles: how each class of model is asked for code and which reply format it uses, with the measurements.

Faults that a 1.5B model repaired, of 15, by reply format: whole corrected script 14, quoted line edit 5, "only the
function that must change" 1. Rewrites of one function by the same model ran in 25 of 30 cases if only the named
function was taken from the reply, and in 23 if everything in the reply was taken.

Small models repair definitions: of 30 injected faults, one round of four definitions with the local structure repaired
15; one whole file with the raw traceback repaired 10, with three times as many tokens (docs/benchmarks.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["definition", "file", "search"]


@dataclass(frozen=True)
class CodingProfile:
    """How one class of model is asked for code.

    The first `drafts` attempts write the change from the baseline and are told the fault of the previous attempt; later
    attempts repair the best program. `temperatures` alternate over the attempts. A build ends after `max_idle` attempts
    in a row without progress, or after `max_unfaithful` attempts whose best candidate ran and did something else.
    `only_target`: of the existing definitions that a reply repeats, only the target is taken (in a repair, also the
    definitions that the change touched). `structure_budget`, `program_budget`, `knowhow` and `observations` (of each
    call of a tool from outside) are in characters, `reply_tokens` and `file_tokens` in tokens. `file_lines` is the
    longest file that a repair rewrites whole.
    """

    draft: Format
    repair: Format
    file_lines: int
    only_target: bool
    structure_budget: int
    program_budget: int
    whole_program: bool
    knowhow: int
    observations: int
    reply_tokens: int
    file_tokens: int
    temperatures: tuple[float, ...]
    drafts: int
    max_unfaithful: int
    max_idle: int


SMALL = CodingProfile(
    draft="definition",
    repair="definition",
    file_lines=150,
    only_target=True,
    structure_budget=4_000,
    program_budget=5_000,
    whole_program=False,
    knowhow=750,
    observations=500,
    reply_tokens=700,
    file_tokens=2_000,
    temperatures=(0.2, 0.6, 0.9),
    drafts=4,  # a draft after a draft reads next to nothing, a repair some 600 tokens: two for one
    max_unfaithful=2,
    max_idle=4,
)
STRONG = CodingProfile(
    draft="search",
    repair="search",
    file_lines=400,
    only_target=False,
    structure_budget=20_000,
    program_budget=40_000,
    whole_program=True,
    knowhow=3_000,
    observations=4_000,
    reply_tokens=4_000,
    file_tokens=8_000,
    temperatures=(0.2, 0.7),
    drafts=1,
    max_unfaithful=4,
    max_idle=2,
)


def coding_profile(strong: bool) -> CodingProfile:
    return STRONG if strong else SMALL
