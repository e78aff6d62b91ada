"""The protocol of a model: request, reply and time limit. Three providers implement it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from pelagos.nouns import Role
from tools.toolchain import Message


class Request(BaseModel):
    """One completion. Everything here, and the model spec, is part of the call's key."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    role: Role
    messages: Sequence[Message]
    sample: int = 0
    seed: int = 0
    max_tokens: int = 1024
    temperature: float = 0.7
    stop: Sequence[str] = ()
    schema_: Mapping[str, Any] | None = None
    top_logprobs: int = 0


class Reply(BaseModel):
    """`first_logprobs`: token -> natural log-probability at the first generated position.

    `tokens_read` counts the prompt tokens that were processed, without those in the prompt cache. `read_s` and
    `write_s` are the seconds for reading the prompt and for writing; a provider that can't separate them reports all as
    `write_s`. `remarks` lists what the provider had to do without, one line each: a refused json_schema, a missing
    token count.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    tokens_in: int
    tokens_out: int
    seconds: float
    tokens_read: int = 0
    read_s: float = 0.0
    write_s: float = 0.0
    finish: str = "stop"
    first_logprobs: Mapping[str, float] = {}
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class TimeLimit:
    """How long a provider waits. `deadline` is a time of the monotonic clock, None for no deadline.

    A streaming provider gives up after `silence_s` seconds without a piece; one that gets the answer whole gives up
    after `answer_s` seconds.
    """

    silence_s: float
    answer_s: float
    deadline: float | None = None


class Model(Protocol):
    """A provider of completions. Raises ModelUnavailable or ModelTimeout. It doesn't retry, record or meter."""

    @property
    def spec(self) -> str: ...
    @property
    def local(self) -> bool:
        """Whether it computes on this machine and so uses CPU slots."""
        ...

    @property
    def strong(self) -> bool: ...
    def complete(self, request: Request, limit: TimeLimit) -> Reply: ...
    def close(self) -> None: ...


@runtime_checkable
class WithOrigin(Protocol):
    """A model that knows the origin of its weights: path, source, licence, sha256; empty before they are loaded."""

    @property
    def origin(self) -> Mapping[str, str]: ...


@runtime_checkable
class Probeable(Protocol):
    """A remote model that can be asked whether it answers."""

    def probe(self) -> None:
        """Raises MissingPart."""
        ...
