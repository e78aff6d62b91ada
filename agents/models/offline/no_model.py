"""Stands for a model where nothing is to be asked: a run that judges what somebody else wrote."""

from __future__ import annotations

from typing import NoReturn

from agents.models.protocol import Request, TimeLimit
from pelagos.errors import ModelUnavailable


class NoModel:
    """A model that isn't strong and refuses every request."""

    spec = "none"
    local = True
    strong = False

    def complete(self, request: Request, limit: TimeLimit) -> NoReturn:
        """Raises ModelUnavailable."""
        raise ModelUnavailable(f"{request.role}: no model was named (none)")

    def close(self) -> None:
        """Nothing is held open."""
