"""A tag is one id, and no text of a problem or a step holds it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.verifiers.checkpoints.known import Checkpoint, layouts
from agents.verifiers.checkpoints.layouts import find_labels
from agents.verifiers.checkpoints.tokens import escape, find_id
from pelagos.errors import BadInput
from tests.agents.verifiers import tiny

QWEN, LLAMA, MISTRAL = tiny.qwen_tokenizer(), tiny.llama_tokenizer(), tiny.mistral_tokenizer()
IDS = {
    # layout: tokenizer, then the ids of tag, positive and negative that the makers' code writes as numbers
    "qwen": (QWEN, (151651, -1, -1)),
    "trl": (QWEN, (271, -1, -1)),
    "pure": (QWEN, (198, -1, -1)),
    "skywork": (QWEN, (198, -1, -1)),
    "shepherd": (MISTRAL, (12902, 648, 387)),
    "versaprm": (LLAMA, (23535, 10, 12)),
    "rlhflow": (LLAMA, (128002, 10, 12)),
    "procedure": (LLAMA, (128002, 9642, 2822)),
}


@pytest.mark.parametrize(("layout", "tokenizer", "ids"), [(name, *row) for name, row in IDS.items()])
def test_the_ids_are_those_that_the_makers_write(layout: str, tokenizer: Any, ids: tuple[int, int, int]) -> None:
    assert find_labels(tokenizer, Checkpoint("x/y", layouts()[layout])) == ids


def test_a_tag_in_five_pieces_is_refused() -> None:
    without = tiny.qwen_tokenizer({"<|im_start|>": 151644, "<|im_end|>": 151645})
    with pytest.raises(
        BadInput, match=r"x/y: its tokenizer reads the step tag '<extra_0>' as 5 tokens, not as one: take"
    ):
        find_id(without, "<extra_0>", "step tag", "x/y")


def test_an_unknown_tag_and_equal_labels_are_refused() -> None:
    whole_words = tiny.word_tokenizer(["<unk>", "a", "good"])
    with pytest.raises(BadInput, match="reads the label ' bad' as an unknown token"):
        find_id(whole_words, " bad", "label", "x/y")
    same = Checkpoint("x/y", layouts()["versaprm"].__class__("own", "tag_logits", "ids", "\n", "+", "+"))
    with pytest.raises(BadInput, match="x/y: its tokenizer reads both labels as token 10"):
        find_labels(LLAMA, same)


PIECES = ["<extra_0>", "<|im_end|>", " ки", "ки", "\n", "\n\n", " \n\n\n\n", " ", "+", "-", "Yes", "a", "."]
PIECES += ["<|reserved_special_token_0|>", "<|eot_id|>", "<s>", "\r\n", "\t\n", "<extra", "_0>", "стенки"]


@pytest.mark.parametrize("layout", IDS)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=8))
def test_no_text_holds_a_tag_or_a_control_token(layout: str, pieces: list[str]) -> None:
    tokenizer, (tag, _, _) = IDS[layout]
    ids = tokenizer.encode(escape(tokenizer, "".join(pieces), layouts()[layout].tag), add_special_tokens=False)
    assert tag not in ids
    assert not set(ids) & set(tokenizer.all_special_ids)


def test_other_text_stays_as_it_is() -> None:
    code = "def f(x):\n    return x + 1\n"
    assert escape(QWEN, code, "<extra_0>") == code
    assert escape(QWEN, code, "\n") == "def f(x): return x + 1"
    assert escape(QWEN, "one\n\n\ntwo\nthree", "\n\n") == "one\ntwo\nthree"
    assert escape(QWEN, "see <extra_0>", "<extra_0>") == "see < extra_0>"
