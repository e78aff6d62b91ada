"""What the tools of the MCP server return. All texts that a run wrote are cleaned and cut (`app/mcp/clean.py`)."""

from __future__ import annotations

from pydantic import BaseModel, Field


class RunSummary(BaseModel):
    run: str
    task: str = ""
    state: str = Field(description="running, finished, capped, waiting, starved, failed, interrupted, crashed, damaged")
    reason: str = ""
    kept: int = 0
    executed: int = 0
    promising: int = 0
    supported: int = 0


class RunList(BaseModel):
    runs: list[RunSummary]
    total: int


class Budget(BaseModel):
    name: str
    spent: float
    cap: float | None = None
    unit: str = ""


class Progress(BaseModel):
    """`waiting`: hypotheses that wait for `decide`."""

    run: str
    task: str
    state: str
    reason: str
    activity: str
    learned: str
    next_verdict: str
    funnel: dict[str, int]
    budgets: list[Budget]
    waiting: list[str]
    notes: list[str]


class HypothesisRow(BaseModel):
    """`state` is the verdict (promising, supported, refuted, equivalent, undecided, suspect, not tested), or the stage.
    `effect` is positive where it is better, in the metric's unit; `low` and `high` bound its interval."""

    id: str
    title: str
    state: str
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    seeds: int = 0
    novelty: str = ""


class HypothesisPage(BaseModel):
    metric: str
    hypotheses: list[HypothesisRow]
    total: int
    next_offset: int | None = None


class Waiting(BaseModel):
    """A decision that is wanted. Give `seen` back with it."""

    seen: str
    decision: str = ""


class HypothesisDetail(HypothesisRow):
    statement: str
    target: str
    why: str = Field(description="why the verdict is what it is")
    did: list[str] = Field(description="measured differences from the baseline")
    is_that_what_was_done: str
    suspect: list[str]
    claim: str = Field(description="the test on sealed data, '' where there was none")
    fault: str = Field(description="why no version of it runs, '' where one does")
    steps: list[str]
    diff: str
    lesson: str
    experiments: list[str]
    waiting: Waiting | None = None


class Decided(BaseModel):
    hypothesis: str
    decision: str
    replaced: str
    next: str


class Started(BaseModel):
    """A run that goes on in a process of its own; ask `status` for it."""

    run: str
    pid: int
    next: str


class ReportText(BaseModel):
    run: str
    markdown: str
    next_offset: int | None = None
    total_chars: int


class EarlierIdea(BaseModel):
    id: str
    title: str
    task: str
    cosine: float
    status: str = Field(description="dead end, worked, promising, open, pending or untested")
    result: str
    lesson: str


class NearPaper(BaseModel):
    paper: str
    title: str
    date: str
    cosine: float
    word: str = Field(description="same, variation or different; '' below the threshold")
    reason: str


class IdeaReport(BaseModel):
    """`fate`: what a run of the task would do with the idea."""

    title: str
    statement: str
    task: str
    fate: str
    reason: str
    rule: str
    novelty: str
    novelty_reason: str
    compared_by: str
    earlier: list[EarlierIdea]
    papers: list[NearPaper]
    unreached: list[str]
