"""Predictions that stand in the program: long tables of numbers, long encoded texts, decoded constants.

Names of classes, numberings and banks of convolution kernels are tables too, and honest (tables.py)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from tools.code.audit.source import DECODERS, Finding, Source, fold
from tools.code.audit.tables import Table, is_plain, prose, tables

LEAST_NUMBERS, LEAST_CHARACTERS, LEAST_DECODED, LEAST_PIECE, PRECISE = 64, 400, 40, 32, 4
LEAST_SMALL, MANY = 8, 4


def literals(source: Source, items: int) -> Iterator[Finding]:
    """`items`: how many predictions are asked for; half as many numbers could hold them in part."""
    yield from _scattered(source, items)
    yield from _tables(tables(source), source, items)
    for node in source.nodes:
        if isinstance(node, ast.Constant) and id(node) not in source.docstrings:
            yield from _encoded(node, source, items)
    for call, full in source.calls():
        name = full or (f"bytes.{call.func.attr}" if isinstance(call.func, ast.Attribute) else "")
        text = fold(call.args[0]) if call.args else None
        if name in DECODERS and text and len(text) >= LEAST_DECODED:
            yield source.finding(call, f"decodes data that stand in the program: {name} of {len(text)} characters")


def _tables(held: Sequence[Table], source: Source, items: int) -> Iterator[Finding]:
    """One long table, or many short ones that come to as much twice over."""
    least, small = max(LEAST_NUMBERS, items // 2), 0
    for table in held:
        if is_plain(table):
            continue
        if len(table.numbers) >= least:
            yield source.finding(
                table.node, f"holds a table of {len(table.numbers)} numbers; {items} predictions are asked for"
            )
        elif len(table.numbers) >= LEAST_SMALL:
            small += len(table.numbers)
    if small >= max(MANY * LEAST_NUMBERS, items):
        yield source.finding(source.tree, f"holds {small} numbers in tables; {items} predictions are asked for")


def _encoded(node: ast.Constant, source: Source, items: int) -> Iterator[Finding]:
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        digits = int(abs(node.value).bit_length() / 3.32)
        if digits >= max(LEAST_NUMBERS, items // 2):
            yield source.finding(node, f"holds a number of about {digits} digits")
        return
    text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
    if not isinstance(text, str):
        return
    words = prose(text)
    digits = len(re.findall(r"\d", text)) >= max(LEAST_NUMBERS, items // 2)
    if (len(text) >= max(LEAST_CHARACTERS, items // 2) and not words) or (digits and not words):
        yield source.finding(node, f"holds an encoded text of {len(text)} characters")


def _scattered(source: Source, items: int) -> Iterator[Finding]:
    """Numbers of some precision and texts without spaces, however they are spread: settings are round and few."""
    constants = [node.value for node in source.nodes if isinstance(node, ast.Constant)]
    numbers = {value for value in constants if isinstance(value, (int, float)) and _digits(value) >= PRECISE}
    if len(numbers) >= max(LEAST_NUMBERS, items // 2):
        yield source.finding(source.tree, f"holds {len(numbers)} different numbers of {PRECISE} digits or more")
    pieces = [value for value in constants if isinstance(value, str) and not re.search(r"\s", value)]
    held = sum(len(piece) for piece in pieces if len(piece) >= LEAST_PIECE and not prose(piece))
    if held >= max(LEAST_CHARACTERS, items // 2):
        yield source.finding(source.tree, f"holds {held} characters of texts without a space")


def _digits(value: float) -> int:
    """Significant decimal digits; 1000 and 1e-4 have one."""
    return len(f"{abs(value):.9e}".partition("e")[0].replace(".", "").strip("0"))
