"""Replays the answers of another run's ledger, without any model.

A call is found by everything in its request, whichever model answered it then. A call that was never made has no
answer here.
"""

from __future__ import annotations

from pathlib import Path

from agents.models.protocol import Reply, Request, TimeLimit
from agents.setup.run_folder import LEDGER
from memory.ledger.keys import step_key
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput, ModelUnavailable
from pelagos.facts.calls import Call


class ReplayModel:
    """`run` is a run folder or a ledger file. It is read once, on construction. Raises BadInput if there is none."""

    local = False
    strong = False

    def __init__(self, run: Path) -> None:
        path = run if run.is_file() else run / LEDGER
        if not path.is_file():
            raise BadInput(f"model spec replay:{run}: no ledger at {path}")
        self._run = run
        ledger = Ledger.read(path)
        calls = ledger.facts(Call).values()
        ledger.close()
        self._replies = {call.request: call for call in calls}
        self.strong = any(call.strong for call in calls)

    @property
    def spec(self) -> str:
        return f"replay:{self._run}"

    def complete(self, request: Request, limit: TimeLimit) -> Reply:
        call = self._replies.get(fingerprint(request))
        if call is None:
            prompt_start = request.messages[-1].content[:60] if request.messages else ""
            raise ModelUnavailable(
                f"{self.spec}: no recorded answer for {request.role}, sample {request.sample}, seed {request.seed}, "
                f"asked {' '.join(prompt_start.split())!r}"
            )
        return Reply.model_validate(call, from_attributes=True)

    def close(self) -> None:
        """Nothing is held open."""


def fingerprint(request: Request) -> str:
    """Return the hash of everything in a request. The model that answers it is no part of it."""
    fields = request.model_dump(mode="json", exclude={"messages"})
    return step_key(**fields, messages=[[message.role, message.content] for message in request.messages])
