"""Looks up tags in a tokenizer, and keeps the texts of problems and steps free of them."""

from __future__ import annotations

import re
from typing import Any

from pelagos.errors import BadInput

BEFORE = "a"  # a tag follows text: some tokenizers read it otherwise at the beginning


def find_id(tokenizer: Any, text: str, what: str, source: str) -> int:
    """Return the one id that `text` has behind other text. Raises BadInput if it has several or is unknown."""
    before = tokenizer.encode(BEFORE, add_special_tokens=False)
    ids = tokenizer.encode(BEFORE + text, add_special_tokens=False)
    own = ids[len(before) :]
    if len(own) != 1 or ids[: len(before)] != before or own[0] == tokenizer.unk_token_id:
        pieces = "an unknown token" if tokenizer.unk_token_id in own else f"{len(own)} tokens, not as one"
        raise BadInput(
            f"checkpoint {source}: its tokenizer reads the {what} {text!r} as {pieces}: take the tokenizer that the "
            "checkpoint was trained with"
        )
    return int(own[0])


def escape(tokenizer: Any, text: str, tag: str) -> str:
    """Return `text` such that neither the tag nor a control token can be read in it.

    A tag of line ends is replaced by fewer line ends (a space where it is a single one); any other tag, and each
    special token, gets a space behind its first character.
    """
    for special in _specials(tokenizer):
        text = text.replace(special, f"{special[0]} {special[1:]}")
    if tag.strip():
        word = tag.strip()
        return text.replace(word, f"{word[0]} {word[1:]}")
    ends = tag.count("\n")
    fewer = "\n" * (ends - 1) or " "
    return re.sub(rf"(?:[^\S\n]*\n){{{ends},}}[^\S\n]*", fewer, text.strip())


def _specials(tokenizer: Any) -> list[str]:
    """The special tokens, longest first."""
    added = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    return sorted({token for token in added | set(tokenizer.all_special_tokens) if len(token) > 1}, key=len)[::-1]
