"""The nouns of the house, as the ledger stores them. JSON all the way down.

Scores are in the metric's own unit and direction. Effects are *oriented*: positive is better,
whatever the metric's direction.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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
        """Oriented difference: positive is better, in both directions."""
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
    """One step of a plan. `check` is something the toolchain can execute to see that the step is there."""

    text: str
    check: str = ""
    call: dict[str, Any] | None = None


class Plan(Noun):
    id: str
    hypothesis: str
    steps: list[Step]
    step_scores: list[float] = []
    score: float | None = None
    revision: int = Field(0, description="how often a reviewer had the hypothesis planned anew before")
    note: str = Field("", description="a reviewer's words, for whoever carries it out")


class Version(Noun):
    """One state of what is run. `content` is an artifact whose format belongs to the toolchain."""

    id: str
    hypothesis: str | None
    plan: str | None
    content: str
    summary: str = ""


WORDLESS = frozenset({"model", "no_edit"})
"""Causes of a try that got nothing to try from the model."""


class Try(Noun):
    """One attempt to make a plan run: a draft or a repair, with what became of it."""

    index: int
    kind: Literal["draft", "repair"]
    cause: str
    detail: str = ""
    version: str | None = None


class Build(Noun):
    """What became of a plan: the version that runs, or why there is none."""

    id: str
    hypothesis: str
    plan: str
    version: str | None
    cause: str
    tries: list[Try] = []
    checks: list[bool] = []

    @property
    def wordless(self) -> bool:
        """No reply of the model held any code, or there was none."""
        return self.cause == "reply" or bool(self.tries and all(one.cause in WORDLESS for one in self.tries))


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
    SUPPORTED = "supported"
    REFUTED = "refuted"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


class Verdict(Noun):
    """Oriented effect against the baseline with an interval over seeds and items; all in the metric's unit."""

    id: str
    hypothesis: str
    kind: VerdictKind
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    e_value: float | None = None
    seeds: int = 0
    baseline_score: float | None = None
    score: float | None = None
    reason: str = ""
    evidence: list[str] = Field([], description="experiment ids")
    suspect: list[str] = Field([], description="why the result isn't believed, one line each; empty: it is")


class Audit(Noun):
    """What a toolchain's checks found against a version's result; without findings it is believed. `id` is the
    version's. `checks` are those that were made, `evidence` the experiments they rest on.
    """

    id: str
    findings: list[str] = []
    checks: list[str] = []
    evidence: list[str] = []


class Lesson(Noun):
    """The causal record of one hypothesis: what changed, by how much, what it cost, why it failed."""

    id: str
    hypothesis: str
    title: str
    target: str
    verdict: VerdictKind | None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    suspect: bool = Field(False, description="its result isn't believed")
    failure: str = ""
    cut_short: bool = Field(False, description="undecided since the run was stopped: it says nothing about the idea")
    seconds: float = 0.0
    tokens: int = 0
    diff: str = Field("", description="artifact: unified diff or the toolchain's own rendering of the change")
    text: str = ""
