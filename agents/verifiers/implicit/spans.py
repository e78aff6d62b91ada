"""Assigns the tokens of a response to its steps.

A response is encoded as a whole, as the models saw it in training. A step's characters are its own and those of the
separator behind it. A token that spans the boundary of two steps belongs to the step that holds its first character, so
that each token of the response belongs to exactly one step and the step rewards sum to the reward of the response.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

from agents.verifiers.checkpoints.known import Checkpoint
from agents.verifiers.checkpoints.layouts import label_step, render_chat
from agents.verifiers.checkpoints.tokens import escape
from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput

MARK = "\u241e"  # stands for the response while the chat is rendered; no tokenizer ever sees it


class Response(NamedTuple):
    """`steps[i]` is the step, from 0, of the token `ids[first + i]`; tokens behind the response are left out."""

    ids: list[int]
    first: int
    steps: list[int]


def encode_response(tokenizer: Any, checkpoint: Checkpoint, solution: Solution) -> Response:
    """Return the tokens of the problem and of the response. Raises BadInput where a step has no token of its own."""
    layout = checkpoint.layout
    steps = [
        label_step(layout, number, escape(tokenizer, step, layout.tag)) for number, step in enumerate(solution.steps, 1)
    ]
    prompt = _render_prompt(tokenizer, checkpoint, escape(tokenizer, solution.problem, layout.tag))
    starts = _starts(steps, layout.tag, len(prompt))
    encoding = tokenizer(prompt + layout.tag.join(steps), add_special_tokens=False, return_offsets_mapping=True)
    return assign_tokens(checkpoint.name, encoding["input_ids"], encoding["offset_mapping"], starts)


def assign_tokens(
    source: str, ids: Sequence[int], offsets: Sequence[tuple[int, int]], starts: Sequence[int]
) -> Response:
    """Assign tokens to steps. `offsets` are character ranges, `starts` the first character of each step. Raises
    BadInput where a step has no token, and where no token precedes the response."""
    first = next((place for place, (begin, _) in enumerate(offsets) if begin >= starts[0]), len(ids))
    steps = [bisect_right(starts, begin) - 1 for begin, _ in offsets[first:]]
    if lacking := sorted(set(range(len(starts))) - set(steps)):
        raise BadInput(f"checkpoint {source}: step {lacking[0] + 1} has no token of its own: write it longer")
    if first == 0:
        raise BadInput(f"checkpoint {source}: no token precedes the response: give the problem a text")
    return Response(list(ids), first, steps)


def _render_prompt(tokenizer: Any, checkpoint: Checkpoint, problem: str) -> str:
    """Return all that precedes the response; without a chat template that is the problem and a blank line."""
    if not tokenizer.chat_template:
        return f"{tokenizer.bos_token or ''}{problem}\n\n"
    messages = [{"role": "user", "content": problem}, {"role": "assistant", "content": MARK}]
    return render_chat(tokenizer, checkpoint, messages).rpartition(MARK)[0]


def _starts(steps: Sequence[str], separator: str, start: int) -> list[int]:
    starts = []
    for step in steps:
        starts.append(start)
        start += len(step) + len(separator)
    return starts
