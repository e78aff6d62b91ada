"""Parses code of a reply; if it does not parse, applies unambiguous rules until it does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from functools import partial

import libcst as cst

from pelagos.errors import EditRefused
from tools.code.program.program import FUNCTION_NODES
from tools.code.program.recovery.characters import replace_look_alikes
from tools.code.program.recovery.layout import (
    remove_diff_signs,
    remove_line_numbers,
    remove_prompts,
    remove_shared_indentation,
)
from tools.code.program.recovery.statements import find_assigned_names, keep_whole_statements
from tools.code.program.splice import parse

MAX_LINES = 1_500  # longer code that does not parse is not recovered: the parser runs many times
RULES: tuple[Callable[[str], str], ...] = (
    remove_prompts,
    remove_line_numbers,
    remove_diff_signs,
    remove_shared_indentation,
    replace_look_alikes,
)


def parse_tolerantly(code: str, required: Collection[str] = ()) -> cst.Module:
    """The code as a module. The rules are applied one after the other until the code parses. The last rule removes text
    that is not Python, but not the only definition of a name in `required`. Raises EditRefused(syntax) about the
    original code if no rule helps."""
    try:
        return parse(code)
    except EditRefused as refused:
        if code.count("\n") > MAX_LINES:
            raise
        recovered, margin_names = code, find_assigned_names(code)
        rules: list[Callable[[str], str]] = [*RULES, partial(keep_whole_statements, required=required)]
        for rule in rules:
            recovered = rule(recovered)
            if _is_recovered(recovered, margin_names):
                return parse(recovered)
        raise refused from None


def _is_recovered(code: str, margin_names: set[str]) -> bool:
    """Whether code parses and has a definition, or an assignment that was at the margin originally: an indented one may
    be a part of a function."""
    try:
        compile(code, "reply", "exec", dont_inherit=True)
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return False
    return any(isinstance(node, (*FUNCTION_NODES, ast.ClassDef)) for node in body) or bool(
        find_assigned_names(code) & margin_names
    )
