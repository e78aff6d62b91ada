"""What a model is asked and what it answers: one small protocol, three providers behind it."""

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

    `tokens_read` are the prompt tokens that were really read, without those a slot had read before. `read_s` and
    `write_s` are the seconds for reading and for writing; where they are not told apart, all of them are `write_s`.
    `remarks` says what the provider had to do without, one line each: a refused json_schema, a missing token count.
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
class Limit:
    """How long a provider waits. `deadline` is a moment of the monotonic clock; None: there is none.

    A provider that hears how a request goes on gives up after a silence of `silence_s` seconds; one that gets the
    answer in one piece gives up after `answer_s` seconds.
    """

    silence_s: float
    answer_s: float
    deadline: float | None = None


class Model(Protocol):
    """A provider. Raises ModelUnavailable or ModelTimeout; retrying, recording and metering are not its job."""

    @property
    def spec(self) -> str: ...
    @property
    def local(self) -> bool:
        """True if it computes on this machine and so takes CPU slots."""
        ...

    @property
    def strong(self) -> bool: ...
    def complete(self, request: Request, limit: Limit) -> Reply: ...
    def close(self) -> None: ...


@runtime_checkable
class Sourced(Protocol):
    """A model that knows where its weights come from: path, source, licence, sha256; empty before they are loaded."""

    @property
    def origin(self) -> Mapping[str, str]: ...


@runtime_checkable
class Probed(Protocol):
    """A model somewhere else, of which one can ask whether it is there."""

    def probe(self) -> None:
        """Raises MissingPart."""
        ...
