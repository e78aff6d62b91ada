"""Takes off what stands before lines of code in a reply: prompts of a session, line numbers, signs of a diff, and an
indentation that all lines share. Each function returns the code unchanged where its sign isn't in every line.
"""

from __future__ import annotations

import re
import textwrap

_PROMPT = re.compile(r"^(?:>>>|\.\.\.)(?: |$)")
_NUMBER = re.compile(r"^[ \t]*(\d+)(?:[:.|)]|[ \t]*[|│])?(?:[ \t]|$)")
_DIFF_HEAD = ("+++", "---", "@@", "diff ", "index ")


def without_prompts(code: str) -> str:
    """Without `>>> ` and `... `; lines of output, which have neither, are left out."""
    lines = code.splitlines()
    if not any(line.startswith(">>> ") for line in lines):
        return code
    return "".join(_PROMPT.sub("", line) + "\n" for line in lines if _PROMPT.match(line))


def without_numbers(code: str) -> str:
    """Without line numbers, where every line that isn't empty has one and they count up by one."""
    lines = [line for line in code.splitlines() if line.strip()]
    found = [_NUMBER.match(line) for line in lines]
    numbers = [int(match[1]) for match in found if match]
    if len(numbers) != len(lines) or len(lines) < 2 or numbers != list(range(numbers[0], numbers[0] + len(lines))):
        return code
    return "".join(line[match.end() :] + "\n" for line, match in zip(lines, found, strict=True) if match)


def without_diff_signs(code: str) -> str:
    """The new side of a diff: lines marked `-` are left out, of the others the first column."""
    lines = [line for line in code.splitlines() if not line.startswith(_DIFF_HEAD)]
    marked = [line for line in lines if line.startswith(("+", "-"))]
    if not marked or any(line and line[0] not in "+- " for line in lines):
        return code
    return "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))


def without_shared_indentation(code: str) -> str:
    """Moved to the left margin, tabs as four columns; also where only the first line was moved there already."""
    lines = code.expandtabs(4).strip("\n").splitlines()
    whole = textwrap.dedent("\n".join(lines))
    if lines and whole.startswith(lines[0]) and lines[0][:1] not in ("", " "):
        rest = textwrap.dedent("\n".join(lines[1:])).lstrip("\n")
        if re.match(r"@|(?:import|from)\b", lines[0]) and re.match(r"@|(?:async )?def |class |import |from ", rest):
            return f"{lines[0]}\n{rest}\n"
    return whole + "\n"
