"""The toolchain protocol: how plans for one kind of task are carried out; and the context handed to it.

A new domain is one folder: a class of this shape, registered under the entry-point group `pelagos.toolchains`
or shipped. It never imports `agents`; models come with the context.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel

from memory.artifacts import ArtifactStore
from memory.steps.steps import Steps
from pelagos.external_tools import TaskTools
from pelagos.nouns import (
    Audit,
    Build,
    Experiment,
    Fidelity,
    Hypothesis,
    Metric,
    NoveltyRule,
    Plan,
    Role,
    Split,
    Version,
)
from sandbox.protocol import Limits, Sandbox
from tools.evidence import Evidence
from tools.section import Section as Section

T = TypeVar("T", bound=BaseModel)
TaskT = TypeVar("TaskT", bound="Task")
TaskT_contra = TypeVar("TaskT_contra", bound="Task", contravariant=True)


@dataclass(frozen=True)
class Message:
    role: str  # system, user or assistant
    content: str


class RoleModel(Protocol):
    """One role's model: recorded, metered, retried within a bound. Raises ModelError and CapReached."""

    @property
    def strong(self) -> bool:
        """False for models of a few billion parameters: they get smaller questions and more drafts."""
        ...

    @property
    def rates(self) -> tuple[float | None, float | None]:
        """Tokens a second that the model reads and writes here, as measured lately; None before anything was."""
        ...

    def ask(
        self,
        messages: Sequence[Message],
        *,
        sample: int = 0,
        max_tokens: int = 1024,
        temperature: float = 0.7,
        stop: Sequence[str] = (),
    ) -> str:
        """The reply's text. `sample` is part of the key: N votes are N calls."""
        ...

    def ask_json(
        self,
        messages: Sequence[Message],
        schema: type[T],
        *,
        sample: int = 0,
        max_tokens: int = 1024,
        temperature: float = 0.7,
    ) -> T:
        """json_schema first, then parse, validate, re-ask; bounded. Raises BadReply."""
        ...

    def probability(self, messages: Sequence[Message], yes: str = "Yes", no: str = "No") -> float:
        """p(yes) / (p(yes) + p(no)) from the first answer token's log-probabilities (GenPRM's reward)."""
        ...


class Work(NamedTuple):
    """What a verifier reads: a problem, with what was done about it, and the steps that are judged."""

    problem: str
    steps: Sequence[str]


class Context(Protocol):
    """What a toolchain may use. `slots` is held while something heavy runs (contract 4)."""

    @property
    def project(self) -> Path:
        """The project's folder; a toolchain keeps what it makes under `.pelagos` in it."""
        ...

    @property
    def steps(self) -> Steps: ...
    @property
    def artifacts(self) -> ArtifactStore: ...
    @property
    def sandbox(self) -> Sandbox: ...

    def model(self, role: Role) -> RoleModel: ...
    def slot(self, cpus: float = 1.0) -> AbstractContextManager[None]: ...
    def cards(self, limits: Limits) -> AbstractContextManager[tuple[int, ...]]:
        """Hold the graphics cards that `limits` asks for, for `Spec.gpus`; before a slot is taken, never after."""
        ...

    def fidelity(self, version: Version) -> Fidelity | None:
        """Whether a version that ran does what its hypothesis says; None where nobody looks at that."""
        ...

    def rank(self, works: Sequence[Work]) -> list[int]:
        """Places of the works, best first, by the run's verifier; in their own order where none is asked. Raises
        CapReached and ModelUnavailable."""
        ...

    def criticise(self, work: Work) -> str:
        """What the run's verifier says against the steps that it holds for wrong, quoted as data; "" where none is
        asked. Raises CapReached and ModelUnavailable."""
        ...

    def say(self, text: str) -> None:
        """One line for whoever is watching."""
        ...


@dataclass(frozen=True)
class Briefing:
    """The task as ideation and planning see it.

    `targets` are the addresses a hypothesis may name, with one line each; `material(target)` is what a model needs
    to see to work on that target (for code: the definition with its contract and captured shapes).
    """

    topic: str
    description: str
    targets: Mapping[str, str]
    overview: str
    step_guide: str


