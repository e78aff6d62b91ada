"""What answers of tools from outside say about a hypothesis that the data gave: a few words of a model, shown as such.

Where a toolchain writes its plans itself nobody else reads the answers. The words stand beside the rationale and decide
nothing: a text that holds a number of its own is refused, so none can pass for a result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agents.run import Run
from pelagos.errors import BadReply
from pelagos.facts.external import ToolReading
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import Hypothesis
from tools.abilities import Proposing
from tools.opening import opening
from tools.prompt import render

TEMPLATE = Path(__file__).with_suffix(".j2")
_NUMBER = re.compile(r"(?<![\w.-])[-+]?\d[\d.,]*(?![\w-])")


class Reading(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reading: str = Field(min_length=20, max_length=900)


def read_answers(hypothesis: Hypothesis, answers: Sequence[str], run: Run) -> None:
    """Record what a strong model makes of the answers, once per hypothesis; nothing where a toolchain has coders that
    read them. Raises what models raise, except BadReply."""
    if not answers or not isinstance(run.toolchain, Proposing) or not run.model("ideator").strong:
        return

    def action() -> tuple[ToolReading, Cost]:
        return ToolReading(hypothesis=hypothesis.id, text=_ask(hypothesis, answers, run)), Cost()

    run.steps.made(ToolReading, hypothesis.id, Intent(hypothesis=hypothesis.id), Cost(), action)


def _ask(hypothesis: Hypothesis, answers: Sequence[str], run: Run) -> str:
    """Return the text; "", and a note why, where no reply fits."""
    brief = run.toolchain.brief(run.task, run)
    prompt = render(TEMPLATE, opening=opening(brief, run.task.metric), hypothesis=hypothesis, answers=answers)
    try:
        text = run.model("ideator").ask_json(prompt, Reading, max_tokens=300).reading
    except BadReply as error:
        run.say(f"{hypothesis.id}: what tools said was not read: {error}")
        return ""
    if _NUMBER.search(text):
        run.say(f"{hypothesis.id}: what the model made of the tools' answers holds a number, so it isn't kept")
        return ""
    return text
