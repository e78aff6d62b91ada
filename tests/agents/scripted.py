"""A model whose replies are a function of the request, and the parts of a run with it: no weights, no network.

Each completion appends the request's fingerprint to the file that TABLE_CALLS names, before it answers.
"""

from __future__ import annotations

import json
import os
import random
import re
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.models.protocol import Reply, Request
from agents.models.recorded import fingerprint
from agents.parts import Parts
from memory.embedder import Embedder, hashing
from memory.steps import Steps
from pelagos.errors import ModelUnavailable
from pelagos.settings import Sandboxing, Settings
from sandbox.choose import choose
from sandbox.protocol import Sandbox
from tests.toolchains.table import CALLS, COLUMNS, LAG
from tools import registry


def brief(hypotheses: int = 2, workers: int = 1, lanes: int = 0, **sections: Any) -> Settings:
    """Of a short run on the table toolchain with scripted replies. `sections` are added, or replace those there are."""
    shared: dict[str, Any] = {
        "judge": {"max_seeds": 4},
        "screen": {"tau": 0.95},
        "models": {"default": "replay:none", "retries": 0},
        "literature": {"sources": ["corpus"]},
    }
    loop = {"hypotheses": hypotheses, "attempts": 4, "workers": workers, "lanes": lanes}
    return Settings(loop=loop, **{**shared, **sections})


IDEAS = [
    ("a", "Square of column a", "square"),
    ("d", "Doubling of the values in d", "double"),
    ("a", "Square of column a", "square"),
    ("b", "Removal of b, which may be noise", "drop"),
    ("c", "Quadratic term for c", "square"),
    ("d", "Is the last column useless?", "drop"),
    ("b", "A parabola in b", "square"),
    ("d", "Poisoned values for d", "spoil"),
]


WORDS = ("alpha", "bravo", "delta", "gamma", "kappa", "lambda", "omega", "sigma", "theta", "zeta")


class Scripted:
    """`down(call number)` says whether the endpoint is away at that call."""

    spec = "scripted"
    local = True
    strong = True

    def __init__(self, down: Callable[[int], bool] = lambda _: False) -> None:
        self.down, self.calls = down, 0
        self.requests: list[Request] = []

    def complete(self, request: Request, limit: Any) -> Reply:
        self.calls += 1
        self.requests.append(request)
        if CALLS in os.environ:
            with Path(os.environ[CALLS]).open("a") as file:
                file.write(f"model {fingerprint(request)}\n")
        if self.down(self.calls):
            raise ModelUnavailable("nothing answers")
        time.sleep(float(os.environ.get(LAG, "0")))
        prompt = request.messages[1].content  # the question, whatever re-asks follow
        if request.top_logprobs:
            yes = -0.1 if "square" in prompt else -0.7
            return Reply(text="Yes", tokens_in=50, tokens_out=1, seconds=0.1, first_logprobs={"Yes": yes, "No": -2.0})
        return Reply(text=json.dumps(_answer(request, prompt)), tokens_in=100, tokens_out=50, seconds=0.1)

    def close(self) -> None: ...


def _answer(request: Request, prompt: str) -> dict[str, object]:
    wanted = set((request.schema_ or {})["properties"])
    if wanted == {"input", "output", "others"}:
        return {"input": "a table", "output": "a number", "others": "small"}
    if "finding" in wanted:
        number = int(re.findall(r"Paper (\d)", prompt)[0])
        return {"finding": "Squares help.", "reason": "same task", "topic": 10 - number, "attributes": 9}
    if "verdict" in wanted:
        return {"reason": "another technique", "verdict": "different"}
    if "statement" in wanted:
        return _idea(request.sample - 1)
    return _plan(request.sample, prompt)


def _idea(place: int) -> dict[str, object]:
    target, title, tool = IDEAS[place % len(IDEAS)]
    return {
        "target": target,
        "title": title,
        "statement": f"{title}: {tool} applied to {target} lowers the error.",
        "rationale": "The residuals look that way.",
        "predicted_effect": 0.1,
        "refuted_by": "no lower error",
        "papers": ["p0"],
    }


def _plan(sample: int, prompt: str) -> dict[str, object]:
    tool, column = re.findall(r"(\w+) applied to (\w)", prompt)[0]
    steps = [{"text": f"{tool} {column}", "check": "", "call": {"tool": tool, "arguments": {"column": column}}}]
    other = {"text": "double it too", "check": "", "call": {"tool": "double", "arguments": {"column": column}}}
    return {"steps": steps if sample == 0 or tool == "drop" else [*steps, other]}


class Inventive(Scripted):
    """Every idea is new to the bank: its title is words that stand for its number."""

    def complete(self, request: Request, limit: Any) -> Reply:
        reply = super().complete(request, limit)
        if request.role != "ideator":
            return reply
        number = request.sample
        title = " ".join(f"{WORDS[int(digit)]}{place}" for place, digit in enumerate(f"{number:04d}"))
        target, tool = COLUMNS[number % 4], ("square", "double", "drop")[number % 3]
        said = json.loads(reply.text) | {"title": title, "target": target, "papers": []}
        said |= {"statement": f"{title}: {tool} applied to {target}."}
        return reply.model_copy(update={"text": json.dumps(said)})


class Distant(Inventive):
    """An endpoint that answers after a while, each question at a pace of its own; ideas are all new."""

    local = False

    def __init__(self, lag: float) -> None:
        super().__init__()
        self.lag, self.inflight, self.most = lag, 0, 0
        self.lock = threading.Lock()

    def takes(self, request: Request) -> float:
        return self.lag * random.Random(request.messages[1].content[-80:]).uniform(0.2, 1.8)

    def complete(self, request: Request, limit: Any) -> Reply:
        with self.lock:
            self.inflight += 1
            self.most = max(self.most, self.inflight)
        time.sleep(self.takes(request))
        with self.lock:
            self.inflight -= 1
        return super().complete(request, limit)


class ScriptedParts(Parts):
    """The shipped parts, but for the model and the embedder."""

    def __init__(self, model: Scripted | None = None) -> None:
        registry.SHIPPED["table"] = "tests.toolchains.table:TableToolchain"
        self.scripted = model or Scripted()

    def check_model(self, spec: str, settings: Settings) -> None: ...

    def model(self, spec: str, settings: Settings, say: Callable[[str], None]) -> Scripted:
        return self.scripted

    def sandbox(self, wanted: Sandboxing) -> Sandbox:
        return choose("unsafe")

    def check_embedder(self, settings: Settings, project: Path) -> None: ...

    def embedder(self, settings: Settings, project: Path, steps: Steps) -> Embedder:
        with warnings.catch_warnings(action="ignore"):
            return hashing()
