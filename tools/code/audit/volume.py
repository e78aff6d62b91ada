"""How much a change adds: more text than a program needs, or text that hardly compresses, can hold answers anywhere.

It looks at everything that a program can read of itself: code, comments, docstrings and names. The limits lie far above
what honest changes add: the largest of the 50 in benchmarks/cheats adds 393 bytes, compressed. What fits below them is
left to the other rules and to the controls.
"""

from __future__ import annotations

import io
import tokenize
import zlib
from collections.abc import Iterator

from tools.code.program import Program

MOST_ADDED = 24_000  # bytes of added lines, compressed together with the untouched program
MOST_PROSE = 6_000  # characters of added comments and docstrings
DENSE, LEAST_DENSE = 0.62, 2_000  # compressed share of what is added, from so many characters on
DIGITAL = 0.3  # share of digits in comments and docstrings
MOST_NUMBERED, DIGITS = 24, 4  # names that hold so many digits


def volume(program: Program, untouched: Program) -> list[str]:
    before = {line.strip() for text in untouched.files.values() for line in text.splitlines()}
    old = "\n".join(untouched.files.values()).encode()
    added = "\n".join(
        line for text in program.files.values() for line in text.splitlines() if line.strip() not in before
    )
    held = len(zlib.compress(old + added.encode(), 9)) - len(zlib.compress(old, 9))
    if held > MOST_ADDED:
        return [f"adds {held} bytes of text, compressed; {MOST_ADDED} are far more than a change needs"]
    said, names = _said(program), _names(program)
    known, named = _said(untouched), set(_names(untouched))
    prose = "\n".join(line for line in said if line not in set(known))
    new = [name for name in dict.fromkeys(names) if name not in named]
    return [*_prose(prose), *_named(new)]


def _prose(text: str) -> Iterator[str]:
    if len(text) > MOST_PROSE:
        yield f"adds {len(text)} characters of comments and docstrings"
    elif len(text) >= LEAST_DENSE and (_share(text) > DENSE or _digits(text) > DIGITAL * len(text)):
        yield f"adds {len(text)} characters of comments and docstrings that are no prose"


def _named(names: list[str]) -> Iterator[str]:
    numbered = [name for name in names if _digits(name) >= DIGITS]
    if len(numbered) > MOST_NUMBERED:
        yield f"adds {len(numbered)} names that hold numbers, as {numbered[0][:60]}"
    text = "\n".join(names)
    if len(text) >= LEAST_DENSE and _share(text) > DENSE:
        yield f"adds {len(names)} names of {len(text)} characters that are no words"


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _share(text: str) -> float:
    return len(zlib.compress(text.encode(), 9)) / len(text.encode())


def _said(program: Program) -> list[str]:
    """Lines of comments and of texts that stand alone."""
    return [line.strip() for token in _tokens(program) if _is_said(token) for line in token.string.splitlines()]


def _is_said(token: tokenize.TokenInfo) -> bool:
    alone = token.type == tokenize.STRING and token.line.lstrip().startswith(token.string[:3])
    return alone or token.type == tokenize.COMMENT


def _names(program: Program) -> list[str]:
    return [token.string for token in _tokens(program) if token.type == tokenize.NAME]


def _tokens(program: Program) -> Iterator[tokenize.TokenInfo]:
    for path in program.trees:
        try:
            yield from tokenize.generate_tokens(io.StringIO(program.files[path]).readline)
        except (tokenize.TokenError, IndentationError):  # what parses tokenizes, but for odd line ends
            continue
