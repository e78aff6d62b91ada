"""Selects a know-how note for a program: the program imports its libraries, and its length is within the budget.

If none fits, the docstrings of the installed library functions that the hypothesis names are used instead.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from pelagos.nouns import Hypothesis
from tools.code.coding.knowhow import docstrings
from tools.code.program.program import Program

CUT = "[cut]"
LIBRARIES = frozenset({"torch", "sklearn", "scipy", "numpy", "pandas", "xgboost", "lightgbm", "jax", "tensorflow"})
_ALIASES = {"np": "numpy", "pd": "pandas"}
_USED_NAME = re.compile(r"^[ \t]*(?:from|import)[ \t]+(\w+)|\b(\w+)\.\w", re.MULTILINE)
_CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def select_note(notes: Sequence[str] | None, hypothesis: Hypothesis, program: Program, budget: int) -> str:
    """The text of the first note that fits, at most `budget` characters; "" if nothing fits. A note of prose is cut; a
    note whose code is too long is skipped."""
    if notes is None or not budget:
        return ""
    imported = find_imported_libraries(program)
    fitting = (_fit_note(note, budget) for note in notes if _required_libraries(note) <= imported)
    note = next((note for note in fitting if note), "")
    return note or docstrings.describe_functions(
        f"{hypothesis.title} {hypothesis.statement}", imported & LIBRARIES, budget
    )


def find_imported_libraries(program: Program) -> frozenset[str]:
    """The packages that the program imports anywhere, plus NumPy if it imports a library that depends on NumPy."""
    roots = {root for tree in program.trees.values() for node in ast.walk(tree) for root in _imported_packages(node)}
    return frozenset(roots | ({"numpy"} if roots & {"torch", "sklearn", "scipy", "pandas"} else set()))


def _imported_packages(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module.partition(".")[0]]
    return []


def _required_libraries(note: str) -> frozenset[str]:
    """The libraries of LIBRARIES that a note's code uses."""
    used = {groups[0] or groups[1] for block in _CODE_BLOCK.findall(note) for groups in _USED_NAME.findall(block)}
    return frozenset({_ALIASES.get(name, name) for name in used} & LIBRARIES)


def _fit_note(note: str, budget: int) -> str:
    """The note if it fits; else its title and first code block if these fit, else "". A note without code is cut at a
    line end."""
    if len(note) <= budget:
        return note
    code = _CODE_BLOCK.search(note)
    if code:
        title_and_code = f"{note.partition(chr(10))[0]}\n{code[0]}"
        return title_and_code if len(title_and_code) <= budget else ""
    lines = note[: budget - len(CUT) - 1].rpartition("\n")[0] or note[: budget - len(CUT) - 1]
    return f"{lines}\n{CUT}"
