"""What a toolchain may be able to do besides: a protocol each. Having the methods is enough."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pelagos.nouns import Audit, Build, Hypothesis, Plan, Signature, Step, Version
from pelagos.settings import Settings
from tools.toolchain import Context, TaskT, TaskT_contra


@runtime_checkable
class Configured(Protocol):
    """A toolchain that reads settings of the project: it is told them before the run begins."""

    def configure(self, settings: Settings) -> None: ...


@runtime_checkable
class SealedAudit(Protocol[TaskT_contra]):
    """A toolchain that audits a winner on the sealed stage as well, before it is confirmed."""

    def audit_sealed(self, task: TaskT_contra, version: Version, seeds: Sequence[int], context: Context) -> Audit:
        """`seeds`: those that the sealed stage was run with. Raises CapReached."""
        ...


@runtime_checkable
class SealedData(Protocol[TaskT_contra]):
    """A toolchain that tells sealed data apart: tasks that differ in a program or a limit may share them."""

    def sealed_data(self, task: TaskT_contra, context: Context) -> str:
        """The hash of the sealed split's inputs and labels."""
        ...


@runtime_checkable
class Measured(Protocol[TaskT_contra]):
    """A toolchain that measures what a version did, so that a claim is tied to what was done."""

    def signature(self, task: TaskT_contra, version: Version, context: Context) -> Signature:
        """Of the baseline as well. A fact of kind `signature`, made once per version and task. Raises CapReached."""
        ...


@runtime_checkable
class Matched(Protocol[TaskT_contra]):
    """A toolchain that can let the baseline train as long as a version does: the two then differ in the idea alone."""

    def matched(
        self, task: TaskT_contra, version: Version, base: Signature, mine: Signature, context: Context
    ) -> Version | None:
        """The baseline's version whose signature shows as much training as `mine`, the signature of `version`; None
        where they train alike or it can't be made. It is run like any other version, on the seeds of `version`, whose
        hypothesis it is counted under. Raises CapReached."""
        ...


@runtime_checkable
class Proposing(Protocol[TaskT_contra]):
    """A toolchain whose hypotheses come from the task's own data, and which writes their plans itself: typed calls, so
    a version does what its plan says. No two of its hypotheses are the same, however alike their words are."""

    def propose(self, task: TaskT_contra, id: str, context: Context) -> Hypothesis | None:
        """The next hypothesis, called `id`; None where the data have no more. Lanes may ask at the same time. A second
        call with the same id gives the same one. Raises CapReached and ModelUnavailable."""
        ...

    def plans(self, task: TaskT_contra, hypothesis: Hypothesis, count: int, context: Context) -> list[list[Step]]:
        """At most `count` plans that test the hypothesis, different in kind; one at least."""
        ...


class Given(NamedTuple):
    """A version that somebody else wrote: what it changes (an address that the toolchain offers), its content as JSON,
    and a short name of it by its hash."""

    target: str
    content: Any
    name: str


@runtime_checkable
class Accepting(Protocol[TaskT_contra]):
    """A toolchain that takes a version which somebody else wrote, in place of building one."""

    def accept(self, task: TaskT_contra, source: Path) -> Given:
        """Read the version from a folder or a file. Raises BadInput where it isn't one of this task."""
        ...

    def adopt(self, task: TaskT_contra, hypothesis: Hypothesis, plan: Plan, content: str, context: Context) -> Build:
        """Make a build of the version in the artifact `content`, if it runs; like `build`, but no model is asked.
        Raises CapReached."""
        ...


@runtime_checkable
class Extensible(Protocol[TaskT]):
    """A toolchain whose tasks take the tools of a project besides those that they name themselves."""

    def extend(self, task: TaskT, tools: Sequence[Path]) -> TaskT:
        """The task with the drop-ins `tools`, .py files or folders of them; its digest stays what it is. Raises
        BadInput, a line for each that has a name which is the task's own."""
        ...

    def uses(self, task: TaskT, content: str, context: Context) -> Sequence[str]:
        """File names of the project's drop-ins that the version with this content may call: two runs measured the
        same where these are the same, too."""
        ...
