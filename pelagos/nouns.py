"""Defines the nouns of the house as the ledger stores them, in JSON.

Scores are in the metric's own unit and direction. Effects are *oriented*: positive is better,
whatever the metric's direction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Role = Literal["ideator", "planner", "coder", "verifier", "extractor"]
Split = Literal["smoke", "validation", "sealed", "control", "control-regions", "control-shifted", "control-sealed"]
NoveltyRule = Literal["label", "require"]


class Noun(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"

    @property
    def sign(self) -> int:
        """+1 where higher is better, -1 where lower is better."""
        return 1 if self is Direction.UP else -1


class Metric(Noun):
    name: str
    direction: Direction
    unit: str = ""
    min_effect: float = Field(gt=0, description="least change worth having, in the metric's unit")

    def effect(self, score: float, baseline: float) -> float:
        """Return the oriented difference: positive is better, in both directions."""
        return self.direction.sign * (score - baseline)


class OutcomeKind(StrEnum):
    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    OOM = "oom"
    PIDS = "pids"
    DISK = "disk"
    KILLED = "killed"
    INVALID = "invalid"


class Paper(Noun):
    id: str
    title: str
    abstract: str
    year: int | None = None
    finding: str = ""
    url: str = ""
    authors: list[str] = []
    date: str = Field("", description="first published, ISO; '' where only the year is known")
    ids: dict[str, str] = Field({}, description="the same paper elsewhere: arxiv, doi, openalex, semanticscholar")
    source: str = ""
    version: str = ""
    retrieved: str = Field("", description="when a source gave it, ISO")
    text: str = Field("", description="visible full text where it is at hand, bounded; never in the ledger")
    snippet: str = Field("", max_length=6_000, description="how its technique is written in code; Markdown")


class RankedPaper(Noun):
    paper: Paper
    topic: float
    attributes: float
    reason: str = ""

    @property
    def score(self) -> float:
        return min(self.topic, self.attributes)


class Hypothesis(Noun):
    """One idea. `target` is an address the toolchain offered (`path::qualified.name` for code). `predicted_effect` is
    None where the model that had the idea is not asked to predict."""

    id: str
    title: str
    statement: str
    rationale: str
    predicted_effect: float | None = None
    refuted_by: str
    target: str
    papers: list[str] = []


class Step(Noun):
    """One step of a plan. Fields that an earlier version gave it are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str
    call: dict[str, Any] | None = None


class Plan(Noun):
    id: str
    hypothesis: str
    steps: list[Step]
    step_scores: list[float] = []
    score: float | None = None
    verifier: str = Field(
        "", description="who scored the steps; empty: nobody, or an earlier version did not record it"
    )
    step_reasons: list[str] = Field(
        [], description="what the verifier wrote about each step; empty: it gives no reasons"
    )
    scoring_tokens: int = Field(0, description="tokens that the verifier's model computed for these scores")
    revision: int = Field(0, description="how often a reviewer had the hypothesis planned anew before")
    note: str = Field("", description="a reviewer's words, for whoever carries it out")
    knowhow: list[str] | None = Field(
        None,
        description="notes on how the technique is written, for whoever carries it out; none: nothing is looked up",
    )
    observations: list[str] = Field(
        [], description="what tools from outside answered to its steps, for whoever carries it out"
    )


class Version(Noun):
    """One state of what is run. `content` is an artifact whose format belongs to the toolchain."""

    id: str
    hypothesis: str | None
    plan: str | None
    content: str
    summary: str = ""


CAUSES_WITHOUT_CODE = frozenset({"model", "no_edit"})
"""Causes of a try for which the model gave no code."""


class Try(Noun):
    """One attempt to make a plan run: a draft or a repair, and its result."""

    index: int
    kind: Literal["draft", "repair"]
    cause: str
    detail: str = ""
    version: str | None = None


class Build(Noun):
    """The result of a plan: the version that runs, or why there is none."""

    id: str
    hypothesis: str
    plan: str
    version: str | None
    cause: str
    tries: list[Try] = []

    @property
    def without_code(self) -> bool:
        """Whether no reply of the model held code, or the model gave no reply."""
        return self.cause == "reply" or bool(
            self.tries and all(item.cause in CAUSES_WITHOUT_CODE for item in self.tries)
        )


class Experiment(Noun):
    """One execution of one version with one seed on one split."""

    id: str
    version: str
    hypothesis: str | None
    seed: int
    split: Split
    outcome: OutcomeKind
    cause: str = ""
    score: float | None = None
    replicates: str = Field("", description="artifact: scores on the split's fixed item resamples, JSON list")
    guards: dict[str, float] = {}
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    peak_gpu_mb: float = 0.0
    peak_disk_mb: float = Field(0.0, description="most that its temporary files held at once")
    isolation: str = ""
    data: str = Field("", description="hash of the data it saw and was scored on")
    origin: str = Field("", description="run and experiment that it was taken over from; '' where this run made it")
    files: dict[str, str] = Field({}, description="name -> artifact: log, predictions, traceback")


