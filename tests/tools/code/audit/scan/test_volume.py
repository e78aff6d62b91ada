from __future__ import annotations

import random
import string
from pathlib import Path

import pytest

import tools.code.audit
from tools.code.audit.scan.volume import MAX_ADDED, check_volume
from tools.code.program.program import Program

DRAW = random.Random(3)
BASE = "import numpy as np\n\n\ndef fit(x, y):\n    return np.linalg.lstsq(x, y, rcond=None)[0]\n"


def check_added(added: str, baseline: str = BASE) -> list[str]:
    return check_volume(
        Program({"train.py": baseline + added}, ("train.py",)), Program({"train.py": baseline}, ("train.py",))
    )


def make_noise(length: int, of: str = string.ascii_letters + string.digits) -> str:
    return "".join(DRAW.choices(of, k=length))


WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
CHEATS = {
    "bytes of text": "\n".join(f"p{n} = f('{make_noise(30)}')" for n in range(1200)),
    "are no prose": "def f():\n    '''" + "\n    ".join(make_noise(60) for _ in range(60)) + "'''\n",
    "that are no prose": "".join(f"# {make_noise(60, string.digits)}\n" for _ in range(60)),
    "characters of comments": "def f():\n    '''" + " ".join(DRAW.choices(WORDS, k=1800)) + "'''\n",
    "names that hold numbers": "class K:\n"
    + "".join(f"    a{make_noise(6, string.digits)} = None\n" for _ in range(60)),
    "names of": "class K:\n" + "".join(f"    {make_noise(24, string.ascii_letters)} = None\n" for _ in range(120)),
}


@pytest.mark.parametrize("expected", CHEATS)
def test_answers_in_what_no_scan_reads_take_room(expected: str) -> None:
    lines = check_added(CHEATS[expected])
    assert any(expected in line for line in lines), lines
    assert check_added("", BASE + CHEATS[expected]) == []  # the task's own


SOURCES = sorted(Path(tools.code.audit.__file__).parents[1].rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_honest_modules_are_far_below(path: Path) -> None:
    """Each file of this toolchain, added whole, is larger than a hypothesis' change."""
    assert check_added(path.read_text()) == []


def test_a_large_rewrite_is_no_finding() -> None:
    whole = "\n".join(path.read_text() for path in SOURCES if "audit" in path.parts)
    assert len(whole) > MAX_ADDED
    code = "\n".join(line for line in whole.splitlines() if "#" not in line and '"""' not in line)
    assert not [line for line in check_added(code) if "bytes of text" in line and len(code) < 2 * MAX_ADDED]
