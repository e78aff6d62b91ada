"""Executes the checks that a generative verifier writes, each in a sandbox of its own, and records what they printed.

Checks of one solution build on each other (GenPRM keeps one namespace, arXiv 2504.00891): the earlier ones that ran are
executed again before the new one, with their output dropped (check_inside.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from memory.artifacts import ArtifactStore
from memory.ledger.keys import step_key
from memory.steps.steps import Steps
from pelagos.facts.checks import StepCheck
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import OutcomeKind
from sandbox.protocol import Limits, Outcome, Sandbox, Spec

LIMITS = Limits(seconds=10.0, memory_mb=512, pids=64, cpus=1.0, disk_mb=16, log_mb=0.02)
OUTPUT_CHARS = 1_000
CODE_FENCE = "\n```\n"
"""The stop string of a reply with a check: what a model would write behind the program is an invented output."""
_INSIDE = Path(__file__).with_name("check_inside.py")
_CODE = re.compile(r"^[ \t]*```(?:python|py)[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL | re.MULTILINE | re.IGNORECASE)


class CheckOutcome(NamedTuple):
    """`output` is what the check printed, or why it did not run."""

    ran: bool
    output: str


RunCheck = Callable[[Sequence[str], str], CheckOutcome]
"""(earlier checks, check) -> its outcome."""


def split_reply(reply: str) -> tuple[str, str]:
    """Return (analysis, code): the text around the first Python block, and its program; "" where there is none."""
    found = _CODE.search(reply)
    if found is None:
        return reply.strip(), ""
    return f"{reply[: found.start()]}{reply[found.end() :]}".strip(" \n`"), dedent(found[1]).strip("\n")


class SandboxedChecks:
    """A `RunCheck`. `get_sandbox()` is asked for the first check; `slot()` holds a processor while one runs."""

    def __init__(
        self,
        get_sandbox: Callable[[], Sandbox],
        steps: Steps,
        artifacts: ArtifactStore,
        slot: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._get_sandbox, self._steps, self._artifacts, self._slot = get_sandbox, steps, artifacts, slot

    def __call__(self, earlier: Sequence[str], code: str) -> CheckOutcome:
        """A check that was executed before has its recorded outcome. Raises MissingPart, and RunFailed where the
        sandbox itself fails at each attempt."""
        program = json.dumps([*earlier, code])
        key = step_key(check=program)

        def action() -> tuple[StepCheck, Cost]:
            with self._slot():
                outcome = self._get_sandbox().run(_spec(program))
            return self._record(program, outcome), Cost()

        check = self._steps.made(StepCheck, key, Intent(content=key), Cost(), action)
        return CheckOutcome(check.outcome == OutcomeKind.OK, check.output)

    def _record(self, program: str, outcome: Outcome) -> StepCheck:
        return StepCheck(
            program=self._artifacts.put_text(program), outcome=outcome.kind.value, output=_describe(outcome),
            seconds=outcome.seconds, isolation=outcome.isolation,
        )  # fmt: skip


def _spec(program: str) -> Spec:
    return Spec(
        argv=["python", "-I", "-B", "check_inside.py"],
        files={"check_inside.py": _INSIDE.read_bytes(), "checks.json": program.encode()},
        limits=LIMITS,
    )


def _describe(outcome: Outcome) -> str:
    """Return the end of what was printed, behind the limit that ended the check if one did."""
    printed = outcome.log.strip()[-OUTPUT_CHARS:]
    if outcome.kind in (OutcomeKind.OK, OutcomeKind.ERROR):
        return printed or ("(nothing)" if outcome.kind is OutcomeKind.OK else outcome.cause or "it failed")
    return " ".join(part for part in (f"{outcome.kind.value}: {outcome.cause}".rstrip(": "), printed) if part)