class VerdictKind(StrEnum):
    PROMISING = "promising"
    SUPPORTED = "supported"
    REFUTED = "refuted"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


class Effect(Noun):
    """One version against another on one split: the oriented difference of their mean scores over their common seeds,
    with an interval over seeds and items; all in the metric's unit."""

    value: float
    low: float | None = Field(None, description="None: the interval is unbounded there")
    high: float | None = Field(None, description="None: the interval is unbounded there")
    p_value: float | None = Field(
        None, description="one-sided, of no effect or a worse one; None: an earlier version did not record it"
    )
    seeds: int = 0
    baseline_score: float | None = None
    score: float | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The interval's ends, infinite where it is unbounded."""
        return -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high

    def without_weight(self) -> Effect:
        """Return this effect with the p-value 1."""
        return self.model_copy(update={"p_value": 1.0})


FLAT_EFFECT_FIELDS = frozenset(Effect.model_fields) - {"value"}
"""Numbers of an effect that earlier versions stored flat, as fields of the fact."""


def nest_effect(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the payload with the numbers of its effect as one effect, where an earlier version stored them flat.
    Today's payloads are returned as they are."""
    value = payload.get("effect")
    if isinstance(value, Effect | Mapping):
        return payload
    rest = {name: field for name, field in payload.items() if name not in FLAT_EFFECT_FIELDS}
    numbers = {name: payload[name] for name in FLAT_EFFECT_FIELDS if name in payload}
    return {**rest, "effect": None if value is None else {"value": value, **numbers}}


class Measured(Noun):
    """A noun that rests on an effect; the effect is None where nothing could be compared."""

    effect: Effect | None = None

    @property
    def gain(self) -> float:
        """The effect's size; 0 if there is none."""
        return self.effect.value if self.effect else 0.0

    @model_validator(mode="before")
    @classmethod
    def _lift(cls, payload: Any) -> Any:
        return nest_effect(payload) if isinstance(payload, Mapping) else payload


class Verdict(Measured):
    """What the effect against the baseline on validation data comes to. Validation data alone make a version promising;
    only a claim that holds on sealed data makes it supported."""

    id: str
    hypothesis: str
    kind: VerdictKind
    reason: str = ""
    evidence: list[str] = Field([], description="experiment ids")
    suspect: list[str] = Field([], description="why the result isn't believed, one line each; empty: it is")


class Claim(Measured):
    """One test of a promising version on sealed data, at a `level` that was reserved before they were touched. `left`
    is what is left of the level for these data. The effect is that on sealed data."""

    id: str
    hypothesis: str
    version: str
    against: str = Field("", description="the version it was compared with: the baseline, or one matched to it")
    carried: list[str] = Field([], description="what it brings along that its hypothesis doesn't say, one line each")
    level: float
    left: float
    held: bool
    concluded: bool = Field(True, description="False: a cap cut it short; it may go on at the same level")
    reason: str
    touches: int = Field(0, description="looks at these sealed data so far, over all runs of the project")
    evidence: list[str] = Field([], description="experiment ids")

    @property
    def ending(self) -> str:
        """How the claim ended, as a predicate to the subject "the claim"."""
        if not self.concluded:
            return "was cut short"
        return "holds" if self.held else "does not hold"


class Signature(Noun):
    """What a version did, measured; `id` is the version's. `names`: kind -> sorted names with notable arguments. Empty
    amounts or names were not observed. A program may lie about it: it names what was done and proves nothing."""

    id: str
    hypothesis: str | None = None
    amounts: dict[str, float] = Field({}, max_length=200)
    names: dict[str, Annotated[list[str], Field(max_length=400)]] = Field({}, max_length=50)


class Audit(Noun):
    """What a toolchain's checks found against a version's result; without findings it is believed. `id` is the
    version's. `checks` are those that were made, `evidence` the experiments they rest on.
    """

    id: str
    findings: list[str] = []
    checks: list[str] = []
    evidence: list[str] = []


class Answer(StrEnum):
    IMPLEMENTS = "implements"
    PARTLY = "partly"
    DIFFERS = "doesn't"
    UNSETTLED = "can't tell"


class Fidelity(Noun):
    """Whether a version does what its hypothesis says. `description` says what was done; it was made without sight of
    the hypothesis. `id` is the version's; `by`: who gave the answer: marks, a model, a person.
    """

    id: str
    hypothesis: str
    description: str
    answer: Answer
    evidence: list[str] = []
    by: str = ""


class Lesson(Measured):
    """The causal record of one hypothesis: what changed, by how much, what it cost, why it failed."""

    id: str
    hypothesis: str
    title: str
    target: str
    verdict: VerdictKind | None
    suspect: bool = Field(False, description="its result isn't believed")
    failure: str = ""
    cut_short: bool = Field(False, description="undecided since the run was stopped: it says nothing about the idea")
    seconds: float = 0.0
    tokens: int = 0
    diff: str = Field("", description="artifact: unified diff or the toolchain's own rendering of the change")
    did: str = Field("", description="what it did differently from the baseline, measured; one line")
    text: str = ""
