"""The rules by which the rest of a workflow is planned again after a call: each offers valid continuations, the one
that the rule prefers first. No rule looks at the values of the group, at validation or at sealed samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tools.analysis.findings import Call
from tools.analysis.packs.spec import Relation, ToolSpec
from tools.analysis.planning.hypotheses.follow_batch import has_batch
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.refinement.observation import Observation
from tools.analysis.planning.refinement.repair import list_repairs, loosen
from tools.analysis.planning.workflows.search import CHOICES, Search
from tools.analysis.states import State

MUCH_MISSING = 0.4
LARGE_BATCH_SHARE, NO_BATCH_SHARE = 0.1, 0.01
LEAST_LEFT = 0.2
"""Of the features: a filter that leaves fewer was too strict."""
LEAST_SAMPLES = 3
AS_PLANNED = "as planned"


class Continuation(NamedTuple):
    """A whole workflow that begins with calls that were carried out. `rule` names it among others, `reason` says why it
    is possible."""

    rule: str
    calls: list[Call]
    reason: str


@dataclass(frozen=True)
class Situation:
    """A workflow (`path`) of which `run` is what its first calls came to. `before` and `now` are what was known before
    the last of them and after it; `now` is None where it failed."""

    path: Sequence[Call]
    run: CallsRun
    before: Observation
    now: Observation | None
    search: Search

    @property
    def done(self) -> list[Call]:
        return list(self.run.calls)

    @property
    def rest(self) -> list[Call]:
        return list(self.path[len(self.run.calls) :])

    @property
    def last(self) -> ToolSpec:
        return self.search.specs[self.run.calls[-1]["tool"]]


def list_continuations(here: Situation) -> list[Continuation]:
    """Return what can be done instead of what was planned, or beside it, as the first rule that applies says; nothing
    where none does. The states of the data permit each; other faults of calls are for the caller to find."""
    if here.now is None:
        repairs = (Continuation(*each) for each in list_repairs(here.run, here.rest, here.search))
        return [each for each in repairs if here.search.permits(each.calls)]
    rules = (_after_strict_filter, _after_lost_samples, _fill_in, _without_filling, _filter_first, _with_batch)
    for rule in rules:
        found = [each for each in rule(here, here.now) if here.search.permits(each.calls)]
        if any(each.rule != AS_PLANNED for each in found):
            return found
    return []


def has_few_samples(now: Observation, search: Search) -> bool:
    """Whether a question about the group can't be tested any more."""
    about_group = search.objective.subject == search.design.group
    return about_group and now.smallest_group is not None and now.smallest_group < LEAST_SAMPLES


def _after_strict_filter(here: Situation, now: Observation) -> Iterator[Continuation]:
    if here.last.produces != State.FILTERED or now.features >= LEAST_LEFT * here.before.features:
        return
    reason = f"{here.last.name} left {now.features} of {here.before.features} features"
    looser = loosen(here.done[-1], here.search)
    if looser is not None:
        call, what = looser
        yield Continuation("a looser filter", [*here.done[:-1], call, *here.rest], f"{reason}; {what}")
    yield Continuation("without the filter", [*here.done[:-1], *here.rest], f"{reason}; it is left out")
    if now.features:
        yield Continuation(AS_PLANNED, list(here.path), f"{reason}; these are used")


def _after_lost_samples(here: Situation, now: Observation) -> Iterator[Continuation]:
    if has_few_samples(now, here.search) and here.last.produces in CHOICES:
        reason = f"{here.last.name} left {now.smallest_group} samples in the smaller group; it is left out"
        yield Continuation("without the call", [*here.done[:-1], *here.rest], reason)


def _fill_in(here: Situation, now: Observation) -> Iterator[Continuation]:
    """Values are missing that the next call refuses: zeros that log2 turned into missing ones, for instance."""
    if not now.missing or not here.rest or State.IMPUTED in here.run.states:
        return
    waiting = [here.search.specs[call["tool"]] for call in here.rest]
    refusing = next((spec for spec in waiting if spec.refuses_missing), None)
    if refusing is None or any(here.search.produces(call, State.IMPUTED) for call in here.rest):
        return
    place = len(here.done) + waiting.index(refusing)
    reason = f"{now.missing:.2%} of the values are missing after {here.last.name}, and {refusing.name} refuses them"
    for call in here.search.list_calls(State.IMPUTED):
        calls = [*here.path[:place], call, *here.path[place:]]
        yield Continuation("fill in", calls, f"{reason}; they are filled in before it")


def _without_filling(here: Situation, now: Observation) -> Iterator[Continuation]:
    without = [*here.done, *(call for call in here.rest if not here.search.produces(call, State.IMPUTED))]
    if not now.missing and now.features and len(without) < len(here.path):
        reason = f"nothing is missing after {here.last.name}; nothing is filled in"
        yield Continuation("without filling in", without, reason)


def _filter_first(here: Situation, now: Observation) -> Iterator[Continuation]:
    """Many values would be filled in: features that few samples measured are left out before."""
    filling = next((call for call in here.rest if here.search.produces(call, State.IMPUTED)), None)
    filtered = State.FILTERED in here.run.states or any(
        here.search.produces(call, State.FILTERED) for call in here.rest
    )
    if now.missing < MUCH_MISSING or filling is None or filtered:
        return
    reason = f"{now.missing:.0%} of the values are missing after {here.last.name}"
    place = here.path.index(filling)
    for call in here.search.list_calls(State.FILTERED):
        calls = [*here.path[:place], call, *here.path[place:]]
        yield Continuation("filter first", calls, f"{reason}; {call['tool']} comes before they are filled in")
    yield Continuation(AS_PLANNED, list(here.path), f"{reason}; all are filled in")


def _with_batch(here: Situation, now: Observation) -> Iterator[Continuation]:
    """Where the test can't have the batch in its model: correct the batch if it explains much, and don't if it explains
    nothing. A check of clusters asks whether they follow the batch, so that it comes as planned first."""
    share, search = now.batch_share, here.search
    if share is None or not here.rest:
        return
    correcting = [call for call in here.rest if search.produces(call, State.BATCH_CORRECTED)]
    if correcting and share < NO_BATCH_SHARE:
        without = [*here.done, *(call for call in here.rest if call not in correcting)]
        reason = f"batches explain {max(share, 0.0):.1%} of the variance after {here.last.name}; none is corrected"
        yield Continuation("without correction", without, reason)
        return
    target = search.specs[here.rest[-1]["tool"]]
    about_clusters = target.relation is Relation.CLUSTER_GROUP
    modelled = not about_clusters and has_batch(here.path, str(search.design.batch))
    if share < LARGE_BATCH_SHARE or correcting or modelled or State.BATCH_CORRECTED in here.run.states:
        return
    reason = f"batches explain {share:.0%} of the variance after {here.last.name}"
    planned = Continuation(AS_PLANNED, list(here.path), f"{reason}; it stays, and is said")
    corrected = [
        Continuation("correct the batch", list(path.calls), f"{reason}, and {target.name} has no model to hold them")
        for path in replace(search, missing=now.missing > 0).paths(target, here.done)
        if State.BATCH_CORRECTED in path.states and len(path.calls) == len(here.path) + 1
    ][:1]
    yield from [planned, *corrected] if about_clusters else [*corrected, planned]
