"""The question for one repair: which local structure is shown, which format the reply has, where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pelagos.nouns import Hypothesis
from tools.code import edits, prompts, structure
from tools.code.causes import Cause
from tools.code.formats import Format, Ways
from tools.code.program import Program
from tools.code.shapes import Functions
from tools.code.task import CodeTask
from tools.code.traceback import Error
from tools.toolchain import Message


@dataclass(frozen=True)
class Question:
    """`place` is an address, or a path where the reply rewrites the file whole; `tokens` bounds the reply."""

    messages: Sequence[Message]
    place: str
    tokens: int

    def apply(self, program: Program, reply: str) -> Program:
        """The corrected program. Raises EditRefused."""
        if "::" not in self.place:
            return edits.apply_file(program, reply, self.place)
        return edits.apply(program, reply, self.place, only_target=False)


def question(
    task: CodeTask,
    program: Program,
    baseline: Program,
    hypothesis: Hypothesis,
    cause: Cause,
    error: Error | None,
    known: Functions,
    ways: Ways,
) -> Question:
    """How the fault of `program`, an edit of `baseline`, is put to a model."""
    changed = structure.changed_definitions(program, baseline)
    local = structure.around(program, error, hypothesis.target, ways.structure_budget, changed)
    if local.address.partition("::")[0] not in program.editable:
        local = structure.Structure(hypothesis.target, local.text)
    path = local.address.partition("::")[0]
    format = _format(ways, program.files[path])
    messages = prompts.repair(task, program, hypothesis, cause, error, local, known, format)
    whole = format == "file"
    return Question(messages, path if whole else local.address, ways.file_tokens if whole else ways.reply_tokens)


def _format(ways: Ways, text: str) -> Format:
    too_long = ways.repair == "file" and len(text.splitlines()) > ways.file_lines
    return "definition" if too_long else ways.repair
