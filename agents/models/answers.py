"""Answers that hold for a whole project: what a model was once asked at temperature 0 isn't asked again by a later run.

One small file per answer under `.pelagos/answers`, named by the hash of the model's spec and of everything in the
request but its seed. A file is written whole or not at all, and whoever writes it a second time writes the same, so
any number of threads and processes may share the folder. It may be deleted at any time.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from agents.models.protocol import Reply, Request
from agents.models.recorded import fingerprint
from memory.artifacts import write_whole
from memory.faults import on_disk
from memory.hidden import hidden
from memory.keys import step_key

FOLDER = "answers"


class Answers:
    """The answers kept in one project."""

    def __init__(self, project: Path) -> None:
        self._folder = hidden(project) / FOLDER

    def get(self, spec: str, request: Request) -> Reply | None:
        """The kept reply, which costs nothing now; None where there is none or its file is damaged."""
        try:
            kept = Reply.model_validate_json(self._file(spec, request).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return kept.model_copy(update={"tokens_in": 0, "tokens_out": 0, "seconds": 0.0})

    def keep(self, spec: str, request: Request, reply: Reply) -> None:
        """Raises DiskFull."""
        file = self._file(spec, request)
        with on_disk(file):
            write_whole(file, reply.model_dump_json().encode())

    def _file(self, spec: str, request: Request) -> Path:
        asked = fingerprint(request.model_copy(update={"seed": 0}))
        return self._folder / f"{step_key(spec=spec, request=asked)}.json"
