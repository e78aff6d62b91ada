"""Finds workflows: paths of typed calls from the data's states to a tool that tests an objective's relation.

Each state is produced at most once. A transformation is taken where something later requires its state, or where it is
a choice: filtering, normalisation, batch correction. Two orders of the same calls are one workflow. The batch stands in
the model of the test where the tool allows it, also after a correction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tools.analysis.design import Design
from tools.analysis.findings import Call
from tools.analysis.packs.spec import ToolSpec
from tools.analysis.planning.records import Objective
from tools.analysis.planning.workflows.arguments import adjusts, fill_arguments
from tools.analysis.states import State

CHOICES = frozenset({State.FILTERED, State.NORMALISED, State.BATCH_CORRECTED})
ORDER = {state: place for place, state in enumerate(State)}
MAX_CALLS, MAX_OFFERED = 7, 6


@dataclass(frozen=True)
class Workflow:
    """`tools` are the specs of the calls; the last one tests. `adjusted`: covariates and batch are in its model."""

    calls: tuple[Call, ...]
    tools: tuple[ToolSpec, ...]
    adjusted: bool

    @property
    def states(self) -> frozenset[str]:
        """The states that it produces."""
        return frozenset(str(spec.produces) for spec in self.tools[:-1])

    @property
    def steps(self) -> list[str]:
        """One line per call, for a verifier or a person."""
        return [describe_call(call, spec) for call, spec in zip(self.calls, self.tools, strict=True)]


def describe_call(call: Call, spec: ToolSpec) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in call["arguments"].items())
    return f"{spec.summary} [{spec.name}({arguments})]"


@dataclass(frozen=True)
class Search:
    """The search for one objective. `missing`: whether the data have missing values."""

    specs: Mapping[str, ToolSpec]
    objective: Objective
    design: Design
    states: frozenset[str]
    missing: bool
    sets: bool = True
    paired: bool = False

    def workflows(self) -> list[Workflow]:
        """Return all workflows that test the objective, the plainest first. Those without covariates and batch in the
        model come only where no tool can have them."""
        targets = [spec for spec in self.specs.values() if self._is_target(spec)]
        able = [spec for spec in targets if adjusts(spec, self.design, self.paired)]
        found = [workflow for spec in able or targets for workflow in self.paths(spec)]
        return sorted(found, key=lambda workflow: _rank_by_default(workflow, self.paired))

    def paths(self, target: ToolSpec, before: Sequence[Call] = ()) -> list[Workflow]:
        """Return the workflows that end in `target` and begin with the calls `before`."""
        arguments = fill_arguments(target, self.objective, self.design)
        if arguments is None or (target.parameter_of("sets") and not self.sets):
            return []
        last: Call = {"tool": target.name, "arguments": arguments}
        tools = [self.specs[call["tool"]] for call in before]
        states = self._after(tools)
        made: list[Workflow] = []
        for path in self._extend(tuple(tools), states, target):
            calls = [*before, *(self._call(spec) for spec in path[len(before) :]), last]
            made.append(Workflow(tuple(calls), (*path, target), adjusts(target, self.design, self.paired)))
        return made

    def permits(self, calls: Sequence[Call]) -> bool:
        """Whether each call finds the states that it requires and none that it refuses."""
        states = self.states
        for spec in (self.specs[call["tool"]] for call in calls):
            if not _suits(spec, states):
                return False
            states = states if spec.tests else self._add(states, spec)
        return True

    def produces(self, call: Call, state: State) -> bool:
        return bool(self.specs[call["tool"]].produces == state)

    def list_calls(self, state: State) -> Iterator[Call]:
        """Yield the calls that produce a state, with the arguments that the design gives."""
        for spec in self.specs.values():
            arguments = self._fill_arguments(spec) if spec.produces == state else None
            if arguments is not None:
                yield {"tool": spec.name, "arguments": arguments}

    def _extend(
        self, path: tuple[ToolSpec, ...], states: frozenset[str], target: ToolSpec
    ) -> Iterator[tuple[ToolSpec, ...]]:
        if self._fits(target, states) and _is_minimal((*path, target), self.missing):
            yield path
        if len(path) >= MAX_CALLS - 1:
            return
        for spec in self.specs.values():
            if self._may_follow(spec, path, states):
                yield from self._extend((*path, spec), self._add(states, spec), target)

    def _may_follow(self, spec: ToolSpec, path: tuple[ToolSpec, ...], states: frozenset[str]) -> bool:
        """Whether the tool comes next in the one order of its calls that counts: by state, unless it needs the call
        before it."""
        if spec.tests or not self._fits(spec, states) or str(spec.produces) in states:
            return False
        if any(used.produces == spec.produces for used in path):
            return False
        if spec.produces == State.BATCH_CORRECTED and self.design.batch is None:
            return False
        in_order = not path or ORDER[State(path[-1].produces)] < ORDER[State(spec.produces)]
        needed = bool(path) and (path[-1].produces in spec.requires)
        return (in_order or needed) and self._fill_arguments(spec) is not None

    def _fits(self, spec: ToolSpec, states: frozenset[str]) -> bool:
        complete = not self.missing or State.IMPUTED in states or not spec.refuses_missing
        return _suits(spec, states) and complete

    def _is_target(self, spec: ToolSpec) -> bool:
        return spec.tests and spec.relation == self.objective.relation

    def _after(self, tools: Sequence[ToolSpec]) -> frozenset[str]:
        states = self.states
        for spec in tools:
            states = self._add(states, spec)
        return states

    def _add(self, states: frozenset[str], spec: ToolSpec) -> frozenset[str]:
        return (states - spec.removes) | {str(spec.produces)}

    def _call(self, spec: ToolSpec) -> Call:
        return {"tool": spec.name, "arguments": self._fill_arguments(spec) or {}}

    def _fill_arguments(self, spec: ToolSpec) -> dict[str, Any] | None:
        return fill_arguments(spec, self.objective, self.design)


def offer(workflows: Sequence[Workflow], count: int = MAX_OFFERED) -> list[Workflow]:
    """Return at most `count` of the workflows, of as many testing tools as there are, the plainest of each first."""
    by_target: dict[str, list[Workflow]] = {}
    for workflow in workflows:
        by_target.setdefault(workflow.tools[-1].name, []).append(workflow)
    turns = zip_longest(*by_target.values())
    return [workflow for turn in turns for workflow in turn if workflow is not None][:count]


def _suits(spec: ToolSpec, states: frozenset[str]) -> bool:
    return spec.requires <= states and not spec.refuses & states


def _is_minimal(path: Sequence[ToolSpec], missing: bool) -> bool:
    """Whether each transformation is a choice, or is required by a later call. `missing`: whether values are."""
    for place, spec in enumerate(path[:-1]):
        later = path[place + 1 :]
        needed = any(spec.produces in after.requires for after in later)
        completes = missing and spec.produces == State.IMPUTED and any(after.refuses_missing for after in later)
        rescues = any(after.refuses & spec.removes for after in later)
        if not (needed or completes or rescues or spec.produces in CHOICES):
            return False
    return True


def _rank_by_default(workflow: Workflow, paired: bool) -> tuple[object, ...]:
    """Comparisons within subjects where samples are paired, and only there; measured values before imputed ones; the
    batch in the model before a correction; filtered and normalised before not."""
    states = workflow.states
    within_subjects = workflow.tools[-1].parameter_of("subject") is not None
    return (
        not workflow.adjusted,
        within_subjects != paired,
        State.IMPUTED in states,
        State.BATCH_CORRECTED in states,
        State.FILTERED not in states,
        State.NORMALISED not in states,
        len(workflow.calls),
        [call["tool"] for call in workflow.calls],
    )
