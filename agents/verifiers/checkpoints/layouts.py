"""Lays a solution out as token ids, and says at which positions the score of each step is read.

What a solution's texts hold can't move a score: they are escaped (tokens.py), and the tags of the response are counted
by their id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jinja2 import TemplateError

from agents.verifiers.checkpoints.known import Checkpoint, Form, Layout
from agents.verifiers.checkpoints.tokens import escape, find_id
from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput

_NUMBERED = re.compile(r"\s*step \d+\s*:", re.IGNORECASE)


class Encoded(NamedTuple):
    """`positions[k]` is the index in `ids` at which step k + 1 is read."""

    ids: list[int]
    positions: list[int]


class Labels(NamedTuple):
    """Ids in one tokenizer; the labels are -1 where the layout has none."""

    tag: int
    positive: int = -1
    negative: int = -1


def find_labels(tokenizer: Any, checkpoint: Checkpoint) -> Labels:
    """Return the ids of the layout's tag and labels. Raises BadInput unless each is one id, and the labels differ."""
    layout = checkpoint.layout
    tag = find_id(tokenizer, layout.tag, "step tag", checkpoint.name)
    if not layout.positive:
        return Labels(tag)
    positive = find_id(tokenizer, layout.positive, "label", checkpoint.name)
    negative = find_id(tokenizer, layout.negative, "label", checkpoint.name)
    if positive == negative:
        raise BadInput(f"checkpoint {checkpoint.name}: its tokenizer reads both labels as token {positive}")
    return Labels(tag, positive, negative)


def lay_out(tokenizer: Any, checkpoint: Checkpoint, labels: Labels, solution: Solution) -> Encoded:
    """Return the ids of one solution with a position per step. Raises BadInput where tags and steps don't match."""
    tag = checkpoint.layout.tag
    clean = Solution(
        escape(tokenizer, solution.problem, tag), tuple(escape(tokenizer, step, tag) for step in solution.steps)
    )
    encoded = _FORMS[checkpoint.layout.form](tokenizer, checkpoint, labels, clean)
    if len(encoded.positions) != len(solution.steps):
        raise BadInput(
            f"checkpoint {checkpoint.name}: {len(encoded.positions)} step tags {tag!r} for {len(solution.steps)} "
            "steps: its tokenizer joins the tag with the text around it"
        )
    return encoded


def check_length(checkpoint: Checkpoint, encoded: Encoded, place: int, context: int) -> None:
    """Raise BadInput that says which step ends behind the context. `place` counts solutions from 1."""
    if len(encoded.ids) <= context:
        return
    ends = [position + 1 for position in encoded.positions]
    step = next((number for number, end in enumerate(ends, 1) if end > context), len(ends))
    raise BadInput(
        f"checkpoint {checkpoint.name}: solution {place}, step {step} ends at token "
        f"{max(ends[step - 1], context + 1)}, and the model reads {context}: shorten the problem or the steps"
    )


def render_chat(tokenizer: Any, checkpoint: Checkpoint, messages: list[dict[str, str]]) -> str:
    """Return the text of a chat by the checkpoint's own template. Raises BadInput if it has none,
    or one that refuses these turns."""
    if not tokenizer.chat_template:
        raise BadInput(f"checkpoint {checkpoint.name}: its tokenizer has no chat template: add chat_template.jinja")
    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False))
    except TemplateError as error:
        roles = ", ".join(message["role"] for message in messages[:3])
        raise BadInput(
            f"checkpoint {checkpoint.name}: its chat template refuses the turns {roles}: {' '.join(str(error).split())}"
        ) from None


def label_step(layout: Layout, number: int, step: str) -> str:
    """Return the step with the layout's label before it, unless it is numbered already."""
    return step if _NUMBERED.match(step) else layout.label.format(k=number) + step


def _chat(tokenizer: Any, checkpoint: Checkpoint, labels: Labels, solution: Solution) -> Encoded:
    """One assistant turn: each step is followed by the tag, a special token."""
    response = "".join(f"{step}{checkpoint.layout.tag}" for step in solution.steps)
    messages = [_message("user", solution.problem), _message("assistant", response)]
    if checkpoint.layout.system:
        messages.insert(0, _message("system", checkpoint.layout.system))
    ids = tokenizer.encode(render_chat(tokenizer, checkpoint, messages), add_special_tokens=False)
    return Encoded(ids, _find_tags(ids, labels.tag))


def _turns(tokenizer: Any, checkpoint: Checkpoint, labels: Labels, solution: Solution) -> Encoded:
    """One turn per step, all in one pass: the answer to each is a placeholder, which becomes the positive label. A
    score is read one position before it, where the model predicts the answer."""
    messages = []
    for number, step in enumerate(solution.steps):
        asked = f"{solution.problem} {step}" if number == 0 else step
        messages += [_message("user", asked), _message("assistant", checkpoint.layout.tag)]
    ids = tokenizer.encode(render_chat(tokenizer, checkpoint, messages), add_special_tokens=False)
    tags = _find_tags(ids, labels.tag)
    swapped = [labels.positive if token == labels.tag else token for token in ids]
    return Encoded(swapped, [position - 1 for position in tags])


def _text(tokenizer: Any, checkpoint: Checkpoint, labels: Labels, solution: Solution) -> Encoded:
    """Plain text, one step a line, each ended by the tag."""
    layout = checkpoint.layout
    lines = [f"{label_step(layout, number, step)}{layout.tag}" for number, step in enumerate(solution.steps, 1)]
    text = f"{solution.problem}{layout.after}" + "\n".join(lines)
    ids = _begin(tokenizer) + tokenizer.encode(text, add_special_tokens=False)
    return Encoded(ids, _find_tags(ids, labels.tag))


def _ids(tokenizer: Any, checkpoint: Checkpoint, labels: Labels, solution: Solution) -> Encoded:
    """Problem and steps are encoded apart, and the tag is appended as an id: as text it would merge with the end of a
    step (QwenLM/ProcessBench#12)."""
    ids = _begin(tokenizer) + tokenizer.encode(solution.problem + checkpoint.layout.after, add_special_tokens=False)
    start = len(ids)
    for step in solution.steps:
        ids += [*tokenizer.encode(step, add_special_tokens=False), labels.tag]
    return Encoded(ids, [start + place for place in _find_tags(ids[start:], labels.tag)])


_FORMS: Mapping[Form, Callable[[Any, Checkpoint, Labels, Solution], Encoded]] = {
    "chat": _chat,
    "turns": _turns,
    "text": _text,
    "ids": _ids,
}


def _find_tags(ids: list[int], tag: int) -> list[int]:
    return [place for place, token in enumerate(ids) if token == tag]


def _begin(tokenizer: Any) -> list[int]:
    return [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