@dataclass(frozen=True)
class Tool:
    """Something a plan's step can call."""

    name: str
    description: str
    schema: Mapping[str, Any]
    call: Callable[..., Any] | None = None


class Task(Protocol):
    """A validated task, whatever its toolchain."""

    @property
    def name(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def toolchain(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def metric(self) -> Metric: ...
    @property
    def guards(self) -> Sequence[Metric]: ...
    @property
    def seeds(self) -> Sequence[int]:
        """Seeds in the order they are spent; the first ones make the noise floor."""
        ...

    @property
    def papers(self) -> Path | None:
        """The task's own corpus: a JSONL file or a folder of them."""
        ...

    @property
    def novelty(self) -> NoveltyRule:
        """label: what the literature has is tried all the same, and said to be known; require: it is thrown out."""
        ...

    @property
    def digest(self) -> str:
        """Hash of everything that determines the task: a run folder belongs to one digest."""
        ...


@runtime_checkable
class Limited(Protocol):
    """A task that says beforehand what one of its experiments may take: it is refused where the machine has less."""

    @property
    def limits(self) -> Limits: ...


@runtime_checkable
class Listed(Protocol):
    """A task that says which files it consists of: a run copies those and no others of its folder."""

    @property
    def contents(self) -> Sequence[str]:
        """Posix paths below `folder`, each once."""
        ...


@runtime_checkable
class Noted(Protocol):
    """A task of which something should be known before it is run, though it is no fault."""

    @property
    def notes(self) -> Sequence[str]:
        """One line each."""
        ...


@runtime_checkable
class Consulting(Protocol):
    """A task that says something of tools from outside: further servers, and which tools it is offered."""

    @property
    def external(self) -> TaskTools: ...


@runtime_checkable
class Packaged(Protocol):
    """A task that brings packages of its own: they are made ready before the run begins."""

    def install(self) -> Path | None:
        """Raises BadInput, MissingPart and DiskFull."""
        ...


class Toolchain(Protocol[TaskT]):
    @property
    def name(self) -> str: ...

    def load(self, folder: Path) -> TaskT:
        """Validate the whole task before the first token. Raises BadInput with a line per fault."""
        ...

    def prepare(self, task: TaskT, context: Context) -> None:
        """Make the data the experiments and the evaluator need. Idempotent; called at start and at resume."""
        ...

    def brief(self, task: TaskT, context: Context) -> Briefing: ...

    def material(self, task: TaskT, target: str, context: Context) -> str:
        """What a model needs to see to work on `target`."""
        ...

    def tools(self, task: TaskT) -> Sequence[Tool]:
        """What plan steps can call; empty where the plan is carried out by writing code."""
        ...

    def baseline(self, task: TaskT, context: Context) -> Version: ...

    def build(self, task: TaskT, hypothesis: Hypothesis, plan: Plan, context: Context) -> Build:
        """Turn a plan into a version that runs: drafts, smoke runs, repairs. Failures are data."""
        ...

    def experiment(self, task: TaskT, version: Version, seed: int, split: Split, context: Context) -> Experiment:
        """Execute and score one version with one seed. Finished ones are never run again."""
        ...

    def evidence(
        self,
        task: TaskT,
        experiments: Sequence[Experiment],
        compared: Sequence[Experiment],
        confidence: float,
        context: Context,
    ) -> Evidence:
        """What the `experiments` of one version on one split show beside those of the version that it is `compared`
        with, on the same split. `confidence` is that of the effect's interval. The p-value must be valid for one look
        at independent data; which hypotheses were looked at before is the judge's business. `tools/paired` makes it
        of scores by seed."""
        ...

    def audit(self, task: TaskT, version: Version, context: Context) -> Audit:
        """Whether a version's result is earned; asked before it may count as supported.

        What it executes are steps like any other (contract 1). A false alarm is worse than a miss: a finding is a
        line of evidence that a person can check. Raises CapReached.
        """
        ...

    def diff(self, task: TaskT, version: Version, context: Context) -> str:
        """The change against the baseline, readable by a person."""
        ...

    def section(self, task: TaskT, context: Context) -> Section:
        """Made from what is recorded: nothing can be recorded here, a report changes no run. `tools/section.py` says
        what it can hold."""
        ...
