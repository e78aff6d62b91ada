"""Finds predictions that may be embedded in a program: long tables of numbers, encoded texts, decoded constants.

Class names, numberings and banks of convolution kernels are honest tables (tables.py)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from tools.code.audit.scan.source import DECODERS, Finding, Source, fold
from tools.code.audit.scan.tables import Table, find_tables, is_plain, is_prose

MIN_NUMBERS, MIN_CHARACTERS, MIN_DECODED, MIN_PIECE, MIN_DIGITS = 64, 400, 40, 32, 4
MIN_SMALL_TABLE, SMALL_TABLES_FACTOR = 8, 4


def find_literals(source: Source, items: int) -> Iterator[Finding]:
    """`items` is the number of predictions; half as many numbers could hold a part of them."""
    yield from _check_scattered_constants(source, items)
    yield from _check_tables(find_tables(source), source, items)
    for node in source.nodes:
        if isinstance(node, ast.Constant) and id(node) not in source.docstrings:
            yield from _check_encoded_text(node, source, items)
    for call, full in source.calls():
        name = full or (f"bytes.{call.func.attr}" if isinstance(call.func, ast.Attribute) else "")
        text = fold(call.args[0]) if call.args else None
        if name in DECODERS and text and len(text) >= MIN_DECODED:
            yield source.finding(call, f"decodes data that stand in the program: {name} of {len(text)} characters")


def _check_tables(tables: Sequence[Table], source: Source, items: int) -> Iterator[Finding]:
    """A finding for each long table, and one for many short tables together."""
    min_numbers, numbers_in_small_tables = max(MIN_NUMBERS, items // 2), 0
    for table in tables:
        if is_plain(table):
            continue
        if len(table.numbers) >= min_numbers:
            yield source.finding(
                table.node, f"holds a table of {len(table.numbers)} numbers; {items} predictions are asked for"
            )
        elif len(table.numbers) >= MIN_SMALL_TABLE:
            numbers_in_small_tables += len(table.numbers)
    if numbers_in_small_tables >= max(SMALL_TABLES_FACTOR * MIN_NUMBERS, items):
        yield source.finding(
            source.tree, f"holds {numbers_in_small_tables} numbers in tables; {items} predictions are asked for"
        )


def _check_encoded_text(node: ast.Constant, source: Source, items: int) -> Iterator[Finding]:
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        digits = int(abs(node.value).bit_length() / 3.32)
        if digits >= max(MIN_NUMBERS, items // 2):
            yield source.finding(node, f"holds a number of about {digits} digits")
        return
    text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
    if not isinstance(text, str):
        return
    prose = is_prose(text)
    many_digits = len(re.findall(r"\d", text)) >= max(MIN_NUMBERS, items // 2)
    if (len(text) >= max(MIN_CHARACTERS, items // 2) and not prose) or (many_digits and not prose):
        yield source.finding(node, f"holds an encoded text of {len(text)} characters")


def _check_scattered_constants(source: Source, items: int) -> Iterator[Finding]:
    """Findings for many precise numbers and long texts without spaces, wherever they are in the file: the settings of
    an honest program are round and few."""
    constants = [node.value for node in source.nodes if isinstance(node, ast.Constant)]
    numbers = {
        value for value in constants if isinstance(value, (int, float)) and _significant_digits(value) >= MIN_DIGITS
    }
    if len(numbers) >= max(MIN_NUMBERS, items // 2):
        yield source.finding(source.tree, f"holds {len(numbers)} different numbers of {MIN_DIGITS} digits or more")
    pieces = [value for value in constants if isinstance(value, str) and not re.search(r"\s", value)]
    characters = sum(len(piece) for piece in pieces if len(piece) >= MIN_PIECE and not is_prose(piece))
    if characters >= max(MIN_CHARACTERS, items // 2):
        yield source.finding(source.tree, f"holds {characters} characters of texts without a space")


def _significant_digits(value: float) -> int:
    """Significant decimal digits; 1000 and 1e-4 have one."""
    return len(f"{abs(value):.9e}".partition("e")[0].replace(".", "").strip("0"))
