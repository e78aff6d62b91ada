"""Measures the embedded model's speed under different parameters of llama.cpp.

`python -m benchmarks.engine [--model NAME] [--repeats N] [--threads N] [--arms a,b] [--tokens N]` prints a Markdown
table. The arms run interleaved, each with a fresh engine, so that a load of the machine meets all of them. Each reads a
prompt with a program and then writes it again with a small change, as a draft does, and writes a text that the prompt
doesn't hold. Speeds are tokens per second of processor time, the median of the repeats, so that others who use the
machine count little; with more than one thread they aren't what a clock on the wall shows. Only ratios mean anything.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from agents.models.catalog.locate import locate
from agents.models.llama_cpp.llama import parameters, start

CONTEXT = 4096
CODE = "".join((Path(__file__).parents[1] / "tasks/digits/train.py").read_text("utf-8").splitlines(True)[53:86])
REWRITE = f"Here is a program:\n```python\n{CODE}\n```\nWrite the whole program again; only rename `rows` to `chosen`."
FREE = "Explain in plain words why a learning rate that is too large makes the training of a network diverge."


class Speeds(NamedTuple):
    """Tokens per second of processor time, and the share of guesses that were right."""

    read: float
    rewrite: float
    free: float
    accepted: float


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine")
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=160)
    parser.add_argument("--arms", default=",".join(ARMS))
    args = parser.parse_args(argv)
    path, arms = locate(args.model).path, args.arms.split(",")
    speeds_by_arm: dict[str, list[Speeds]] = {arm: [] for arm in arms}
    for _ in range(args.repeats):
        for arm in arms:
            speeds_by_arm[arm].append(_measure(path, arm, args.threads, args.tokens))
            print(f"{arm}: {speeds_by_arm[arm][-1]}", flush=True)
    print(make_table(speeds_by_arm))


def make_table(speeds_by_arm: dict[str, list[Speeds]]) -> str:
    """Return the Markdown table of the medians."""
    rows = ["| parameters | reading, tokens/s | writing a rewrite | writing free text | guesses accepted |"]
    rows += ["|---|---:|---:|---:|---:|"]
    for arm, speeds in speeds_by_arm.items():
        read, rewrite, free, accepted = (median(column) for column in zip(*speeds, strict=True))
        rows += [f"| {arm} | {read:.1f} | {rewrite:.1f} | {free:.1f} | {accepted:.0%} |"]
    return "\n".join(rows)


def _measure(path: Path, arm: str, threads: int, tokens: int) -> Speeds:
    params = parameters(path, 1, CONTEXT, threads)
    ARMS[arm](params)
    server = start(params)
    rewrite, free = _ask(server, REWRITE, tokens, 0.0), _ask(server, FREE, tokens // 2, 0.7)
    return Speeds(rewrite.read, rewrite.rewrite, free.rewrite, rewrite.accepted)


def _ask(server: Any, text: str, tokens: int, temperature: float) -> Speeds:
    """Send one request; `rewrite` of the result is the speed of writing."""
    body = {
        "messages": [{"role": "user", "content": text}],
        "max_tokens": tokens,
        "temperature": temperature,
        "seed": 1,
    }
    timings: dict[str, Any] = {}
    moments = [time.process_time()]

    def take(piece: dict[str, Any]) -> bool:
        timings.update(piece.get("timings") or {})
        if len(moments) == 1 and any(choice["delta"].get("content") for choice in piece.get("choices") or []):
            moments.append(time.process_time())
        return False

    server.handle_chat_completions(body | {"stream": True, "stream_options": {"include_usage": True}}, take)
    began, first, end = *moments, time.process_time()
    accepted = (timings.get("draft_n_accepted") or 0) / (timings.get("draft_n") or 1)
    writing_speed = (timings["predicted_n"] - 1) / (end - first)
    return Speeds(timings["prompt_n"] / (first - began), writing_speed, writing_speed, accepted)


def _change_nothing(_params: Any) -> None:
    """Keep the parameters with which Pelagos loads the model."""


def _set_guessing(kind: str, matched: int, guessed: int) -> Callable[[Any], None]:
    """Set n-gram speculation: after `matched` tokens that are in the context, guess the `guessed` that followed them."""

    def change(params: Any) -> None:
        import xllamacpp

        params.speculative.types = [getattr(xllamacpp.common_speculative_type, f"COMMON_SPECULATIVE_TYPE_{kind}")]
        params.speculative.ngram_simple.size_n, params.speculative.ngram_simple.size_m = matched, guessed

    return change


def _set_batch(size: int) -> Callable[[Any], None]:
    def change(params: Any) -> None:
        params.n_batch = params.n_ubatch = size

    return change


def _set_attention(name: str) -> Callable[[Any], None]:
    def change(params: Any) -> None:
        import xllamacpp

        params.flash_attn_type = getattr(xllamacpp.llama_flash_attn_type, f"LLAMA_FLASH_ATTN_TYPE_{name}")

    return change


def _set_cache(name: str) -> Callable[[Any], None]:
    def change(params: Any) -> None:
        import xllamacpp

        params.cache_type_k = params.cache_type_v = getattr(xllamacpp.ggml_type, f"GGML_TYPE_{name}")

    return change


ARMS: dict[str, Callable[[Any], None]] = {
    "shipped": _change_nothing,
    "no guesses": _set_guessing("NONE", 12, 48),
    "guesses 12/48": _set_guessing("NGRAM_SIMPLE", 12, 48),
    "guesses 12/16": _set_guessing("NGRAM_SIMPLE", 12, 16),
    "guesses 6/16": _set_guessing("NGRAM_SIMPLE", 6, 16),
    "batch 512": _set_batch(512),
    "batch 64": _set_batch(64),
    "flash attention off": _set_attention("DISABLED"),
    "KV cache q8_0": _set_cache("Q8_0"),
}

if __name__ == "__main__":
    main()
