from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from tools.code.execution.hook_messages import MAX_FINDINGS, is_forged, parse_hook_messages

MARK = "0123456789abcdef" * 2
LINES = st.lists(st.text("abc '\"\\é", max_size=20), max_size=6)


def line(word: str, text: str) -> str:
    return f"\n{MARK} {word} {text!r}\n"


@given(LINES, LINES)
def test_signs_come_out_and_the_log_stays_as_it_was(printed: list[str], touched: list[str]) -> None:
    log = "".join(f"{text}\n" for text in printed)
    mixed = log + "".join(line("sign", f"opened {text}") for text in touched) + line("report", "ff")
    messages = parse_hook_messages(mixed.strip("\n") + "\nend", [], MARK)
    assert messages.access_findings == list(dict.fromkeys(" ".join(f"opened {text}".split()) for text in touched))
    assert messages.report_hashes == {"ff"}
    assert MARK not in messages.log
    assert [text for text in messages.log.split("\n") if text.strip()] == [t for t in [*printed, "end"] if t.strip()]


def test_what_the_log_dropped_was_heard() -> None:
    messages = parse_hook_messages("[... 9 lines left out ...]", [line("sign", "opened /etc/x").strip()], MARK)
    assert messages.access_findings == ["opened /etc/x"]


def test_a_program_prints_what_it_likes() -> None:
    output = f"{'f' * 32} sign 'opened /etc/x'\nsign 'x'\nlosses: {MARK[:-1]}"
    assert parse_hook_messages(output, [], MARK) == (output, [], frozenset())


def test_hostile_lines_are_bounded() -> None:
    many = "".join(line("sign", str(place)) for place in range(200)) + f"\n{MARK} sign 'never closed\n{MARK} sign '\\x'"
    assert len(parse_hook_messages(many, [], MARK).access_findings) == MAX_FINDINGS


def test_a_report_that_nobody_told_of_is_forged() -> None:
    right, messages = b"{}", parse_hook_messages(line("report", hashlib.sha256(b"{}").hexdigest()), [], MARK)
    assert not is_forged(right, messages)
    assert is_forged(b'{"exit": 0}', messages)
    assert is_forged(right, parse_hook_messages("", [], MARK))
    assert not is_forged(b"", parse_hook_messages("", [], MARK))  # it left before the hook could write one
