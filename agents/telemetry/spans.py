"""Turns the events of a run's ledger into spans: the run, its hypotheses, nodes, model calls, scorings and experiments.

It is fed the rows in their order, by one thread. Only ids, numbers and words of ours become attributes: titles, causes
in a program's words, prompts and replies stay here, unless `read_messages` is given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from agents.models.spec import parse_spec
from agents.telemetry import names
from memory.ledger.ledger import Event
from pelagos.errors import BadInput, PelagosError
from pelagos.facts.calls import Call, Completed, ModelFault, Scoring
from pelagos.facts.drive import Ending, Entered, Estimate, Started, Stopped
from pelagos.facts.fact import INTENT, Cost
from pelagos.facts.ideas import PlanRanking
from pelagos.facts.reader import read_row
from pelagos.nouns import Claim, Experiment, Lesson, OutcomeKind, Verdict

MAX_MESSAGE_CHARS = 20_000
"""Longest content of one message; the rest is left out."""
INTENTS = frozenset(f"{kind}{INTENT}" for kind in ("experiment", Completed.KIND, PlanRanking.KIND))
"""Rows that tell when what became a fact began."""
Attributes = Mapping[str, str | int | float | bool | list[str] | None]
ReadMessages = Callable[[str], Any]


class RunSpans:
    """`run` is the run's name. `read_messages` returns the messages of an artifact."""

    def __init__(self, tracer: Tracer, run: str, began: float, read_messages: ReadMessages | None = None) -> None:
        self._tracer, self._read_messages = tracer, read_messages
        self._run = self._open(names.RUN_SPAN, began, None, {names.RUN: run})
        self._hypotheses: dict[str, Span] = {}
        self._nodes: dict[str, Span] = {}  # by lane
        self._intents: dict[tuple[str, str], Event] = {}  # by the fact's kind and key
        self._last_at = began
        self._folds: dict[str, Callable[[Any, Event], None]] = {
            "run.started": self._describe_run,
            "run.ended": self._end_run,
            "run.stopped": self._end_run,
            "node": self._enter,
            "pace": self._begin_hypothesis,
            "model": self._add_call,
            "model.fault": self._add_fault,
            "completion": self._add_completion,
            "scoring": self._add_scoring,
            "plans.ranked": self._add_ranking,
            "experiment": self._add_experiment,
            "verdict": self._add_verdict,
            "claim": self._add_claim,
            "lesson": self._end_hypothesis,
        }

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of rows that spans are made of; the others need not be handed over."""
        return frozenset({*self._folds, *INTENTS})

    def fold(self, event: Event) -> None:
        self._last_at = event.at
        if event.kind in INTENTS:
            self._intents[event.kind.removesuffix(INTENT), event.key] = event
            return
        fold = self._folds.get(event.kind)
        if fold is not None:
            fold(read_row(event), event)

    def close(self, lost: int = 0) -> None:
        """End every span that is open; `lost` events were not folded."""
        if lost:
            self._set(self._run, {names.EVENTS_LOST: lost})
        for span in (*self._nodes.values(), *self._hypotheses.values(), self._run):
            self._close(span)

    def _describe_run(self, started: Started, event: Event) -> None:
        self._set(self._run, {names.TASK: started.task, names.TOOLCHAIN: started.toolchain})

    def _begin_hypothesis(self, estimate: Estimate, event: Event) -> None:
        self._find_parent(estimate.hypothesis)

    def _add_claim(self, claim: Claim, event: Event) -> None:
        self._set(self._find_parent(claim.hypothesis), {names.CLAIM_HELD: claim.held})

    def _end_hypothesis(self, lesson: Lesson, event: Event) -> None:
        self._close(self._hypotheses.pop(lesson.hypothesis, None))

    def _end_run(self, ending: Ending | Stopped, event: Event) -> None:
        self._set(self._run, {names.STATUS: ending.status})
        if ending.status in ("failed", "crashed", "stopped", "starved"):
            self._run.set_status(Status(StatusCode.ERROR, ending.status))

    def _enter(self, entered: Entered, event: Event) -> None:
        """Open a node's span and close the one before in the same lane. A lane's key is lane/hypothesis/node/visit."""
        parts = event.key.split("/")
        lane = parts[0] if len(parts) == 4 else ""
        self._close(self._nodes.pop(lane, None))
        attributes = {names.NODE: entered.node, names.HYPOTHESIS: entered.hypothesis or None, names.LANE: lane or None}
        parent = self._find_parent(entered.hypothesis)
        self._nodes[lane] = self._open(f"{names.NODE_SPAN} {entered.node}", event.at, parent, attributes)

    def _find_parent(self, hypothesis: str | None) -> Span:
        """Return the span of the hypothesis, opened now if there is none yet; the run's where there is none."""
        if not hypothesis:
            return self._run
        if hypothesis not in self._hypotheses:
            attributes = {names.HYPOTHESIS: hypothesis}
            self._hypotheses[hypothesis] = self._open(names.HYPOTHESIS_SPAN, self._last_at, self._run, attributes)
        return self._hypotheses[hypothesis]

    def _add_call(self, call: Call, event: Event) -> None:
        attributes = {
            **_describe_model(call.spec),
            names.ROLE: call.role,
            names.HYPOTHESIS: call.hypothesis,
            names.REQUEST_SEED: call.seed,
            names.INPUT_TOKENS: call.tokens_in,
            names.OUTPUT_TOKENS: call.tokens_out,
            names.FINISH_REASONS: [call.finish],
            names.KEPT_REPLY: call.kept,
            names.USD: call.cost.usd,
            **self._show_messages(call),
        }
        name = f"{names.CHAT} {attributes[names.REQUEST_MODEL]}"
        self._add(name, event.at - call.seconds, event.at, call.hypothesis, attributes, SpanKind.CLIENT)

    def _show_messages(self, call: Call) -> Attributes:
        if self._read_messages is None:
            return {}
        try:
            messages = self._read_messages(call.messages)
        except (PelagosError, OSError):
            return {}
        asked = [_make_message(message["role"], message["content"]) for message in messages]
        answered = [{**_make_message("assistant", call.text), "finish_reason": call.finish}]
        return {names.INPUT_MESSAGES: json.dumps(asked), names.OUTPUT_MESSAGES: json.dumps(answered)}

    def _add_fault(self, fault: ModelFault, event: Event) -> None:
        attributes = {**_describe_model(fault.spec), names.ROLE: fault.role, names.HYPOTHESIS: fault.hypothesis}
        name = f"{names.CHAT} {attributes[names.REQUEST_MODEL]}"
        cause = _first_word(fault.cause) or "unknown"
        self._add(name, event.at, event.at, fault.hypothesis, attributes, SpanKind.CLIENT, cause)

    def _add_completion(self, completion: Completed, event: Event) -> None:
        """The fact names no hypothesis: its intent does."""
        begun = self._intents.pop((event.kind, event.key), event)
        hypothesis = begun.payload.get("hypothesis") or None
        attributes: dict[str, Any] = {
            names.OPERATION: names.TEXT_COMPLETION,
            names.PROVIDER: "openai",
            names.REQUEST_MODEL: completion.spec.rpartition("/")[2],
            names.ROLE: completion.role,
            names.HYPOTHESIS: hypothesis,
            names.INPUT_TOKENS: completion.read,
            names.OUTPUT_TOKENS: completion.written,
        }
        name = f"{names.TEXT_COMPLETION} {attributes[names.REQUEST_MODEL]}"
        self._add(name, begun.at, event.at, hypothesis, attributes, SpanKind.CLIENT)

    def _add_scoring(self, scoring: Scoring, event: Event) -> None:
        self._add_scores(scoring.verifier, event.at - scoring.seconds, event, scoring.hypothesis, scoring.cost)

    def _add_ranking(self, ranking: PlanRanking, event: Event) -> None:
        """Only what a verifier's own model read is a span here: calls and completions have theirs."""
        begun = self._intents.pop((event.kind, event.key), event)
        scored = next((plan for plan in ranking.plans if plan.verifier), None)
        if scored is not None and ranking.cost.tokens:
            self._add_scores(scored.verifier, begun.at, event, scored.hypothesis, ranking.cost)

    def _add_scores(self, verifier: str, began: float, event: Event, hypothesis: str | None, cost: Cost) -> None:
        attributes: dict[str, Any] = {
            names.OPERATION: names.SCORE_STEPS,
            names.PROVIDER: names.SERVICE,
            names.REQUEST_MODEL: verifier.rpartition("/")[2],
            names.VERIFIER: verifier.rpartition("/")[2],
            names.ROLE: "verifier",
            names.HYPOTHESIS: hypothesis,
            names.INPUT_TOKENS: cost.tokens,
            names.OUTPUT_TOKENS: 0,
        }
        name = f"{names.SCORE_STEPS} {attributes[names.REQUEST_MODEL]}"
        self._add(name, began, event.at, hypothesis, attributes, SpanKind.CLIENT)

    def _add_experiment(self, experiment: Experiment, event: Event) -> None:
        attributes: Attributes = {
            names.EXPERIMENT: experiment.id,
            names.VERSION: experiment.version,
            names.HYPOTHESIS: experiment.hypothesis,
            names.SEED: experiment.seed,
            names.SPLIT: experiment.split,
            names.OUTCOME: experiment.outcome.value,
            names.SCORE: experiment.score,
        }
        begun = self._intents.pop((event.kind, event.key), None)
        began = begun.at if begun else event.at - experiment.seconds
        failed = experiment.outcome is not OutcomeKind.OK
        fault = (_first_word(experiment.cause) or experiment.outcome.value) if failed else ""
        self._add(names.EXPERIMENT_SPAN, began, event.at, experiment.hypothesis, attributes, fault=fault)

    def _add_verdict(self, verdict: Verdict, event: Event) -> None:
        effect = verdict.effect
        attributes: Attributes = {
            names.VERDICT: verdict.kind.value,
            names.SUSPECT: bool(verdict.suspect),
            names.EFFECT: effect.value if effect else None,
            names.EFFECT_LOW: effect.low if effect else None,
            names.EFFECT_HIGH: effect.high if effect else None,
        }
        self._set(self._find_parent(verdict.hypothesis), attributes)

    def _add(
        self,
        name: str,
        began: float,
        ended: float,
        hypothesis: str | None,
        attributes: Attributes,
        kind: SpanKind = SpanKind.INTERNAL,
        fault: str = "",
    ) -> None:
        """Add a span that is over; `fault` is the class of what went wrong."""
        span = self._open(name, began, self._find_parent(hypothesis), attributes, kind)
        if fault:
            span.set_attribute(names.ERROR_TYPE, fault)
            span.set_status(Status(StatusCode.ERROR, fault))
        span.end(_to_nanoseconds(ended))

    def _open(
        self, name: str, began: float, parent: Span | None, attributes: Attributes, kind: SpanKind = SpanKind.INTERNAL
    ) -> Span:
        context = set_span_in_context(parent) if parent else None
        span = self._tracer.start_span(name, context, kind, start_time=_to_nanoseconds(began))
        self._set(span, attributes)
        return span

    def _set(self, span: Span, attributes: Attributes) -> None:
        for name, value in attributes.items():
            if value is not None:
                span.set_attribute(name, value)

    def _close(self, span: Span | None) -> None:
        if span is not None:
            span.end(_to_nanoseconds(self._last_at))


def _describe_model(spec: str) -> dict[str, Any]:
    """Return provider and model; the address of an endpoint may hold a password, so it is left out."""
    try:
        parsed = parse_spec(spec)
    except BadInput:
        return {names.OPERATION: names.CHAT, names.PROVIDER: "unknown", names.REQUEST_MODEL: "unknown"}
    name = "replay" if parsed.kind == "replay" else parsed.name.rpartition("/")[2] or parsed.kind
    return {names.OPERATION: names.CHAT, names.PROVIDER: parsed.kind, names.REQUEST_MODEL: name}


def _make_message(role: str, content: str) -> dict[str, Any]:
    """Return a message in the form of the conventions, cut before it becomes JSON, so that collectors can read it."""
    return {"role": role, "parts": [{"type": "text", "content": content[:MAX_MESSAGE_CHARS]}]}


def _first_word(cause: str) -> str:
    """Return the class of a cause: what follows it may be a program's own words."""
    return cause.partition(":")[0].strip()[:60]


def _to_nanoseconds(at: float) -> int:
    return int(at * 1e9)
