"""Caches a project's answers: a later run doesn't repeat a question that a model answered at temperature 0.

Each answer is one small file under `.pelagos/answers`, named by the hash of the model's spec and of everything in the
request except its seed. A file is written whole or not at all, and a second write has the same content, so any number
of threads and processes may share the folder. The folder may be deleted at any time.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from agents.models.offline.replay import fingerprint
from agents.models.protocol import Reply, Request
from memory.artifacts import write_whole
from memory.files.disk_errors import translate_disk_errors
from memory.files.project_folder import project_folder
from memory.ledger.keys import step_key

FOLDER = "answers"


class AnswerCache:
    """The cached answers of one project."""

    def __init__(self, project: Path) -> None:
        self._folder = project_folder(project) / FOLDER

    def get(self, spec: str, request: Request) -> Reply | None:
        """Return the cached reply with zero tokens and seconds; None if there is none or its file is damaged."""
        try:
            reply = Reply.model_validate_json(self._file(spec, request).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return reply.model_copy(update={"tokens_in": 0, "tokens_out": 0, "seconds": 0.0})

    def put(self, spec: str, request: Request, reply: Reply) -> None:
        """Raises DiskFull."""
        file = self._file(spec, request)
        with translate_disk_errors(file):
            write_whole(file, reply.model_dump_json().encode())

    def _file(self, spec: str, request: Request) -> Path:
        request_hash = fingerprint(request.model_copy(update={"seed": 0}))
        return self._folder / f"{step_key(spec=spec, request=request_hash)}.json"
