"""The conformance check of a verifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from agents.testing.context import ScriptedContext
from agents.testing.findings import Findings
from agents.testing.optional import find_optional_misfits
from agents.testing.scripted_model import ScriptedModel
from agents.verifiers import protocol
from agents.verifiers.parts import Parts
from agents.verifiers.protocol import Solution, Verifier, check_scores
from pelagos.protocols import find_misfits
from pelagos.settings import Settings

SOLUTIONS = (
    Solution("What is 2 + 3 * 4?", ("First 3 * 4 = 12.", "Then 2 + 12 = 14.")),
    Solution("What is 2 + 3 * 4?", ("2 + 3 = 5.", "Then 5 * 4 = 20.", "So it is 20.")),
    Solution("What is 1 + 1?", ()),
)


def make_parts(project: Path, model: ScriptedModel | None = None) -> Parts:
    """What an opener is given: the role's model is scripted, programs can't be executed, and calls are recorded in a
    ledger below `project`."""
    context = ScriptedContext(project, model)
    return Parts(lambda: context.model("verifier"), _execute_nothing, Settings(), lambda: context.steps)


def check_verifier(verifier: Any) -> list[str]:
    """Return what to mend: members and how they are called, one probability per step of three small solutions (one of
    them without steps), and nothing for no solutions."""
    findings = Findings(find_misfits(verifier, Verifier) + find_optional_misfits(verifier, protocol, Verifier))
    if findings.lines:
        return findings.lines
    with findings.step("score([])"):
        findings.demand(list(verifier.score([])) == [], "score([]) gives scores; give an empty list for no solutions")
    with findings.step("score"):
        check_scores(verifier.name, SOLUTIONS, verifier.score(SOLUTIONS))
    return findings.lines


def _execute_nothing(*_: object) -> NoReturn:
    raise RuntimeError("no program is executed here: open the verifier with checks=off")
