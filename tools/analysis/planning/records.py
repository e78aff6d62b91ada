"""What planning leaves in the ledger: objectives, their exploration, revisions, runs of calls, proposals."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pelagos.facts.fact import Fact
from pelagos.nouns import Hypothesis
from tools.analysis.findings import Call, Finding

Family = Literal["features", "sets", "outcomes", "others"]
FAMILIES: tuple[Family, ...] = ("features", "sets", "outcomes", "others")


class Objective(BaseModel):
    """One thing that the data could answer. `subject` is the metadata column or feature that it is about, `column`
    the one that says what kind a sample is, where the question needs it, or the outcome of slopes. `chain` is exposure,
    mediator and outcome."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    question: str
    relation: str
    family: Family
    subject: str
    column: str = ""
    chain: tuple[str, ...] = ()

    @property
    def named(self) -> list[str]:
        """The columns and features that it names beside its subject."""
        return [name for name in (*self.chain, self.column) if name and name != self.subject]


class Chosen(Fact):
    """The objective that is explored next, and who chose it."""

    KIND = "analysis.chosen"
    objective: str = ""
    offered: list[str] = []
    by: str = ""


class CallsRun(Fact):
    """Calls that were carried out on one data set. `tables` and `figures` map the index of a call to an artifact;
    `dataset` is the hash of the data that they left, where these were kept for the next call."""

    KIND = "analysis.run"
    calls: list[Call] = []
    data: str = ""
    outcome: str = ""
    cause: str = ""
    failed_call: int | None = None
    tables: dict[int, str] = {}
    figures: dict[int, str] = {}
    provenance: list[str] = []
    states: list[str] = []
    summary: dict[str, Any] = {}
    log: str = ""
    seconds: float = 0.0
    permuted: str = ""
    dataset: str = ""

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"


class Ranking(Fact):
    """The workflows of an objective as they were offered, and the verifier's order of them, best first."""

    KIND = "analysis.workflows"
    workflows: list[list[Call]] = []
    order: list[int] = []


class Revision(Fact):
    """One change of a workflow after a call's result: what happened, and what is done instead. `rule` is what was done,
    `options` are all that were possible; `seen` is what was known of the data after the call."""

    KIND = "analysis.revision"
    objective: str = ""
    before: list[Call] = []
    after: list[Call] = []
    reason: str = ""
    by: str = "rule"
    rule: str = ""
    options: list[str] = []
    seen: str = ""


class Dropped(BaseModel):
    """A row that became no hypothesis, and why."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    entity: str
    reason: str


class Explored(Fact):
    """The result of one objective on the discovery samples."""

    KIND = "analysis.explored"
    objective: Objective = Objective(id="", question="", relation="", family="others", subject="")
    calls: list[Call] = []
    table: str = ""
    entities: int = 0
    significant: int = 0
    findings: list[Finding] = []
    dropped: list[Dropped] = []
    failure: str = ""


class Proposed(Fact):
    """The finding that a hypothesis, this row's key, says in words. `rejected` are rationales that were refused."""

    KIND = "analysis.proposed"
    hypothesis: Hypothesis | None = None
    finding: Finding | None = None
    dropped: list[Dropped] = []
    rejected: list[Dropped] = []
