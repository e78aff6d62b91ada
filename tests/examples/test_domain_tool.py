"""The example of a domain tool passes the contract test, and is as short as it says."""

from __future__ import annotations

import ast

from sandbox.choose import choose
from tests.examples.places import EXAMPLES
from tools.analysis.contract.contract import check_tools
from tools.analysis.packs.registry import load_packs

FILE = EXAMPLES / "domain_tool" / "rank_tools.py"


def test_it_is_sound() -> None:
    found = load_packs([], [FILE])
    assert found["rank_trend"].relation == "feature ~ numeric"
    assert check_tools(found, choose()) == {"rank_trend": []}


def test_it_has_ten_lines_and_imports_nothing_of_pelagos() -> None:
    tree = ast.parse(FILE.read_text())
    [function] = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    body = function.body[1:]  # without the docstring
    assert (body[-1].end_lineno or 0) - body[0].lineno + 1 <= 10
    modules = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert modules == {"typing", "scipy.stats"}
