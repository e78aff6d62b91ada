"""Replay: answers come from another run's ledger, and no model is needed.

A call is found by everything in it but the model that answered then. A call that was never made has no answer here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.folder import LEDGER
from agents.models.protocol import Limit, Reply, Request
from memory.keys import step_key
from memory.ledger import Ledger
from pelagos.errors import BadInput, ModelUnavailable


class Recorded:
    """`run` is a run folder, or a ledger file. Reads it once, when made. Raises BadInput if there is none."""

    local = False
    strong = False

    def __init__(self, run: Path) -> None:
        path = run if run.is_file() else run / LEDGER
        if not path.is_file():
            raise BadInput(f"model spec replay:{run}: no ledger at {path}")
        self._run = run
        ledger = Ledger.read(path)
        facts = [event.payload for event in ledger.events("model")]
        ledger.close()
        self._replies: dict[str, dict[str, Any]] = {fact["request"]: fact for fact in facts}
        self.strong = any(fact.get("strong") for fact in facts)

    @property
    def spec(self) -> str:
        return f"replay:{self._run}"

    def complete(self, request: Request, limit: Limit) -> Reply:
        fact = self._replies.get(fingerprint(request))
        if fact is None:
            begins = request.messages[-1].content[:60] if request.messages else ""
            raise ModelUnavailable(
                f"{self.spec}: no recorded answer for {request.role}, sample {request.sample}, seed {request.seed}, "
                f"asked {' '.join(begins.split())!r}"
            )
        return Reply(**{name: fact[name] for name in Reply.model_fields if name in fact})

    def close(self) -> None:
        """Nothing is held open."""


def fingerprint(request: Request) -> str:
    """Hash of everything in a request, whichever model answers it."""
    parts = request.model_dump(mode="json", exclude={"messages"})
    return step_key(**parts, messages=[[message.role, message.content] for message in request.messages])
