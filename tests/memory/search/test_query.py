from __future__ import annotations

import random
import sqlite3

import pytest

from memory.search.query import MAX_TERMS, make_expression

HOSTILE = [
    '"', '""', '"""', "'", "*", "a*", "^a", "a ^b", "NEAR(a b, 2)", "a AND", "OR", "NOT a", "a NOT", "text:a", "-a", "+a",
    "(a", "a)", "{a b}:c", "a:b:c", "\x00", "a\x00b", "\ud800", "💥", "é́", "a\nb", "a;DROP TABLE words;--", "\\", "a\"b",
    '"a" "', "%", "_", "ﬀ", "\u200b", "ۑ", "१२", "Ⅷ", "x" * 5_000, "a " * 5_000, '"' * 999,
]  # fmt: skip


@pytest.fixture(scope="module")
def words() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(text, tokenize='porter unicode61 remove_diacritics 2')")
    connection.execute("INSERT INTO words VALUES ('Label smoothing of the café loss, a b')")
    return connection


def _find(words: sqlite3.Connection, text: str) -> bool:
    expression = make_expression(text)
    return bool(expression and words.execute("SELECT 1 FROM words WHERE words MATCH ?", (expression,)).fetchall())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("label", True),
        ("smooth loss", True),
        ("SMOOTHED", True),
        ("cafe", True),
        ("loss lab", True),
        ("lab loss", False),  # only the last word is a prefix
        ('"label smoothing"', True),
        ('"smoothing label"', False),
        ('"lab"', False),
        ("lab*", True),
        ("label_smoothing", True),
        ("label AND loss", False),  # a word like any other: "and" is not in the text
        ("", False),
        ("***", False),
    ],
)
def test_words_phrases_and_prefix(words: sqlite3.Connection, text: str, found: bool) -> None:
    assert _find(words, text) is found


@pytest.mark.parametrize("text", HOSTILE)
def test_no_input_is_a_syntax_error(words: sqlite3.Connection, text: str) -> None:
    _find(words, text)


def test_random_input_is_no_syntax_error(words: sqlite3.Connection) -> None:
    draw = random.Random(1)
    alphabet = "ab \"'*^:()-+{}\\\x00\n\t,.;NEAROTD\ud800\udc00é１٣𝒳"
    for _ in range(2_000):
        _find(words, "".join(draw.choices(alphabet, k=draw.randint(1, 40))))


def test_a_long_query_is_cut() -> None:
    assert make_expression("ab " * 300).count('"') == 2 * MAX_TERMS
