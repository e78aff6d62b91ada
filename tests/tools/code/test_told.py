from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from tools.code.told import MOST, forged, told

MARK = "0123456789abcdef" * 2
LINES = st.lists(st.text("abc '\"\\é", max_size=20), max_size=6)


def line(word: str, text: str) -> str:
    return f"\n{MARK} {word} {text!r}\n"


@given(LINES, LINES)
def test_signs_come_out_and_the_log_stays_as_it_was(printed: list[str], touched: list[str]) -> None:
    log = "".join(f"{text}\n" for text in printed)
    mixed = log + "".join(line("sign", f"opened {text}") for text in touched) + line("report", "ff")
    found = told(mixed.strip("\n") + "\nend", [], MARK)
    assert found.signs == list(dict.fromkeys(" ".join(f"opened {text}".split()) for text in touched))
    assert found.reports == {"ff"}
    assert MARK not in found.log
    assert [text for text in found.log.split("\n") if text.strip()] == [t for t in [*printed, "end"] if t.strip()]


def test_what_the_log_dropped_was_heard() -> None:
    found = told("[... 9 lines left out ...]", [line("sign", "opened /etc/x").strip()], MARK)
    assert found.signs == ["opened /etc/x"]


def test_a_program_prints_what_it_likes() -> None:
    said = f"{'f' * 32} sign 'opened /etc/x'\nsign 'x'\nlosses: {MARK[:-1]}"
    assert told(said, [], MARK) == (said, [], frozenset())


def test_hostile_lines_are_bounded() -> None:
    many = "".join(line("sign", str(place)) for place in range(200)) + f"\n{MARK} sign 'never closed\n{MARK} sign '\\x'"
    assert len(told(many, [], MARK).signs) == MOST


def test_a_report_that_nobody_told_of_is_forged() -> None:
    right, said = b"{}", told(line("report", hashlib.sha256(b"{}").hexdigest()), [], MARK)
    assert not forged(right, said)
    assert forged(b'{"exit": 0}', said)
    assert forged(right, told("", [], MARK))
    assert not forged(b"", told("", [], MARK))  # it left before the hook could write one
