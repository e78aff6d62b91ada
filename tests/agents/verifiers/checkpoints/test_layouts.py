"""Where the step scores stand: by the makers' own ids, and at one position per step whatever the texts hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.verifiers.checkpoints.known import Checkpoint, Layout, layouts
from agents.verifiers.checkpoints.layouts import Encoded, check_length, find_labels, lay_out
from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput
from tests.agents.verifiers import tiny
from tests.agents.verifiers.checkpoints.test_tokens import IDS, PIECES

SOLUTION = Solution("Add 2.", ("Two.", "It is 4."))
TEXTS = {
    "qwen": "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
    "<|im_start|>user\nAdd 2.<|im_end|>\n<|im_start|>assistant\nTwo.<extra_0>It is 4.<extra_0><|im_end|>\n",
    "trl": "Add 2.Two.\n\nIt is 4.\n\n",
    "pure": "Add 2.Two.\nIt is 4.\n",
    "skywork": "Add 2.\nTwo.\nIt is 4.\n",
    "versaprm": "<|begin_of_text|>Add 2. \n\nTwo. \n\n\n\nIt is 4. \n\n\n\n",
    "rlhflow": "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nAdd 2. Two.<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n+<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nIt is 4.<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n+<|eot_id|>",
}
TEXTS["procedure"] = TEXTS["rlhflow"].replace("+", "Yes")


def laid_out(layout: str, solution: Solution, tokenizer: Any = None) -> Encoded:
    checkpoint, tokenizer = Checkpoint("x/y", layouts()[layout]), tokenizer or IDS[layout][0]
    return lay_out(tokenizer, checkpoint, find_labels(tokenizer, checkpoint), solution)


@pytest.mark.parametrize(("layout", "text"), TEXTS.items())
def test_the_text_is_that_of_the_makers(layout: str, text: str) -> None:
    assert IDS[layout][0].decode(laid_out(layout, SOLUTION).ids) == text


def test_plain_text_with_tags() -> None:
    """The home-made SentencePiece has no decoder; the makers' string is encoded as a whole, and ids are compared."""
    tokenizer = IDS["shepherd"][0]
    text = "Add 2. Step 1: Two. ки\nStep 2: It is 4. ки"
    assert laid_out("shepherd", SOLUTION).ids == [1, *tokenizer.encode(text, add_special_tokens=False)]
    numbered = Solution("Add 2.", ("Step 1: Two.", "step 2 : It is 4."))
    assert laid_out("shepherd", numbered).ids == [
        1,
        *tokenizer.encode("Add 2. Step 1: Two. ки\nstep 2 : It is 4. ки", add_special_tokens=False),
    ]


@pytest.mark.parametrize("layout", IDS)
def test_a_score_is_read_at_the_tag_or_where_the_answer_is_predicted(layout: str) -> None:
    encoded = laid_out(layout, SOLUTION)
    tag, positive, _ = IDS[layout][1]
    turns = layouts()[layout].form == "turns"
    assert [encoded.ids[place + turns] for place in encoded.positions] == [positive if turns else tag] * 2
    assert tag not in encoded.ids or not turns


@pytest.mark.parametrize("layout", IDS)
@given(texts=st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), min_size=2, max_size=5))
def test_no_text_moves_a_score(layout: str, texts: list[str]) -> None:
    """Each step has one position, in order, and what a later step holds doesn't change an earlier one's."""
    encoded = laid_out(layout, Solution(texts[0], tuple(texts[1:])))
    assert len(encoded.positions) == len(texts) - 1
    assert encoded.positions == sorted(set(encoded.positions))
    other = laid_out(layout, Solution(texts[0], (*texts[1:-1], "else")))
    assert other.positions[:-1] == encoded.positions[:-1]


def test_a_separator_that_is_joined_as_text_would_be_lost() -> None:
    tokenizer = IDS["pure"][0]
    assert tokenizer.encode("It is 4.\n")[-1] == 624  # Qwen's id of ".\n"
    assert laid_out("pure", SOLUTION).ids[-1] == 198


def test_a_tag_that_merges_with_what_follows_is_refused() -> None:
    layout = Layout("own", "tag_logits", "text", ".", "+", "-")  # ".\n" is one token
    tokenizer = IDS["qwen"][0]
    checkpoint = Checkpoint("x/y", layout)
    with pytest.raises(BadInput, match=r"x/y: 1 step tags '.' for 2 steps: its tokenizer joins the tag"):
        lay_out(tokenizer, checkpoint, find_labels(tokenizer, checkpoint), Solution("P", ("a", "b")))


def test_a_chat_without_template_is_refused() -> None:
    with pytest.raises(BadInput, match="x/y: its tokenizer has no chat template: add"):
        laid_out("qwen", SOLUTION, tiny.byte_tokenizer(tiny.QWEN_SPECIALS))


def test_a_template_that_refuses_the_turns_is_one_line() -> None:
    strict = tiny.qwen_tokenizer()
    strict.chat_template = "{{ raise_exception('System role not\\nsupported') }}"
    with pytest.raises(
        BadInput, match="x/y: its chat template refuses the turns system, user, assistant: System role not"
    ):
        laid_out("qwen", SOLUTION, strict)


@pytest.mark.parametrize(("context", "step"), [(9, 3), (8, 2), (5, 1)])
def test_what_ends_behind_the_context_is_named(context: int, step: int) -> None:
    encoded = Encoded(list(range(10)), [5, 8, 9])
    with pytest.raises(
        BadInput, match=rf"x/y: solution 2, step {step} ends at token \d+, and the model reads {context}"
    ):
        check_length(Checkpoint("x/y", layouts()["trl"]), encoded, 2, context)
    check_length(Checkpoint("x/y", layouts()["trl"]), encoded, 2, 10)
