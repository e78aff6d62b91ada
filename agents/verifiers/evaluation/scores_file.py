"""The raw step scores of an evaluation, a JSON line per problem.

So an evaluation goes on where it stopped, and every threshold is applied later without asking the verifier again. The
first line says what the scores are of. A line that a kill cut is dropped when the file is opened again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from agents.verifiers.protocol import StepScores, Usage
from pelagos.errors import BadInput
from pelagos.visible import replace_surrogates


class Row(BaseModel):
    """The scores of the problem `key`; `fault` says why there are none."""

    key: str
    scores: list[float] = []
    votes: list[list[float]] = []
    reasons: list[str] = []
    read: int = 0
    written: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    checks: int = 0
    unrecorded: int = 0
    fault: str = ""

    @classmethod
    def of(cls, key: str, result: StepScores) -> Row:
        votes = [list(vote) for vote in result.votes]
        return cls(
            key=key, scores=result.scores, votes=votes, reasons=list(result.reasons), **result.usage._asdict()
        )  # fmt: skip

    @property
    def usage(self) -> Usage:
        return Usage(self.read, self.written, self.flops, self.seconds, self.checks, self.unrecorded)


class ScoresFile:
    """`about` identifies verifier, model and data: a file of others, or one that can't be read, is refused with
    BadInput."""

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path, self.about, self.rows = path, dict(about), dict[str, Row]()
        head = json.dumps(about).encode()
        found = _read_bytes(path) if path.exists() else b""
        if not head.startswith(found):
            self._read(about, found)
        else:  # none there, or a kill cut its first line
            path.unlink(missing_ok=True)
            self._append(head.decode())

    def add(self, row: Row) -> None:
        """Append a row; it is on disk when this returns."""
        self._append(row.model_dump_json())
        self.rows[row.key] = row

    def _append(self, line: str) -> None:
        with self.path.open("ab") as file:
            file.write(replace_surrogates(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, about: Mapping[str, Any], data: bytes) -> None:
        whole, mark, _ = data.rpartition(b"\n")
        head, *lines = whole.split(b"\n")
        try:
            found = json.loads(head)
            rows = [Row.model_validate_json(line) for line in lines]
        except (ValueError, ValidationError):
            raise BadInput(f"{self.path}: is no file of scores: name another --out") from None
        differing = [name for name in about if not isinstance(found, dict) or found.get(name) != about[name]]
        if differing:
            raise BadInput(
                f"{self.path}: holds scores made with a different {', '.join(differing)}: name another --out"
            )
        os.truncate(self.path, len(whole) + len(mark))
        self.rows = {row.key: row for row in rows}


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror}: name another --out") from None
