"""Facts about where hypotheses come from and how they are compared: papers, searches, lessons, screening."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from pelagos.facts.fact import Cost, Fact
from pelagos.nouns import Experiment, Plan, RankedPaper


class Survey(Fact):
    """The papers, the best first; the ids in `kept` go into ideation. `corpus` is the number that was found, `library`
    the number of shipped ones that follow; `floor` says that too few were good enough."""

    KIND = "survey"
    attributes: dict[str, Any] | None = None
    papers: list[RankedPaper] = []
    kept: list[str] = []
    floor: bool = False
    ranking: str = ""
    corpus: int = 0
    library: int = 0
    purity: dict[str, Any] | None = None


class Searched(Fact):
    """`papers` is the artifact that holds what was found, `answered` the sources."""

    KIND = "search"
    query: str = ""
    answered: list[str] = []
    hits: int = 0
    papers: str = ""


class Recalled(Fact):
    """One lesson as the model is shown it, and how near and surprising it is."""

    id: str = ""
    standing: str = ""
    relevance: float = 0.0
    surprise: float = 0.0
    text: str = ""


class Submission(Fact):
    """A version that somebody else wrote and the idea behind it: the run judges it and has no other hypothesis.
    `content` is the artifact that holds the version, in the toolchain's own form."""

    KIND = "submission"
    title: str = ""
    statement: str = ""
    target: str = ""
    content: str = ""


class Remembered(Fact):
    """The lessons that a hypothesis, this row's key, was written from."""

    KIND = "remembered"
    budget: int = 0
    tokens: int = 0
    items: list[Recalled] = []


class Hit(Fact):
    """A paper that is near the hypothesis: its cosine, and the extractor's answer if it was asked."""

    paper: str = ""
    title: str = ""
    date: str = ""
    cosine: float = 0.0
    word: Literal["same", "variation", "different"] | None = None
    reason: str = ""


class Novelty(Fact):
    """The verdict and what it rests on. `rediscovery` says that the known work is newer than the model's knowledge."""

    kind: Literal["novel", "known", "variation", "unknown"] = "unknown"
    reason: str = ""
    queries: list[str] = []
    hits: list[Hit] = []
    judged_by: int = 0
    rediscovery: bool = False


class Screened(Fact):
    """Whether a hypothesis was kept and why, its nearest in the bank, and what the literature has. `again` are the ids
    in the bank of earlier hypotheses that it takes up again."""

    KIND = "screened"
    hypothesis: str = ""
    tau: float | None = None
    kept: bool = False
    reason: str = ""
    nearest: str = ""
    cosine: float | None = None
    again: list[str] = []
    novelty: str = ""
    novelty_reason: str = ""
    literature: Novelty | None = None
    paper: str = ""
    paper_cosine: float | None = None


class KnowhowNote(Fact):
    """A note on how a technique is written."""

    title: str = ""
    source: str = ""
    text: str = ""


class Knowhow(Fact):
    """The notes for a hypothesis, this row's key. `docstrings` says whether docstrings of libraries may be added."""

    KIND = "knowhow"
    notes: list[KnowhowNote] = []
    docstrings: bool = False


class OfferedSkills(Fact):
    """The skills that planning was offered for a hypothesis, this row's key, as far as their text went."""

    KIND = "skills"
    skills: list[KnowhowNote] = []


class Adopted(Fact):
    """The experiments that a version, this row's key, takes over from the hypothesis `origin` of an earlier run."""

    model_config = ConfigDict(populate_by_name=True)

    KIND = "adopted"
    hypothesis: str | None = None
    origin: str = Field("", alias="from")
    experiments: list[Experiment] = []


class Foreseen(Fact):
    """A plan's step scores by the verifier, and the result of the plan."""

    KIND = "verifier.outcome"
    plan: str = ""
    hypothesis: str = ""
    verifier: str = ""
    step_scores: list[float] = []
    score: float | None = None
    ran: bool = False
    cause: str = ""
    tries: int = 0
    fidelity: str | None = None
    verdict: str | None = None
    effect: float | None = None


class PlanRanking(Fact):
    """All plans of a hypothesis' revision with their scores, in the order in which they were proposed; the ids in
    `order`, best first, go on. Its cost are tokens that a verifier's own model read."""

    KIND = "plans.ranked"
    plans: list[Plan] = []
    order: list[str] = []
    cost: Cost = Cost()
