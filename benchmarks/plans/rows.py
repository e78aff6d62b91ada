"""Rows of a resumable JSONL file: one finished result a line; a line that a kill cut short is no row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows in order; nothing if the file is missing. Raises ValueError for a bad line before the last one."""
    lines = path.read_text("utf-8").split("\n") if path.exists() else []
    for number, text in enumerate(lines, 1):
        try:
            if text:
                yield json.loads(text)
        except ValueError:
            if number < len(lines):
                raise ValueError(f"{path}: line {number} is not JSON: remove it") from None


def append_row(path: Path, row: Row) -> None:
    """Append one row. A line that was cut short before is removed first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        file.seek(0)
        held = file.read()
        file.truncate(held.rfind(b"\n") + 1)
        file.write(json.dumps(row).encode() + b"\n")
