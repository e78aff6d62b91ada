"""Mutants: each is another program that compiles, changed at one place; texts and types stay as they are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.mutants.__main__ import ROOMS, ROOT, apply_mutant, find_mutants, find_tests
from benchmarks.mutants.changes import find_places, list_changes


def changed(code: str) -> set[str]:
    """The programs that one change makes of `code`."""
    found = set()
    for number in range(sum(1 for node, _ in find_places(ast.parse(code)) for _ in list_changes(node))):
        tree = ast.parse(code)
        put, new = [(put, new) for node, put in find_places(tree) for new in list_changes(node)][number]
        put(new)
        found.add(ast.unparse(ast.fix_missing_locations(tree)))
    return found


@pytest.mark.parametrize(
    ("code", "made"),
    [
        ("x = a < b", {"x = a <= b", "x = a >= b"}),
        ("x = a and b", {"x = a or b", "x = a", "x = b"}),
        ("x = a + b", {"x = a - b", "x = a"}),
        ("x = seen - known", {"x = seen + known", "x = seen"}),
        ("x = not a", {"x = a"}),
        ("x = 1 if a else b", {"x = 1", "x = b", "x = 2 if a else b"}),
        ("x = True", {"x = False"}),
        ("x = 'text'", set()),
        ("x = f'{a + 1}'", set()),
        ("x: int | None = a", set()),
        ("assert a < b", set()),
        ("x = a[1:]", {"x = a[2:]", "x = a[:]"}),
        ("x = min(a, key=f)", {"x = max(a, key=f)", "x = min(a)"}),
        ("x = sorted(a, key=f, reverse=True)", {
            "x = list(a)", "x = sorted(a, reverse=True)", "x = sorted(a, key=f)", "x = sorted(a, key=f, reverse=False)",
        }),
        ("x = [a for a in b if c]", {"x = [a for a in b]"}),
        ("x = {'a': b, 'c': d}", {"x = {'a': b}", "x = {'c': d}"}),
        ("x = (a, b)", {"x = (a,)", "x = (b,)"}),
        ("a, b = c", set()),
        ("settle(a)", {"pass"}),
        ("self.x = a", {"pass"}),
        ("raise a", {"pass"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("if a:\n    b = c", {"if not a:\n    b = c"}),
        ("with a:\n    b = c", {"if True:\n    b = c"}),
        ("'''Doc.'''", set()),
    ],
)  # fmt: skip
def test_what_may_stand_in_place(code: str, made: set[str]) -> None:
    assert changed(code) == made


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_files_and_each_has_tests(room: str) -> None:
    paths = [str(file.relative_to(ROOT)) for glob in ROOMS[room] for file in ROOT.glob(glob)]
    assert paths
    assert all(find_tests(path) for path in paths if Path(path).name != "__init__.py")


def test_a_mutant_is_found_again_compiles_and_differs() -> None:
    path = "tools/code/audit/access.py"
    found = list(find_mutants(path))
    plain, texts = ast.unparse(ast.parse((ROOT / path).read_text())), [apply_mutant(mutant) for mutant in found]
    assert len({mutant.number for mutant in found}) == len(found) == len(set(texts)) > 5
    assert plain not in texts
    for text in texts:
        compile(text, path, "exec")
    assert any("sorted(version_access)]" in text for text in texts)  # what the baseline does too isn't taken off
    assert find_tests(path)[0] == "tests/tools/code/audit/test_access.py"
