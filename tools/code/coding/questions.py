"""Builds the question for a draft or a repair: prompt, reply format, and the program that the reply is applied to.

If an edit was refused, has no effect or does something else, the question asks for a new draft of the baseline. If a
program fails, the question asks for a correction of that program.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pelagos.nouns import Hypothesis, Plan
from tools.code.coding import prompts, structure
from tools.code.coding.causes import REFUSED, Cause
from tools.code.coding.profiles import CodingProfile, Format
from tools.code.coding.traceback import Error
from tools.code.execution.smoke import BaselineProfile
from tools.code.program import edits
from tools.code.program.program import Program
from tools.code.program.toplevel.statements import TOP_LEVEL
from tools.toolchain import Message

REPLY_END = ("\n```\n",)
"""Stop sequence of a reply with one code block: the closing fence. An opening fence is followed by a language name."""
REDRAFT_CAUSES = REFUSED | {"model", "no_effect", "unfaithful"}


@dataclass(frozen=True)
class Question:
    """A prompt and how its reply is applied. `base` is the program that is edited; `place` is an address, or a path if
    the reply rewrites a whole file; `tokens` bounds the reply; `stop` ends it; `only` are the existing definitions that
    the reply may change (None: any)."""

    messages: Sequence[Message]
    base: Program
    place: str
    tokens: int
    only: Collection[str] | None = None
    stop: Sequence[str] = ()

    def apply(self, reply: str) -> Program:
        """The program with the reply's edit. Raises EditRefused."""
        if "::" not in self.place:
            return edits.apply_file(self.base, reply, self.place)
        return edits.apply(self.base, reply, self.place, only=self.only)


@dataclass(frozen=True)
class QuestionBuilder:
    """Builds the questions about one plan for one class of model. `opening` is the text that all prompts begin with."""

    opening: str
    hypothesis: Hypothesis
    plan: Plan
    baseline: Program
    baseline_profile: BaselineProfile
    profile: CodingProfile

    def draft(self, fault: Cause | None = None) -> Question:
        """Ask for the change itself. `fault` is the cause of an earlier failure, if any."""
        profile, target = self.profile, self.hypothesis.target
        messages = prompts.draft(
            self.opening, self.baseline, self.hypothesis, self.plan, self.baseline_profile, profile, fault or Cause()
        )
        tokens = _reply_tokens(self.baseline, target, profile)
        allowed = (target,) if profile.only_target else None
        return Question(
            messages, self.baseline, target, tokens, allowed, REPLY_END if profile.draft == "definition" else ()
        )

    def repair(self, program: Program | None, cause: Cause, error: Error | None, criticism: str = "") -> Question:
        """Ask for a correction of `program`, an edit of the baseline; None if the edit was refused. `criticism` is a
        verifier's, quoted as data."""
        if program is None or cause.kind in REDRAFT_CAUSES:
            return self.draft(cause)
        local = self.find_structure(program, error)
        path = local.address.partition("::")[0]
        format = self._format(program.files[path])
        messages = prompts.repair(
            self.opening,
            program,
            self.hypothesis,
            self.plan,
            cause,
            error,
            local,
            self.baseline_profile,
            format,
            self.profile.observations,
            criticism,
        )
        whole_file = format == "file"
        place = path if whole_file else local.address
        tokens = self.profile.file_tokens if whole_file else _reply_tokens(program, local.address, self.profile)
        changed = (*structure.find_changed_definitions(program, self.baseline), local.address)
        allowed = changed if self.profile.only_target else None
        return Question(messages, program, place, tokens, allowed, REPLY_END if format == "definition" else ())

    def find_structure(self, program: Program, error: Error | None) -> structure.Structure:
        """The local structure; its address is replaced by the target if its file is not editable."""
        changed = structure.find_changed_definitions(program, self.baseline)
        target, budget = self.hypothesis.target, self.profile.structure_budget
        local = structure.extract_structure(program, error, target, budget, changed)
        editable = local.address.partition("::")[0] in program.editable
        return local if editable else structure.Structure(target, local.text, local.error_context)

    def _format(self, text: str) -> Format:
        too_long = self.profile.repair == "file" and len(text.splitlines()) > self.profile.file_lines
        return "definition" if too_long else self.profile.repair


def _reply_tokens(program: Program, address: str, profile: CodingProfile) -> int:
    """Token limit for a rewritten definition: twice its present length plus 250 for helpers, within the profile's
    bound (`file_tokens` for top-level code). A token of code has about three characters."""
    bound = profile.file_tokens if address.endswith(f"::{TOP_LEVEL}") else profile.reply_tokens
    return min(bound, 2 * len(program.source(address)) // 3 + 250)
