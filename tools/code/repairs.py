"""The question for one repair: which local structure is shown, which format the reply has, what it is applied to.

An edit that was refused, does nothing or lacks a step is asked for again from the baseline; a program that dies is
corrected where it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pelagos.nouns import Hypothesis, Plan
from tools.code import edits, prompts, structure
from tools.code.causes import REFUSED, Cause
from tools.code.formats import Format, Ways
from tools.code.program import Program
from tools.code.smoke import Known
from tools.code.task import CodeTask
from tools.code.toplevel.statements import NAME
from tools.code.traceback import Error
from tools.toolchain import Message

END = ("\n```\n",)
"""Where a reply of one code block ends: the fence that closes it, not one that opens it, which names its language."""
AGAIN = REFUSED | {"model", "no_effect", "step_missing"}


@dataclass(frozen=True)
class Question:
    """`base` is what the reply is applied to; `place` an address, or a path where the reply rewrites the file whole;
    `tokens` bounds the reply and `stop` ends it; of the definitions there are, it may change `only` these (None: any).
    """

    messages: Sequence[Message]
    base: Program
    place: str
    tokens: int
    only: Collection[str] | None = None
    stop: Sequence[str] = ()

    def apply(self, reply: str) -> Program:
        """The corrected program. Raises EditRefused."""
        if "::" not in self.place:
            return edits.apply_file(self.base, reply, self.place)
        return edits.apply(self.base, reply, self.place, only=self.only)


@dataclass(frozen=True)
class Asker:
    """Puts the change of one plan, and its faults, to a model of one class. `opening`: how the run's prompts begin."""

    opening: str
    task: CodeTask
    hypothesis: Hypothesis
    plan: Plan
    baseline: Program
    known: Known
    ways: Ways

    def draft(self, fault: Cause | None = None) -> Question:
        """The change itself; `fault` is of an earlier try."""
        ways, target = self.ways, self.hypothesis.target
        messages = prompts.draft(
            self.opening, self.baseline, self.hypothesis, self.plan, self.known, ways, fault or Cause()
        )
        tokens = _tokens(self.baseline, target, ways)
        only = (target,) if ways.only_target else None
        return Question(messages, self.baseline, target, tokens, only, END if ways.draft == "definition" else ())

    def repair(self, program: Program | None, cause: Cause, error: Error | None) -> Question:
        """The correction of `program`, an edit of the baseline; None where the edit was refused."""
        if program is None or cause.kind in AGAIN:
            return self.draft(cause)
        local = self.local(program, error)
        path = local.address.partition("::")[0]
        format = self._format(program.files[path])
        messages = prompts.repair(
            self.opening, program, self.hypothesis, self.plan.note, cause, error, local, self.known, format
        )
        whole = format == "file"
        place = path if whole else local.address
        tokens = self.ways.file_tokens if whole else _tokens(program, local.address, self.ways)
        changed = (*structure.changed_definitions(program, self.baseline), local.address)
        only = changed if self.ways.only_target else None
        return Question(messages, program, place, tokens, only, END if format == "definition" else ())

    def local(self, program: Program, error: Error | None) -> structure.Structure:
        """The local structure, at an address that may be edited."""
        changed = structure.changed_definitions(program, self.baseline)
        target, budget = self.hypothesis.target, self.ways.structure_budget
        local = structure.around(program, error, target, budget, changed)
        editable = local.address.partition("::")[0] in program.editable
        return local if editable else structure.Structure(target, local.text, local.seen)

    def _format(self, text: str) -> Format:
        too_long = self.ways.repair == "file" and len(text.splitlines()) > self.ways.file_lines
        return "definition" if too_long else self.ways.repair


def _tokens(program: Program, address: str, ways: Ways) -> int:
    """Room for a rewritten definition: twice what it has now and some for helpers, within the class' bound; that of a
    whole file for top-level code. A token of code has about three characters."""
    bound = ways.file_tokens if address.endswith(f"::{NAME}") else ways.reply_tokens
    return min(bound, 2 * len(program.source(address)) // 3 + 250)
