"""A model whose replies are a function of the request, and an assembly of a run with it: no weights, no network.

Each completion appends the request's fingerprint to the file that TABLE_CALLS names, before it answers.
"""

from __future__ import annotations

import json
import os
import random
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.models.offline.replay import fingerprint
from agents.models.protocol import Reply, Request
from agents.testing import ScriptedModel, loop
from pelagos.errors import ModelUnavailable
from pelagos.settings import Sandboxing, Settings
from sandbox.choose import choose
from sandbox.protocol import Sandbox
from tests.toolchains.table import CALLS, COLUMNS, LAG
from tools import registry


def make_short_settings(hypotheses: int = 2, workers: int = 1, lanes: int = 0, **sections: Any) -> Settings:
    """Return the settings of a short run on the table toolchain with scripted replies. `sections` replace the defaults."""
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


class Scripted(ScriptedModel):
    """A model that answers every role. `down(call number)` says whether the endpoint is away at that call."""

    strong = True

    def __init__(self, down: Callable[[int], bool] = lambda _: False) -> None:
        super().__init__(strong=self.strong)
        self.down, self.calls = down, 0

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
            yes = 9.0 if "The claim:" in prompt else -0.1 if "square" in prompt else -0.7
            return Reply(text="Yes", tokens_in=50, tokens_out=1, seconds=0.1, first_logprobs={"Yes": yes, "No": -2.0})
        return Reply(text=json.dumps(answer_request(request, prompt)), tokens_in=100, tokens_out=50, seconds=0.1)


def answer_request(request: Request, prompt: str) -> dict[str, object]:
    properties = set((request.schema_ or {})["properties"])
    if properties == {"input", "output", "others"}:
        return {"input": "a table", "output": "a number", "others": "small"}
    if "finding" in properties:
        number = int(re.findall(r"Paper (\d)", prompt)[0])
        return {"finding": "Squares help.", "reason": "same task", "topic": 10 - number, "attributes": 9}
    if properties == {"description"}:
        return {"description": "The table is changed."}
    if "verdict" in properties:
        return {"reason": "another technique", "verdict": "different"}
    if "statement" in properties:
        return make_idea(request.sample - 1)
    return make_plan(request.sample, prompt)


def make_idea(index: int) -> dict[str, object]:
    target, title, tool = IDEAS[index % len(IDEAS)]
    return {
        "target": target,
        "title": title,
        "statement": f"{title}: {tool} applied to {target} lowers the error.",
        "rationale": "The residuals look that way.",
        "predicted_effect": 0.1,
        "refuted_by": "no lower error",
        "papers": ["p0"],
    }


def make_plan(sample: int, prompt: str) -> dict[str, object]:
    tool, column = re.findall(r"(\w+) applied to (\w)", prompt)[0]
    steps = [{"text": f"{tool} {column}", "call": {"tool": tool, "arguments": {"column": column}}}]
    double_step = {"text": "double it too", "call": {"tool": "double", "arguments": {"column": column}}}
    return {"steps": steps if sample == 0 or tool == "drop" else [*steps, double_step]}


class Small(Scripted):
    """A model that isn't strong; `say` makes its text from the request."""

    strong = False

    def complete(self, request: Request, limit: Any) -> Reply:
        self.requests.append(request)
        return Reply(text=self.say(request), tokens_in=100, tokens_out=50, seconds=0.1)

    def say(self, request: Request) -> str:
        raise NotImplementedError


class Inventive(Scripted):
    """A model whose ideas are all new to the bank: the words of a title stand for its number."""

    def complete(self, request: Request, limit: Any) -> Reply:
        reply = super().complete(request, limit)
        if request.role != "ideator":
            return reply
        number = request.sample
        title = " ".join(f"{WORDS[int(digit)]}{place}" for place, digit in enumerate(f"{number:04d}"))
        target, tool = COLUMNS[number % 4], ("square", "double", "drop")[number % 3]
        idea = json.loads(reply.text) | {"title": title, "target": target, "papers": []}
        idea |= {"statement": f"{title}: {tool} applied to {target}."}
        return reply.model_copy(update={"text": json.dumps(idea)})


class Distant(Inventive):
    """An endpoint that answers after a lag that depends on the question; its ideas are all new."""

    local = False

    def __init__(self, lag: float) -> None:
        super().__init__()
        self.lag, self.inflight, self.max_inflight = lag, 0, 0
        self.lock = threading.Lock()

    def draw_lag_s(self, request: Request) -> float:
        return self.lag * random.Random(request.messages[1].content[-80:]).uniform(0.2, 1.8)

    def complete(self, request: Request, limit: Any) -> Reply:
        with self.lock:
            self.inflight += 1
            self.max_inflight = max(self.max_inflight, self.inflight)
        time.sleep(self.draw_lag_s(request))
        with self.lock:
            self.inflight -= 1
        return super().complete(request, limit)


class ScriptedAssembly(loop.ScriptedAssembly):
    """That of `agents.testing`, with the table toolchain and without a sandbox."""

    scripted: Scripted

    def __init__(self, model: Scripted | None = None) -> None:
        registry.SHIPPED["table"] = "tests.toolchains.table:TableToolchain"
        super().__init__(model or Scripted())

    def sandbox(self, settings: Sandboxing) -> Sandbox:
        return choose("unsafe")
