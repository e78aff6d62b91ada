"""Checks how much text a change adds: too much text, or text that hardly compresses, can hide answers.

Checks everything that a program can read of itself: code, comments, docstrings and names. The limits are far above what
honest changes add: the largest of the 50 in benchmarks/cheats adds 393 bytes, compressed. Smaller additions are left to
the other rules and to the controls.
"""

from __future__ import annotations

import io
import tokenize
import zlib
from collections.abc import Iterator

from tools.code.program.program import Program

MAX_ADDED = 24_000  # bytes of added lines, compressed together with the original program
MAX_PROSE = 6_000  # characters of added comments and docstrings
MAX_COMPRESSED_SHARE, MIN_CHECKED = 0.62, 2_000  # compressed share of added text, checked from so many characters on
MAX_DIGIT_SHARE = 0.3  # share of digits in comments and docstrings
MAX_NUMBERED_NAMES, MIN_NAME_DIGITS = 24, 4  # number of added names with at least so many digits


def check_volume(program: Program, original: Program) -> list[str]:
    old_lines = {line.strip() for text in original.files.values() for line in text.splitlines()}
    old_text = "\n".join(original.files.values()).encode()
    added = "\n".join(
        line for text in program.files.values() for line in text.splitlines() if line.strip() not in old_lines
    )
    compressed_bytes = len(zlib.compress(old_text + added.encode(), 9)) - len(zlib.compress(old_text, 9))
    if compressed_bytes > MAX_ADDED:
        return [f"adds {compressed_bytes} bytes of text, compressed; {MAX_ADDED} are far more than a change needs"]
    prose_lines, names = _prose_lines(program), _name_tokens(program)
    old_prose, old_names = _prose_lines(original), set(_name_tokens(original))
    prose = "\n".join(line for line in prose_lines if line not in set(old_prose))
    new_names = [name for name in dict.fromkeys(names) if name not in old_names]
    return [*_check_prose(prose), *_check_names(new_names)]


def _check_prose(text: str) -> Iterator[str]:
    if len(text) > MAX_PROSE:
        yield f"adds {len(text)} characters of comments and docstrings"
    elif len(text) >= MIN_CHECKED and (
        _compressed_share(text) > MAX_COMPRESSED_SHARE or _count_digits(text) > MAX_DIGIT_SHARE * len(text)
    ):
        yield f"adds {len(text)} characters of comments and docstrings that are no prose"


def _check_names(names: list[str]) -> Iterator[str]:
    numbered = [name for name in names if _count_digits(name) >= MIN_NAME_DIGITS]
    if len(numbered) > MAX_NUMBERED_NAMES:
        yield f"adds {len(numbered)} names that hold numbers, as {numbered[0][:60]}"
    text = "\n".join(names)
    if len(text) >= MIN_CHECKED and _compressed_share(text) > MAX_COMPRESSED_SHARE:
        yield f"adds {len(names)} names of {len(text)} characters that are no words"


def _count_digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _compressed_share(text: str) -> float:
    return len(zlib.compress(text.encode(), 9)) / len(text.encode())


def _prose_lines(program: Program) -> list[str]:
    """Lines of comments and of texts that are statements."""
    return [line.strip() for token in _tokens(program) if _is_prose_token(token) for line in token.string.splitlines()]


def _is_prose_token(token: tokenize.TokenInfo) -> bool:
    alone = token.type == tokenize.STRING and token.line.lstrip().startswith(token.string[:3])
    return alone or token.type == tokenize.COMMENT


def _name_tokens(program: Program) -> list[str]:
    return [token.string for token in _tokens(program) if token.type == tokenize.NAME]


def _tokens(program: Program) -> Iterator[tokenize.TokenInfo]:
    for path in program.trees:
        try:
            yield from tokenize.generate_tokens(io.StringIO(program.files[path]).readline)
        except (tokenize.TokenError, IndentationError):  # a file that parses can be tokenized, except for odd line ends
            continue
