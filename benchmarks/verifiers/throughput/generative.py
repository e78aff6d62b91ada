"""Generative verifiers on vLLM: the tokens of their prompts that are computed, with and without the prefix cache."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from agents.models.meter import count_call
from agents.models.vllm.server import run_server
from agents.verifiers.language.completions import Completion, CompletionEndpoint
from agents.verifiers.language.direct import DirectVerifier
from agents.verifiers.language.genprm_checkpoint import GenPrmCheckpoint
from agents.verifiers.language.prefix import PrefixVerifier
from agents.verifiers.protocol import Solution, Usage, Verifier
from benchmarks.verifiers.throughput.measure import compare_ratios
from benchmarks.verifiers.throughput.random_models import SIZE, make_tokenizer, save_language_model
from tools.toolchain import Message

NAME, ROOM = "random", 16
CONTEXT = int(SIZE["max_position_embeddings"])
CACHES = {
    "on": ["--enable-prefix-caching", "--enable-prompt-tokens-details"],
    "off": ["--no-enable-prefix-caching"],
}
HEAD = (
    "| form | calls a plan | tokens computed a problem, cache off | cache on | times fewer (least of a problem) "
    "| time, off over on (95 %) |\n|---|---|---|---|---|---|"
)


class CompletedModel:
    """The verifier role's model on a completion endpoint. Its weights are random: its answers are never read."""

    strong, rates = False, (None, None)

    def __init__(self, endpoint: CompletionEndpoint) -> None:
        self._endpoint = endpoint

    def ask(self, messages: Sequence[Message], *, sample: int = 0, max_tokens: int = ROOM, **options: Any) -> str:
        return self._complete(messages, options.get("stop", ()), max_tokens, sample).text

    def probability(self, messages: Sequence[Message], yes: str = "Yes", no: str = "No") -> float:
        self._complete(messages, (), 1, 0)
        return 0.5

    def ask_json(self, *arguments: Any, **options: Any) -> Any:
        raise NotImplementedError("these verifiers ask for no JSON")

    def _complete(self, messages: Sequence[Message], stop: Sequence[str], room: int, sample: int) -> Completion:
        turns = "".join(f"<|im_start|>{each.role}\n{each.content}<|im_end|>\n" for each in messages)
        made = self._endpoint.complete(f"{turns}<|im_start|>assistant\n", stop=stop, max_tokens=room, seed=sample)
        count_call(made.read, made.written)
        return made


FORMS: dict[str, tuple[int, Callable[[CompletionEndpoint], Verifier]]] = {
    "direct: P(Yes) of each step": (8, lambda endpoint: DirectVerifier(lambda: CompletedModel(endpoint))),
    "prefix: a review of each prefix": (
        16,
        lambda endpoint: PrefixVerifier(lambda: CompletedModel(endpoint), room=ROOM),
    ),
    "GenPRM: one conversation a plan": (16, lambda endpoint: GenPrmCheckpoint(endpoint, None, room=ROOM)),
}
"""Form -> calls for a plan of eight steps, and its verifier."""


@dataclass
class Spent:
    """One value per problem; `tokens` are those of prompts that were computed."""

    tokens: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@contextmanager
def serve_both(folder: Path) -> Iterator[dict[str, str]]:
    """Yield cache -> base URL of a server with one random Llama. Raises MissingPart without a vLLM environment."""
    model = save_language_model(folder / "served", make_tokenizer())
    with ExitStack() as stack:
        yield {
            cache: stack.enter_context(run_server(model, NAME, _free_port(), CONTEXT, folder / f"{cache}.log", options))
            for cache, options in CACHES.items()
        }


def measure_forms(urls: Mapping[str, str], problems: Sequence[Sequence[Solution]]) -> Iterator[str]:
    """Yield the table's rows and what the servers' own counters say. The first problem warms up and isn't counted."""
    endpoints = {cache: CompletionEndpoint(NAME, url) for cache, url in urls.items()}
    for name, (calls, make) in FORMS.items():
        spent = {cache: Spent() for cache in urls}
        before = {cache: read_counters(url) for cache, url in urls.items()}
        for turn, plans in enumerate(problems):
            for cache in list(urls)[:: 1 if turn % 2 else -1]:
                _score(make(endpoints[cache]), plans, spent[cache])
        own = {cache: _computed(before[cache], read_counters(url)) for cache, url in urls.items()}
        yield make_row(name, calls, spent)
        yield f"<!-- {name}: usage { ({c: sum(s.tokens) for c, s in spent.items()}) }, the servers' counters {own} -->"


def make_row(name: str, calls: int, spent: Mapping[str, Spent]) -> str:
    """The row without the first problem."""
    on, off = spent["on"], spent["off"]
    tokens = [sum(each.tokens[1:]) / len(each.tokens[1:]) for each in (off, on)]
    least = min(without / with_it for without, with_it in zip(off.tokens[1:], on.tokens[1:], strict=True))
    fewer = f"{tokens[0] / tokens[1]:.1f} ({least:.1f})"
    faster = compare_ratios(off.seconds[1:], on.seconds[1:]).told()
    return f"| {name} | {calls} | {tokens[0]:,.0f} | {tokens[1]:,.0f} | {fewer} | {faster} |"


def read_counters(url: str) -> tuple[int, int]:
    """Return the prompts' tokens and the cache's hits, in tokens, since the server's start."""
    text = httpx.get(f"{url.removesuffix('/v1')}/metrics", timeout=60, trust_env=False).text
    return _counter(text, "prompt_tokens"), _counter(text, "prefix_cache_hits")


def _counter(text: str, name: str) -> int:
    return int(sum(float(value) for value in re.findall(rf"^vllm:{name}_total(?:{{.*}})? (\S+)$", text, re.MULTILINE)))


def _computed(before: tuple[int, int], after: tuple[int, int]) -> int:
    return (after[0] - before[0]) - (after[1] - before[1])


def _score(verifier: Verifier, plans: Sequence[Solution], spent: Spent) -> None:
    start = time.perf_counter()
    results = verifier.score(plans)
    spent.seconds.append(time.perf_counter() - start)
    spent.tokens.append(sum((result.usage for result in results), Usage()).read)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
