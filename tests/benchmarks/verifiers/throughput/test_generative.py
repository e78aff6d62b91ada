from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from agents.verifiers.language.completions import Completion
from agents.verifiers.protocol import Usage
from benchmarks.verifiers.throughput.generative import (
    FORMS,
    ROOM,
    Spent,
    make_row,
    measure_forms,
    read_counters,
    serve_both,
)
from benchmarks.verifiers.throughput.plans import draw_problems
from pelagos.errors import MissingPart

METRICS = """# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
vllm:prompt_tokens_total{engine="0",model_name="random"} 1200.0
vllm:prompt_tokens_total{engine="1",model_name="random"} 34.0
vllm:prompt_tokens_created{engine="0",model_name="random"} 1.7e+09
vllm:prefix_cache_queries_total{engine="0",model_name="random"} 1200.0
vllm:prefix_cache_hits_total{engine="0",model_name="random"} 1.024e+03
vllm:external_prefix_cache_hits_total{engine="0",model_name="random"} 7.0
"""


class Counting:
    """An endpoint that counts what it is asked for: each prompt has 10 tokens that no cache holds."""

    model = "random"

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def complete(self, prompt: str, *, stop: Sequence[str], max_tokens: int, seed: int) -> Completion:
        assert max_tokens <= max(ROOM, 20)
        self.prompts.append(prompt)
        return Completion("word", ["word"], [{"word": -1.0}], 10, 1)


@pytest.mark.parametrize("form", FORMS)
def test_calls_of_a_plan_are_as_told_and_all_their_tokens_count(form: str) -> None:
    calls, make = FORMS[form]
    endpoint = Counting()
    plan = draw_problems(1)[0][0]
    results = make(endpoint).score([plan])  # type: ignore[arg-type]
    assert len(endpoint.prompts) == calls
    assert sum((result.usage for result in results), Usage()).read == 10 * calls
    assert all(plan.problem.splitlines()[0] in prompt for prompt in endpoint.prompts)


def test_rows_leave_the_first_problem_out() -> None:
    spent = {"on": Spent([7, 100, 300], [9.0, 1.0, 1.0]), "off": Spent([7, 500, 1200], [9.0, 2.0, 2.0])}
    assert make_row("direct", 8, spent) == "| direct | 8 | 850 | 200 | 4.2 (4.0) | 2.0 (2.0 to 2.0) |"


@pytest.fixture
def metrics_url() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/metrics" else 404)
            self.end_headers()
            self.wfile.write(METRICS.encode())

        def log_message(self, *arguments: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_counters_are_summed_over_engines_and_no_other_counter_is_read(metrics_url: str) -> None:
    assert read_counters(metrics_url) == (1234, 1024)


@pytest.mark.vllm
@pytest.mark.timeout(1800)
def test_the_cache_saves_tokens_and_usage_says_what_the_counters_say(tmp_path: Path) -> None:
    try:
        with serve_both(tmp_path) as urls:
            rows = list(measure_forms(urls, draw_problems(2, steps=3, candidates=2)))
    except MissingPart as missing:
        pytest.skip(str(missing))
    for row, told in zip(rows[::2], rows[1::2], strict=True):
        off, on = (int(cell.replace(",", "")) for cell in row.split(" | ")[2:4])
        assert 0 < on < off
        usage, counters = told.split("usage ")[1].split(", the servers' counters ")
        assert usage == counters.removesuffix(" -->")
