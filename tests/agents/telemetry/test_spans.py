"""Events become spans: what failed is an error by its class alone, and what a stop leaves open is closed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agents.telemetry.spans import MAX_MESSAGE_CHARS, ReadMessages, RunSpans
from memory.ledger.ledger import Ledger
from pelagos.facts.calls import Call, ModelFault
from pelagos.facts.drive import Ending, Entered
from pelagos.nouns import Experiment, OutcomeKind


@contextmanager
def watch_ledger(ledger: Ledger, read: ReadMessages | None = None) -> Iterator[list[ReadableSpan]]:
    """Yield a list that holds the spans of the ledger's new rows when the context is left."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans, made = RunSpans(provider.get_tracer("t"), "r", 0.0, read), list[ReadableSpan]()
    ledger.watch(spans.fold)
    yield made
    spans.close(lost=3)
    made += exporter.get_finished_spans()


def make_spans(folder: Path, *facts: tuple[Any, str], read: ReadMessages | None = None) -> list[ReadableSpan]:
    with closing(Ledger.open(folder / "ledger.db")) as ledger, watch_ledger(ledger, read) as spans:
        for fact, key in facts:
            ledger.record(fact, key)
    return spans


def test_a_programs_own_words_stay_here(tmp_path: Path) -> None:
    experiment = Experiment(
        id="e1", version="v1", hypothesis="h1", seed=1, split="validation", outcome=OutcomeKind.ERROR,
        cause="error: ValueError: the password is hunter2",
    )  # fmt: skip
    fault = ModelFault(role="coder", spec="openai:m@http://user:hunter2@h/v1", cause="schema", error="hunter2")
    spans = make_spans(tmp_path, (experiment, "e1"), (fault, "f1"))
    by_name = {span.name: span for span in spans}
    assert by_name["experiment"].attributes["error.type"] == "error"
    assert by_name["chat m"].attributes["error.type"] == "schema"
    assert not by_name["experiment"].status.is_ok
    assert "hunter2" not in "".join(span.to_json() for span in spans)


def test_what_a_stop_leaves_open_is_closed_and_lost_events_are_counted(tmp_path: Path) -> None:
    facts = [
        (Entered(node="ideate", hypothesis=""), "0/h0/ideate/1"),
        (Entered(node="plan", hypothesis="h1"), "0/h1/plan/1"),
        (Entered(node="plan", hypothesis="h2"), "1/h2/plan/1"),
        (Ending(status="interrupted", exit_code=130), "1"),
    ]
    spans = make_spans(tmp_path, *facts)
    assert sorted(span.name for span in spans) == [
        "hypothesis", "hypothesis", "node ideate", "node plan", "node plan", "run",
    ]  # fmt: skip
    run = next(span for span in spans if span.name == "run")
    assert run.attributes["pelagos.events_lost"] == 3
    assert run.attributes["pelagos.status"] == "interrupted"


def test_a_model_is_named_without_its_address(tmp_path: Path) -> None:
    call = Call(role="coder", spec="openai:big@http://user:secret@host/v1", tokens_in=5, tokens_out=7, seconds=2.0)
    (span,) = [span for span in make_spans(tmp_path, (call, "c1")) if span.name.startswith("chat")]
    assert (span.name, span.attributes["gen_ai.provider.name"]) == ("chat big", "openai")
    assert span.end_time - span.start_time == 2_000_000_000
    assert "secret" not in span.to_json()


def test_long_messages_are_cut_and_still_json(tmp_path: Path) -> None:
    call = Call(role="coder", spec="openai:m", messages="hash", text="reply " * MAX_MESSAGE_CHARS)
    asked = [{"role": "user", "content": 'a "prompt" ' * MAX_MESSAGE_CHARS}]
    spans = make_spans(tmp_path, (call, "c1"), read=lambda _: asked)
    (span,) = [span for span in spans if span.name.startswith("chat")]
    for name, role in [("gen_ai.input.messages", "user"), ("gen_ai.output.messages", "assistant")]:
        (message,) = json.loads(span.attributes[name])
        assert message["role"] == role
        assert len(message["parts"][0]["content"]) == MAX_MESSAGE_CHARS
