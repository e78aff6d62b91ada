"""The words of one command. A line that needs a shell (pipes, several commands) is refused with the line to write."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from pelagos.errors import BadInput

_OPERATOR = re.compile(r"[();<>|&]+")
_VARIABLE = re.compile(r"\$[({\w]|`")
_PROGRAM = re.compile(r"(.*/)?python[\d.]*|.*\.py")


def words(text: str) -> list[str]:
    """The words, unquoted. Raises BadInput with one line."""
    try:
        parts = _commands(text)
    except ValueError as error:
        raise BadInput(f"not a command: {error}; close its quotes") from None
    operators = [part for part in parts if isinstance(part, str)]
    commands = [part for part in parts if not isinstance(part, str)]
    if operators or len(commands) > 1:
        what = f"'{operators[0]}' needs a shell" if operators and operators[0] != "\n" else "several commands"
        raise BadInput(f"{what}, one command is started; {_instead(commands)}")
    found = [word for command in commands for word in command]
    if variables := [word for word in found if _VARIABLE.search(word)]:
        raise BadInput(f"'{variables[0]}' is filled by a shell, none is started; write its value or a placeholder")
    return found


def line(command: Sequence[str]) -> str:
    """The command as a line that has these words; placeholders stay bare."""
    return " ".join(word if re.fullmatch(r"[\w@%+=:,./{}~-]+", word) else shlex.quote(word) for word in command)


def python_line(command: Sequence[str]) -> str:
    """The command from its Python program on, as a line to write; "" where there is none."""
    at = next((at for at, word in enumerate(command) if _PROGRAM.fullmatch(word)), None)
    if at is None:
        return ""
    return line(command[at:] if not command[at].endswith(".py") else ["python", *command[at:]])


def _commands(text: str) -> list[list[str] | str]:
    """Commands (lists of words) and what stands between them (operators, line ends), in order."""
    parts: list[list[str] | str] = []
    for number, one in enumerate(_lines(text)):
        lexer = shlex.shlex(one, posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, ""
        parts += ["\n"] if number else []
        for word in lexer:
            if _OPERATOR.fullmatch(word):
                parts.append(word)
            elif parts and isinstance(parts[-1], list):
                parts[-1].append(word)
            else:
                parts.append([word])
    return parts


def _lines(text: str) -> list[str]:
    """The lines of commands: those that begin with an option go on with the one before."""
    lines = list[str]()
    for one in text.replace("\\\n", " ").strip().splitlines():
        if lines and (one.strip().startswith("-") or lines[-1].count('"') % 2 or lines[-1].count("'") % 2):
            lines[-1] += f" {one}" if one.strip().startswith("-") else f"\n{one}"
        elif one.strip():
            lines.append(one)
    return lines


def _instead(commands: Sequence[Sequence[str]]) -> str:
    """The line to write: the last command that starts Python, from the folder that a `cd` before it names."""
    found = [command for command in commands if python_line(command)]
    if not found:
        return "write its Python program, such as 'python train.py --data {data} --out {out} --seed {seed}'"
    folder = next((command[1] for command in commands if command[0] == "cd" and len(command) == 2), "")
    moved = [f"{folder}/{word}" if folder and word.endswith(".py") else word for word in found[-1]]
    before = "do what stands before it in the program and write" if len(found) > 1 else "write"
    return f"{before} '{python_line(moved)}'"
