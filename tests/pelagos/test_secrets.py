"""A key is taken out of a text in every form in which it may come back."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from pelagos.secrets import REDACTED, redact_environment, redact_key

KEY = 'sk-a/b+c="12\\34'


@pytest.mark.parametrize("form", [KEY, quote(KEY, ""), json.dumps(KEY)[1:-1], base64.b64encode(KEY.encode()).decode()])
def test_key_is_taken_out_in_every_form(form: str) -> None:
    assert redact_key(f"no such key {form}, sorry", KEY) == f"no such key {REDACTED}, sorry"


@pytest.mark.parametrize("word", ["", "none", "EMPTY", "ollama"])
def test_word_that_stands_for_no_key_is_left_in_texts(word: str) -> None:
    assert redact_key("none EMPTY ollama", word) == "none EMPTY ollama"


def test_values_of_variables_that_hold_secrets_are_taken_out() -> None:
    env = {"my_api_key": "Bearer abcdefgh", "CHAT_WEBHOOK": "https://h.org/T0", "KEYBOARD": "qwertz-layout"}
    assert redact_environment("abcdefgh https://h.org/T0 qwertz-layout", env) == f"{REDACTED} {REDACTED} qwertz-layout"
