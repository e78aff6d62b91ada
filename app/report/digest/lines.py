"""Puts a digest into lines: a headline, then sections of a heading and a few items each, the most pressing first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.formatting import (
    format_duration,
    format_effect,
    format_interval,
    format_money,
    format_number,
)
from app.report.digest.digest import DeadEnd, Digest, Finding
from app.report.digest.needs import Need
from pelagos.counts import format_count
from pelagos.nouns import VerdictKind

MOST_NEEDS, MOST_FOUND, MOST_DEAD_ENDS, MOST_RUNNING = 4, 4, 3, 3
KINDS = ("supported", "promising", "refuted", "equivalent", "undecided", "suspect", "not tested", "cut short")
"""Verdicts and what stands in place of one, the best news first."""


@dataclass(frozen=True)
class Item:
    """One line of text, and the command that belongs to it, "" where there is none."""

    text: str
    command: str = ""


@dataclass(frozen=True)
class Section:
    heading: str
    items: list[Item] = field(default_factory=list)


def describe_headline(digest: Digest) -> str:
    """Return the first line: since when, how many runs, how many of them need a person; also where all is quiet."""
    began = datetime.fromtimestamp(digest.began).strftime("%Y-%m-%d %H:%M")
    if not digest.runs:
        quiet = f"Nothing happened here since {began}"
        return f"{quiet}{_describe_older(digest)}" if digest.older else f"{quiet}: all is quiet"
    in_need = len({need.run for need in digest.needs})
    needs = f"{in_need} of them {'needs' if in_need == 1 else 'need'} you" if in_need else "none needs you"
    return f"Since {began}: {format_count(len(digest.runs), 'run')}, {needs}{_describe_older(digest)}"


def list_sections(digest: Digest) -> Iterator[Section]:
    """Yield the sections that have something to say."""
    if digest.needs:
        most = max(MOST_NEEDS, min(len(digest.runs), 2 * MOST_NEEDS))
        yield Section("Needs you", _limit([_describe_need(need) for need in digest.needs], most, len(digest.needs)))
    if digest.found:
        found = [_describe_finding(finding) for finding in digest.found]
        yield Section(f"Found: {_list_counts(digest.good)}", _limit(found, MOST_FOUND, digest.good.total()))
    if digest.learned:
        dead_ends = [_describe_dead_end(dead_end) for dead_end in digest.dead_ends[:MOST_DEAD_ENDS]]
        yield Section(f"Learned from {_describe_counts(digest)}", dead_ends)
    yield Section(f"Cost: {_describe_cost(digest)}")
    running = [Item(f"{run.run}: {run.doing}") for run in digest.runs if run.doing]
    if running:
        yield Section("Running", _limit(running, MOST_RUNNING, len(running)))


def _limit(items: Sequence[Item], most: int, total: int) -> list[Item]:
    """Return at most so many items, the last of which says how many of the `total` are left out."""
    if total <= most:
        return list(items)
    return [*items[: most - 1], Item(f"and {total - most + 1} more (`--json`, `pelagos hypotheses RUN`)")]


def _describe_older(digest: Digest) -> str:
    count = len(digest.older)
    verb = "needs" if count == 1 else "need"
    return f"; {format_count(count, 'older run')} still {verb} you: {', '.join(digest.older[:3])}" if count else ""


def _describe_need(need: Need) -> Item:
    return Item(f"{need.run} {need.text}", need.command)


def _describe_finding(finding: Finding) -> Item:
    measured = _describe_effect(finding)
    if finding.kind == VerdictKind.SUPPORTED:
        level = f", at level {format_number(finding.level)}" if finding.level else ""
        return Item(f"{finding.run} {finding.id} supported {measured}{level}: {finding.title}")
    return Item(f"{finding.run} {finding.id} promising, not tested on sealed data yet, {measured}: {finding.title}")


def _describe_effect(finding: Finding | DeadEnd) -> str:
    interval, unit = format_interval(finding.effect), getattr(finding, "unit", "")
    return f"{format_effect(finding.effect)}{f' ({interval})' if interval else ''}{f' {unit}' if unit else ''}"


def _describe_counts(digest: Digest) -> str:
    return f"{format_count(digest.learned.total(), 'hypothesis')}: {_list_counts(digest.learned)}"


def _list_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])


def _describe_dead_end(dead_end: DeadEnd) -> Item:
    measured = f" {_describe_effect(dead_end)}" if dead_end.effect else ""
    word = dead_end.kind if dead_end.kind == "suspect" else f"dead end, {dead_end.kind}"
    return Item(f"{dead_end.run} {dead_end.id} {word}{measured}: {dead_end.title}")


def _describe_cost(digest: Digest) -> str:
    cost = digest.cost
    experiments, tokens = format_count(cost.experiments, "experiment"), f"{cost.tokens:,} tokens"
    return f"{format_duration(cost.seconds)} of work, {experiments}, {tokens}, {format_money(cost.usd, cost.unpriced)}"
