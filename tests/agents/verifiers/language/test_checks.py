"""Checks run in the sandbox in the names of the earlier ones; their outcomes are recorded; programs are found in
replies."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from agents.verifiers.language.checks import SandboxedChecks, split_reply
from memory.ledger.ledger import Ledger
from pelagos.facts.checks import StepCheck
from tests.agents.verifiers.language.conftest import Counting


def test_a_check_sees_what_earlier_ones_defined_and_not_what_they_printed(checks: SandboxedChecks) -> None:
    earlier = ["boxes = 3 * 4\nprint('twelve')\nexit()", "raise ValueError('passed over')"]
    assert checks(earlier, "print(boxes - 5)") == (True, "7")


def test_an_assertion_is_a_finding_and_an_error_is_no_check(checks: SandboxedChecks, tmp_path: Path) -> None:
    assert checks([], "assert 3 * 4 == 14, 3 * 4") == (True, "assertion failed: 12")
    assert checks([], "x = 1\nprint(y)") == (False, "NameError: name 'y' is not defined (line 2)")
    ran, output = checks([], "print(3 *")
    assert not ran
    assert output.startswith("SyntaxError: ")
    with closing(Ledger.read(tmp_path / "ledger.db")) as ledger:
        recorded = ledger.facts(StepCheck).values()
    assert [check.outcome for check in recorded] == ["ok", "error", "error"]


def test_an_executed_check_is_not_executed_again(checks: SandboxedChecks, sandbox: Counting) -> None:
    program = "import random\nprint(random.random())"
    assert checks([], program) == checks([], program)
    assert len(sandbox.specs) == 1


@pytest.mark.parametrize(
    ("reply", "analysis", "program"),
    [
        ("It is 12.\n```python\nprint(3*4)\n```\nDone.", "It is 12.\n\nDone.", "print(3*4)"),
        ("It is 12.\n```python\nprint(3*4)", "It is 12.", "print(3*4)"),
        ("```py\na = 1\n\nprint(a)\n```", "", "a = 1\n\nprint(a)"),
        ("Nothing to compute.", "Nothing to compute.", ""),
        ("```\nprint(1)\n```", "```\nprint(1)\n```", ""),
        ("Write it in one ```python block\nthat prints.", "Write it in one ```python block\nthat prints.", ""),
        ("1. So:\n   ```Python\n   print(1)\n   ```", "1. So:", "print(1)"),
    ],
)
def test_a_reply_is_split_into_analysis_and_program(reply: str, analysis: str, program: str) -> None:
    assert split_reply(reply) == (analysis, program)
