"""Makes code of a reply readable for the parser by rules that leave no doubt, only where it doesn't parse as it is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from functools import partial

import libcst as cst

from pelagos.errors import EditRefused
from tools.code.program import Function
from tools.code.recovery.characters import with_plain_characters
from tools.code.recovery.layout import (
    without_diff_signs,
    without_numbers,
    without_prompts,
    without_shared_indentation,
)
from tools.code.recovery.statements import assigned, whole_statements
from tools.code.splice import parse

MAX_LINES = 1_500  # of code that doesn't parse, longer texts aren't tried: the parser runs many times
RULES: tuple[Callable[[str], str], ...] = (
    without_prompts,
    without_numbers,
    without_diff_signs,
    without_shared_indentation,
    with_plain_characters,
)


def readable(code: str, needed: Collection[str] = ()) -> cst.Module:
    """The code as a module; each rule works on what the one before has left, up to the first that makes it parse. The
    last leaves out what isn't Python, but not the only definition of one of `needed`.
    Raises EditRefused(syntax) about the code as it was written, where no rule helps."""
    try:
        return parse(code)
    except EditRefused as refused:
        if code.count("\n") > MAX_LINES:
            raise
        mended, margin, last = code, assigned(code), partial(whole_statements, needed=needed)
        rules: list[Callable[[str], str]] = [*RULES, last]
        for rule in rules:
            mended = rule(mended)
            if _defines(mended, margin):
                return parse(mended)
        raise refused from None


def _defines(code: str, margin: set[str]) -> bool:
    """Whether it parses and holds a definition, or an assignment that stood at the margin before: what was indented may
    be a part of a function."""
    try:
        compile(code, "reply", "exec", dont_inherit=True)
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return False
    return any(isinstance(node, (*Function, ast.ClassDef)) for node in body) or bool(assigned(code) & margin)
