"""Defines the ways of asking that are compared. Each makes the question for one repair; none asks it.

raw: the traceback as Python printed it (its last 3,000 characters) and the whole edited file; the reply is the whole
file. local: Pelagos' local structure; the reply is the definition. local-file: the edited file, the fault's place and
values; the reply is the whole file. local-blind: as local, but not told which definitions the edit changed.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.debugging.cases import Case
from tools.code.coding.profiles import SMALL
from tools.code.coding.questions import REDRAFT_CAUSES, Question, QuestionBuilder
from tools.code.execution.smoke import BaselineProfile, SmokeResult
from tools.opening import SYSTEM
from tools.toolchain import Message

ARMS = ("raw", "local", "local-file", "local-blind")
RAW_TAIL = 3_000


def make_question(arm: str, case: Case, trial: SmokeResult, known: BaselineProfile, program: object = None) -> Question:
    """Return the question about the case's program, or about a later `program` of it, after its smoke run."""
    current = case.program if program is None else program
    assert isinstance(current, type(case.program))
    if arm == "raw":
        return _make_raw(replace(case, program=current), trial)
    ways = replace(SMALL, repair="file" if arm == "local-file" else "definition")
    blind = arm == "local-blind" and trial.cause.kind not in REDRAFT_CAUSES
    compared = current if blind else case.baseline
    asker = QuestionBuilder(f"Task: {case.task.topic}\n", case.hypothesis, case.plan, compared, known, ways)
    return asker.repair(current, trial.cause, trial.error)


def shows_fault(case: Case, question: Question) -> bool:
    """Whether the question holds every definition that the fault lies in, whole (marks and indentation aside)."""
    text = " ".join("".join(message.content for message in question.messages).split())
    lines = [line for address in case.faulty for line in case.program.source(address).splitlines()]
    if case.kind == "noedit":  # the place of the edit that is missing
        lines = case.baseline.source(case.hypothesis.target).splitlines()
    return all(" ".join(line.split()) in text for line in lines)


def _make_raw(case: Case, trial: SmokeResult) -> Question:
    path = case.hypothesis.target.partition("::")[0]
    error_text = trial.log[-RAW_TAIL:].strip() or trial.cause.kind
    text = (
        f"This file `{path}` was changed to do this: {case.hypothesis.statement}\n"
        f"```python\n{case.program.files[path]}\n```\nRunning it gave:\n{error_text}\n\n"
        "Find the cause and correct it. Answer with the complete corrected file in one ```python block."
    )
    return Question([Message("system", SYSTEM), Message("user", text)], case.program, path, SMALL.file_tokens)
