"""Facts about calls of models and embedders, and about outages of their endpoints."""

from __future__ import annotations

from pelagos.facts.fact import Cost, Fact


class Call(Fact):
    """A model's reply to one request. `spec` is the model that answered, `request` the hash of the request, `messages`
    the artifact that holds it; `reask` is the number of earlier asks; `kept` marks an earlier run's reply. A row
    without `hypothesis` is of an earlier version."""

    KIND = "model"
    role: str = ""
    spec: str = ""
    hypothesis: str | None = None
    request: str = ""
    sample: int = 0
    seed: int = 0
    reask: int = 0
    strong: bool = False
    messages: str = ""
    wasted_tokens: int = 0
    kept: bool = False
    text: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    tokens_read: int = 0
    read_s: float = 0.0
    write_s: float = 0.0
    finish: str = "stop"
    first_logprobs: dict[str, float] = {}
    remarks: list[str] = []
    cost: Cost = Cost()


class Completed(Fact):
    """A completion of a verifier's own server. `tokens` and `likely` hold what is read of the text: one token and the
    log-probabilities of those that were listed in its place."""

    KIND = "completion"
    role: str = ""
    spec: str = ""
    request: str = ""
    text: str = ""
    tokens: list[str] = []
    likely: list[dict[str, float]] = []
    read: int = 0
    written: int = 0
    cost: Cost = Cost()


class Scoring(Fact):
    """What a verifier with a model of its own computed for a ranking of programs: its cost are tokens that it read.
    Calls of the run's models and completions have facts of their own."""

    KIND = "scoring"
    verifier: str = ""
    hypothesis: str | None = None
    seconds: float = 0.0
    cost: Cost = Cost()


class ModelFault(Fact):
    """A call that failed, or a reply that could not be used."""

    KIND = "model.fault"
    role: str = ""
    spec: str = ""
    hypothesis: str | None = None
    cause: str = ""
    error: str = ""
    cost: Cost = Cost()


class ModelFile(Fact):
    """Where the weights come from."""

    KIND = "model.file"
    path: str = ""
    source: str = ""
    licence: str = ""
    sha256: str = ""


class Outage(Fact):
    """An endpoint is away; it is asked again in `next_s` seconds."""

    KIND = "outage"
    spec: str = ""
    reason: str = ""
    next_s: float = 0.0


class OutageOver(Fact):
    """The endpoint answers again, after so many seconds."""

    KIND = "outage.over"
    spec: str = ""
    seconds: float = 0.0


class Switch(Fact):
    """A role asks `spec` from now on, and asked `before` until now. `back` says that the first choice is there
    again."""

    KIND = "model.switch"
    role: str = ""
    spec: str = ""
    before: str = ""
    back: bool = False


class Embedded(Fact):
    """Vectors that an endpoint gave: one row of `dims` numbers for each text, as base64 of little-endian floats.
    `texts` are hashes."""

    KIND = "embedding"
    embedder: str = ""
    texts: list[str] = []
    dims: int = 0
    float32: str = ""


class Vector(Fact):
    """The vector by which a hypothesis, this row's key, is compared."""

    KIND = "vector"
    embedder: str = ""
    dims: int = 0
    float32: str = ""
