"""Splits a command line into words. Refuses a line that needs a shell (pipes, several commands) with a correction."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from pelagos.errors import BadInput

_OPERATOR = re.compile(r"[();<>|&]+")
_VARIABLE = re.compile(r"\$[({\w]|`")
_PROGRAM = re.compile(r"(.*/)?python[\d.]*|.*\.py")


def split_words(text: str) -> list[str]:
    """The unquoted words. Raises BadInput with one line."""
    try:
        parts = _split_commands(text)
    except ValueError as error:
        raise BadInput(f"not a command: {error}; close its quotes") from None
    operators = [part for part in parts if isinstance(part, str)]
    commands = [part for part in parts if not isinstance(part, str)]
    if operators or len(commands) > 1:
        what = f"'{operators[0]}' needs a shell" if operators and operators[0] != "\n" else "several commands"
        raise BadInput(f"{what}, one command is started; {_suggest_command(commands)}")
    words = [word for command in commands for word in command]
    if variables := [word for word in words if _VARIABLE.search(word)]:
        raise BadInput(f"'{variables[0]}' is filled by a shell, none is started; write its value or a placeholder")
    return words


def quote_line(command: Sequence[str]) -> str:
    """The command as a shell line with these words; placeholders are not quoted."""
    return " ".join(word if re.fullmatch(r"[\w@%+=:,./{}~-]+", word) else shlex.quote(word) for word in command)


def python_line(command: Sequence[str]) -> str:
    """The command from its Python program on, as a line; "" if it starts no Python program."""
    at = next((at for at, word in enumerate(command) if _PROGRAM.fullmatch(word)), None)
    if at is None:
        return ""
    return quote_line(command[at:] if not command[at].endswith(".py") else ["python", *command[at:]])


def _split_commands(text: str) -> list[list[str] | str]:
    """Commands (lists of words) and the operators and line ends between them, in order."""
    parts: list[list[str] | str] = []
    for number, line in enumerate(_join_lines(text)):
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
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


def _join_lines(text: str) -> list[str]:
    """The command lines; a line that begins with an option or continues a quote is joined with the previous one."""
    lines = list[str]()
    for line in text.replace("\\\n", " ").strip().splitlines():
        if lines and (line.strip().startswith("-") or lines[-1].count('"') % 2 or lines[-1].count("'") % 2):
            lines[-1] += f" {line}" if line.strip().startswith("-") else f"\n{line}"
        elif line.strip():
            lines.append(line)
    return lines


def _suggest_command(commands: Sequence[Sequence[str]]) -> str:
    """The suggested line: the last command that starts Python, with the folder of a preceding `cd`."""
    python_commands = [command for command in commands if python_line(command)]
    if not python_commands:
        return "write its Python program, such as 'python train.py --data {data} --out {out} --seed {seed}'"
    folder = next((command[1] for command in commands if command[0] == "cd" and len(command) == 2), "")
    with_folder = [f"{folder}/{word}" if folder and word.endswith(".py") else word for word in python_commands[-1]]
    instruction = "do what stands before it in the program and write" if len(python_commands) > 1 else "write"
    return f"{instruction} '{python_line(with_folder)}'"
