"""Describes a change in lines: first what was measured, then what the code shows. It doesn't see the hypothesis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agents.fidelity.change.reading import Reading
from agents.judging.differences import CHANCE, SHARE_PREFIX
from agents.judging.differences import NO_DIFFERENCE as NOTHING_MEASURED
from pelagos.visible import make_visible

NO_DIFFERENCE = "nothing that could be read"
MAX_ITEMS, MAX_LINE = 6, 140
LINES_IN_TITLE, MAX_TITLE = 3, 160


def describe_change(reading: Reading, differences: Sequence[str] | None) -> list[str]:
    """Return the lines, bounded in number and length. `differences` are those of the measurement; differences that may
    be chance, and the line that nothing differs, come last."""
    measured = [line for line in differences or () if line != NOTHING_MEASURED and not line.startswith(tuple(CHANCE))]
    uncertain = [line for line in differences or () if line not in measured]
    return [_cut(line, MAX_LINE) for line in (*measured[: 2 * MAX_ITEMS], *_change_lines(reading), *uncertain)]


def shorten_title(lines: Sequence[str]) -> str:
    """Return the first lines, as many as fit, as a title. Shares (of layers, passes, steps) say where something acts,
    which is too long a tale for a title; they stand there if there is nothing else."""
    parts: list[str] = []
    for line in ([line for line in lines if not line.startswith(SHARE_PREFIX)] or lines)[:LINES_IN_TITLE]:
        if parts and len("; ".join([*parts, line])) > MAX_TITLE:
            break
        parts.append(line)
    return "; ".join(parts) or NO_DIFFERENCE


def _change_lines(reading: Reading) -> Iterator[str]:
    yield from (f"sets {item}" for item in reading.constants[:MAX_ITEMS])
    yield from (f"loops {item}" for item in reading.loops[:MAX_ITEMS])
    yield from _list_line("now calls", reading.new_calls)
    yield from _list_line("no longer calls", reading.gone_calls)
    yield from _list_line("defines", reading.defined)
    yield from _list_line("brings, but never uses,", reading.dead)
    statements = [] if reading.new_calls or reading.constants or reading.loops else [*reading.effective, *reading.lines]
    yield from _list_line("now has", statements)
    if not statements and not reading.new_calls and not reading.effective:
        yield from _list_line("no longer has", reading.removed)


def _list_line(label: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"{label} {', '.join(_cut(item, MAX_LINE // 2) for item in items[:MAX_ITEMS])}"


def _cut(text: str, limit: int) -> str:
    plain = " ".join(make_visible(text).split())
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
