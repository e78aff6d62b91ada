"""Each token of a response belongs to one step, also where it spans a boundary."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.verifiers.checkpoints.known import Checkpoint, layouts
from agents.verifiers.implicit.spans import assign_tokens, encode_response
from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput
from tests.agents.verifiers import tiny

CHECKPOINT = Checkpoint("x/y", layouts()["implicit"])
TOKENIZERS = {
    "qwen": tiny.qwen_tokenizer(),
    "llama": tiny.llama_tokenizer(),
    "no template": tiny.byte_tokenizer(tiny.LLAMA_SPECIALS, "", "<|begin_of_text|>"),
}


def texts(tokenizer: Any, solution: Solution) -> list[str]:
    """What stands before the response, and the text of each step's tokens."""
    response = encode_response(tokenizer, CHECKPOINT, solution)
    own = response.ids[response.first :]
    steps = [
        [token for token, step in zip(own, response.steps, strict=True) if step == number]
        for number in range(len(solution.steps))
    ]
    return [tokenizer.decode(ids) for ids in (response.ids[: response.first], *steps)]


def test_a_separator_belongs_to_the_step_before_it() -> None:
    """The first is in one token with the full stop (Qwen's 382), the second in one of its own; the end of the turn is
    left out."""
    solution = Solution("Add.", ("One is 2.", "So four", "End"))
    assert texts(TOKENIZERS["qwen"], solution) == [
        "<|im_start|>user\nAdd.<|im_end|>\n<|im_start|>assistant\n",
        "Step 1: One is 2.\n\n",
        "Step 2: So four\n\n",
        "Step 3: End",
    ]
    assert 382 in encode_response(TOKENIZERS["qwen"], CHECKPOINT, solution).ids
    assert texts(TOKENIZERS["no template"], solution)[0] == "<|begin_of_text|>Add.\n\n"


@pytest.mark.parametrize("name", TOKENIZERS)
@given(
    problem=st.text("abж<|>\n ", max_size=12),
    steps=st.lists(st.text("ab .ж\n≤<|im_end|>", min_size=1, max_size=12), min_size=1, max_size=4),
)
def test_the_steps_tokens_are_the_whole_response(name: str, problem: str, steps: list[str]) -> None:
    tokenizer = TOKENIZERS[name]
    response = encode_response(tokenizer, CHECKPOINT, Solution(problem, tuple(steps)))
    assert len(response.steps) == len(response.ids) - response.first
    assert response.steps == sorted(response.steps)
    assert set(response.steps) == set(range(len(steps)))
    whole = tokenizer.decode(response.ids[response.first :])
    assert whole.startswith("Step 1: ") and whole.count("\n\nStep ") == len(steps) - 1


def test_a_spanning_token_belongs_to_its_first_character_s_step() -> None:
    offsets = [(0, 2), (2, 5), (5, 7), (7, 9)]  # the third spans from step 1 (from 2) into step 2 (from 6)
    assert assign_tokens("x/y", [5, 6, 7, 8], offsets, [2, 6]) == ([5, 6, 7, 8], 1, [0, 0, 1])


@pytest.mark.parametrize(
    ("starts", "line"),
    [([2, 4, 6, 7], "step 3 has no token of its own: write it longer"), ([0, 4], "no token precedes the response")],
)
def test_a_step_without_a_token_is_refused(starts: list[int], line: str) -> None:
    with pytest.raises(BadInput, match=f"checkpoint x/y: {line}"):
        assign_tokens("x/y", [5, 6, 7, 8], [(0, 2), (2, 4), (4, 7), (7, 9)], starts)
