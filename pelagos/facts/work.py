"""Facts that steps record around their results: what is about to happen, spoiled attempts, lost costs."""

from __future__ import annotations

from pelagos.facts.fact import Cost, Fact


class Intent(Fact):
    """What a step is about, recorded before it is done; each kind of step sets the fields that it has. `reserved` is
    what the step may cost if it is paid for."""

    hypothesis: str | None = None
    version: str | None = None
    seed: int | None = None
    split: str | None = None
    content: str | None = None
    query: str | None = None
    role: str | None = None
    spec: str | None = None
    request: str | None = None
    sample: int | None = None
    reserved: Cost | None = None


class Failed(Fact):
    """The paid step of kind `of` and of this row's key has failed."""

    KIND = "failed"
    of: str = ""


class Attempt(Fact):
    """One try at the step `of` that the machinery spoiled, or that was killed from outside."""

    of: str = ""
    cause: str = ""
    hypothesis: str | None = None
    version: str | None = None
    seed: int | None = None
    split: str | None = None


class Lost(Fact):
    """What was spent without a result. `why` is cap, failed or killed; for a kill `intent` is the row of the step's
    intent and `of` its kind."""

    KIND = "lost"
    why: str = ""
    role: str | None = None
    spec: str = ""
    hypothesis: str | None = None
    error: str = ""
    of: str = ""
    intent: int | None = None
