from __future__ import annotations

import pytest

from benchmarks.replies.outcome import compute_outcome, find_changes
from tools.code.program.program import Program

TEXT = "RATE = 1\n\n\ndef f(x):\n    return x\n\n\ndef main():\n    return f(RATE)\n"
PROGRAM = Program({"m.py": TEXT}, ("m.py",))


def of(code: str) -> dict[str, object]:
    return compute_outcome(PROGRAM, "m.py::f", f"```python\n{code}\n```")


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("def f(x):\n    return 2 * x", ""),
        ("def f(x):\n    x += 1", "no_return"),
        ("def f(x):\n    return mystery(x)", "lost"),
        ("def f(x, y):\n    return x + y", "call"),
        ("def f(x, *, y=1, **more):\n    return x + y", ""),
    ],
)
def test_faults_of_what_was_taken(code: str, fault: str) -> None:
    found = of(code)
    assert found["fault"] == fault
    assert found["take"] == {"m.py": code}


def test_what_changed_and_what_is_new() -> None:
    found = find_changes(
        TEXT, TEXT.replace("RATE = 1", "RATE = 2\nWIDTH = 3").replace("def main():\n", "def main():\n\n")
    )
    assert found == "RATE = 2\nWIDTH = 3"


def test_a_refusal_has_its_cause() -> None:
    assert of("def f(x):\n    return (")["refuse"] == "syntax"
