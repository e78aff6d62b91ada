from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from sandbox.log import MAX_LINE, BoundedLog, clean_line


def test_escapes_controls_and_overwritten_text_are_dropped() -> None:
    assert clean_line("\x1b[1;31mred\x1b[0m\x07 \x1b]0;evil\x07ok\x9b\u202etxt") == "red oktxt"
    assert clean_line(" 10 %\r 20 %\r100 %\r") == "100 %"


def test_head_and_tail_stay_and_the_gap_is_counted() -> None:
    log = BoundedLog(20_000)
    for index in range(5000):
        log.feed(f"line {index}\n".encode())
    lines = log.close().split("\n")
    gap = next(line for line in lines if line.startswith("[..."))
    assert lines[0] == "line 0" and lines[-1] == "line 4999"
    assert int(gap.split()[1]) + len(lines) - 1 == 5000


def test_a_character_cut_by_the_pipe_is_put_together() -> None:
    log = BoundedLog(10_000)
    for byte in "grün, 海\nend".encode():
        log.feed(bytes([byte]))
    assert log.close() == "grün, 海\nend"


@given(st.lists(st.binary(max_size=3 * MAX_LINE), max_size=20))
def test_whatever_is_printed_stays_bounded_and_clean(chunks: list[bytes]) -> None:
    told: list[str] = []
    log = BoundedLog(2 * MAX_LINE, told.append)
    for chunk in chunks:
        log.feed(chunk)
    text = log.close()
    assert len(text.encode()) <= 3 * 4 * MAX_LINE
    assert all(char in "\n\t" or unicodedata.category(char) not in ("Cc", "Zl", "Zp") for char in text)
    assert sum(len(line) + 1 for line in told) <= 3 * MAX_LINE + 50


@given(st.integers(1, 50), st.integers(0, 3000), st.integers(1, 9000))
def test_what_floods_in_pieces_of_any_size_is_counted_to_the_line(width: int, lines: int, piece: int) -> None:
    log = BoundedLog(2 * MAX_LINE)
    data = b"".join(b"%d %s\n" % (number, b"x" * width) for number in range(lines))
    for start in range(0, len(data), piece):
        log.feed(data[start : start + piece])
    text = log.close()
    kept = [line for line in text.split("\n") if not line.startswith("[...")]
    left_out = sum(int(line.split()[1]) for line in text.split("\n") if line.startswith("[..."))
    assert len(text.encode()) <= 2 * MAX_LINE + 100
    assert left_out + (len(kept) if text else 0) == lines
    assert not lines or kept[-1].startswith(f"{lines - 1} ")
