"""Parses the hook's messages to the host in the log: access findings, and the hash of the report that it wrote.

A message line begins with a mark that is drawn for each execution, so that a program's own output can't imitate one.
Messages can't be withdrawn: a report whose hash was not announced was changed by the program.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from pelagos.visible import make_one_line

FORGED = "changed the report of its runner"
MAX_FINDINGS = 40
MAX_CHARS = 400


class HookMessages(NamedTuple):
    """`log` is the log without the hook's lines; `access_findings` are in the order of arrival; `report_hashes` are the
    announced SHA-256 digests of the report."""

    log: str
    access_findings: Sequence[str]
    report_hashes: frozenset[str]


def parse_hook_messages(log: str, lines: Sequence[str], mark: str) -> HookMessages:
    """Parse the messages in `log` and in `lines`: the marked lines as they arrived, some of which the bounded log may
    have dropped."""
    line = re.compile(rf"^{re.escape(mark)} (sign|report) ('.*'|\".*\")$")
    matches = [match for text in (*lines, *log.splitlines()) if (match := line.match(text))]
    messages = list(dict.fromkeys((match[1], _unquote(match[2])) for match in matches))
    remaining_log = re.sub(rf"\n{{0,2}}^[^\n]*{re.escape(mark)}[^\n]*$", "", log, flags=re.MULTILINE).lstrip("\n")
    findings = [text for word, text in messages if word == "sign"][:MAX_FINDINGS]
    return HookMessages(remaining_log, findings, frozenset(text for word, text in messages if word == "report"))


def is_forged(report: bytes, messages: HookMessages) -> bool:
    """Whether the report differs from the one that the hook wrote. An empty report is not forged: a program may exit
    early."""
    return bool(report) and hashlib.sha256(report).hexdigest() not in messages.report_hashes


def _unquote(quoted: str) -> str:
    try:
        return make_one_line(str(ast.literal_eval(quoted)), MAX_CHARS)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return make_one_line(quoted, MAX_CHARS)
