"""Traces of real runs, as a real collector gets them; and collectors that are away, silent or flooding."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agents.launch import drive
from agents.setup.create import create
from agents.telemetry import observer, switch
from memory.ledger.ledger import Ledger
from pelagos.facts.calls import Call
from pelagos.facts.drive import Ending, Note
from tests.agents.scripted import ScriptedAssembly, make_short_settings
from tests.agents.telemetry.collector import Collector, Manner, collecting, read_attributes
from tests.toolchains.table import write_task

ROOT = Path(__file__).parents[3]


def run_traced(folder: Path, endpoint: str, capture: str = "") -> Ending:
    assembly = ScriptedAssembly()
    run = create(folder, str(write_task(folder / "table")), make_short_settings(1), folder / "r", assembly)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        patched.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret-key")
        patched.setenv(switch.CAPTURE, capture)
        return drive(run, assembly=assembly)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Collector, Ending]]:
    with collecting() as collector:
        yield collector, run_traced(tmp_path_factory.mktemp("traced"), collector.endpoint)


def test_a_run_its_hypotheses_nodes_calls_and_experiments_are_spans_of_one_trace(
    traced: tuple[Collector, Ending],
) -> None:
    collector, ending = traced
    spans = collector.spans()
    assert ending.status == "finished"
    assert len({span.trace_id for span in spans}) == 1
    runs = [span for span in spans if span.name == "run"]
    assert [read_attributes(span) for span in runs] == [
        {"pelagos.run": "r", "pelagos.task": "table", "pelagos.toolchain": "table", "pelagos.status": "finished"}
    ]
    by_id = {span.span_id: span for span in spans}
    hypotheses = {read_attributes(span)["pelagos.hypothesis"]: span for span in spans if span.name == "hypothesis"}
    assert set(hypotheses) == {"h1"}
    for span in hypotheses.values():
        assert by_id[span.parent_span_id].name == "run"
    assert read_attributes(hypotheses["h1"])["pelagos.verdict"] in {"supported", "promising", "refuted", "equivalent"}
    nodes = {span.name for span in spans if span.name.startswith("node ")}
    assert {"node baseline", "node survey", "node ideate", "node judge", "node confirm", "node report"} <= nodes
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)


def test_a_call_has_tokens_and_an_experiment_has_an_outcome(traced: tuple[Collector, Ending]) -> None:
    spans = traced[0].spans()
    calls = [read_attributes(span) for span in spans if span.name.startswith("chat ")]
    ideas = [call for call in calls if call["pelagos.role"] == "ideator"]
    assert {call["gen_ai.usage.input_tokens"] for call in ideas} == {100}
    assert {call["gen_ai.usage.output_tokens"] for call in ideas} == {50}
    assert {call["gen_ai.operation.name"] for call in calls} == {"chat"}
    by_id = {span.span_id: span for span in spans}
    experiments = [span for span in spans if span.name == "experiment"]
    own = [span for span in experiments if "pelagos.hypothesis" in read_attributes(span)]
    assert own
    assert {by_id[span.parent_span_id].name for span in own} == {"hypothesis"}
    assert {read_attributes(span)["pelagos.split"] for span in experiments} >= {"validation"}
    assert all(read_attributes(span)["pelagos.outcome"] for span in experiments)


def test_neither_prompts_nor_replies_nor_keys_are_sent_unasked(traced: tuple[Collector, Ending]) -> None:
    raw = traced[0].raw
    assert raw
    for secret in (b"Square of column", b"lowers the error", b"secret-key", b"gen_ai.input.messages"):
        assert secret not in raw


@pytest.mark.slow
def test_messages_are_sent_when_they_are_asked_for(tmp_path: Path) -> None:
    with collecting() as collector:
        run_traced(tmp_path, collector.endpoint, capture="true")
        assert b"gen_ai.input.messages" in collector.raw
        assert b"Square of column" in collector.raw


@pytest.mark.parametrize("manner", ["silent", "flooding"])
def test_a_bad_collector_neither_slows_nor_ends_a_run(
    tmp_path: Path, manner: Manner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting(manner) as collector:
        recorded_s, closed_s, _ = record_calls(collector.endpoint, tmp_path, monkeypatch)
    assert recorded_s < 10
    assert closed_s < 2


def test_a_collector_that_is_away_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
    _, closed_s, notes = record_calls(endpoint, tmp_path, monkeypatch, pause_s=2.0)
    assert closed_s < 2
    assert notes == ["telemetry: the collector takes no spans; they are dropped, and the run goes on"]


def record_calls(
    endpoint: str, folder: Path, monkeypatch: pytest.MonkeyPatch, pause_s: float = 0.0
) -> tuple[float, float, list[str]]:
    """Return how long 300 calls took to record, how long the end took, and the run's notes."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    monkeypatch.setattr(observer, "CLOSE_S", 1.0)
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        with observer.observe(ledger, folder):
            began = time.monotonic()
            for number in range(300):
                ledger.record(Call(role="coder", spec="none", text="x" * 1000), str(number))
            recorded_s = time.monotonic() - began
            time.sleep(pause_s)
            began = time.monotonic()
        closed_s = time.monotonic() - began
        assert len(ledger.events("model")) == 300
        return recorded_s, closed_s, [fact.text for fact in ledger.facts(Note).values()]


def test_another_protocol_is_said_and_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger, observer.observe(ledger, tmp_path):
        assert [fact.text for fact in ledger.facts(Note).values()] == [
            "telemetry: nothing is sent: the protocol grpc isn't spoken, only http/protobuf"
        ]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_turn_it_on(environ: dict[str, str], expected: bool) -> None:
    assert switch.is_on(environ) is expected


def test_it_costs_no_import_while_it_is_off() -> None:
    code = (
        "import sys, agents.launch, agents.telemetry.observer; print([m for m in sys.modules if 'opentelemetry' in m])"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
