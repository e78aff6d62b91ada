"""Removes prefixes from the code lines of a reply: session prompts, line numbers, diff signs and shared indentation.

Each function returns the code unchanged if its prefix is not in every line.
"""

from __future__ import annotations

import re
import textwrap

_PROMPT = re.compile(r"^(?:>>>|\.\.\.)(?: |$)")
_NUMBER = re.compile(r"^[ \t]*(\d+)(?:[:.|)]|[ \t]*[|│])?(?:[ \t]|$)")
_DIFF_HEAD = ("+++", "---", "@@", "diff ", "index ")


def remove_prompts(code: str) -> str:
    """Code without `>>> ` and `... `. Lines without a prompt are output and are left out."""
    lines = code.splitlines()
    if not any(line.startswith(">>> ") for line in lines):
        return code
    return "".join(_PROMPT.sub("", line) + "\n" for line in lines if _PROMPT.match(line))


def remove_line_numbers(code: str) -> str:
    """Code without line numbers, if every non-empty line has one and they count up by one."""
    lines = [line for line in code.splitlines() if line.strip()]
    matches = [_NUMBER.match(line) for line in lines]
    numbers = [int(match[1]) for match in matches if match]
    if len(numbers) != len(lines) or len(lines) < 2 or numbers != list(range(numbers[0], numbers[0] + len(lines))):
        return code
    return "".join(line[match.end() :] + "\n" for line, match in zip(lines, matches, strict=True) if match)


def remove_diff_signs(code: str) -> str:
    """The new side of a diff: without lines marked `-`, and without the first column of the others."""
    lines = [line for line in code.splitlines() if not line.startswith(_DIFF_HEAD)]
    marked = [line for line in lines if line.startswith(("+", "-"))]
    if not marked or any(line and line[0] not in "+- " for line in lines):
        return code
    return "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))


def remove_shared_indentation(code: str) -> str:
    """Code moved to the left margin, with tabs as four columns; also if the first line is at the margin already."""
    lines = code.expandtabs(4).strip("\n").splitlines()
    dedented = textwrap.dedent("\n".join(lines))
    if lines and dedented.startswith(lines[0]) and lines[0][:1] not in ("", " "):
        rest = textwrap.dedent("\n".join(lines[1:])).lstrip("\n")
        if re.match(r"@|(?:import|from)\b", lines[0]) and re.match(r"@|(?:async )?def |class |import |from ", rest):
            return f"{lines[0]}\n{rest}\n"
    return dedented + "\n"
