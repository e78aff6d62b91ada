"""Extracts a task's attributes: what its methods get and must produce (Dolphin, arXiv 2501.03916, section 3.1)."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agents.run import Run
from pelagos.errors import BadReply
from tools.prompt import render

TEMPLATE = Path(__file__).with_suffix(".j2")


class Attributes(BaseModel):
    """What a task takes and gives."""

    model_config = ConfigDict(extra="forbid")

    input: str = Field(max_length=1500)
    output: str = Field(max_length=1500)
    others: str = Field(max_length=1500)


def describe_task(run: Run) -> Attributes:
    """Return the attributes without asking a model: the beginning of the task's description."""
    return Attributes(input="", output="", others=run.toolchain.brief(run.task, run).description[:300])


def extract_attributes(run: Run) -> Attributes:
    """Return the attributes that the extractor reads from the task's description; if its reply can't be used, the
    description replaces them."""
    brief = run.toolchain.brief(run.task, run)
    prompt = render(TEMPLATE, topic=brief.topic, description=brief.description)
    try:
        return run.model("extractor").ask_json(prompt, Attributes, max_tokens=300, temperature=0.0)
    except BadReply as error:
        run.say(f"survey: no task attributes in the reply, the description is used instead: {error}")
        return Attributes(input="see the description", output="see the description", others=brief.description[:300])
