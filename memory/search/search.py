"""Searches the texts of one run or of several, best first."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from memory.ledger.ledger import Ledger
from memory.search.documents import Kind
from memory.search.index import HIT_BEGIN, HIT_END, Match, SearchIndex, open_index
from memory.search.query import make_expression
from pelagos.errors import BadInput, DamagedRun, Locked

LEDGER = "ledger.db"
MOST = 40
CANDIDATES = 400
WEIGHTS: dict[Kind, float] = {
    "hypothesis": 4.0, "lesson": 2.0, "verdict": 2.0, "claim": 2.0, "decision": 2.0, "fidelity": 1.5, "plan": 1.5,
    "note": 1.0, "reply": 0.8, "log": 0.7, "prompt": 0.5,
}  # fmt: skip
"""Factors of a match's score: what a person or a judge says of a hypothesis stands before what repeats it."""
SINGLE_KINDS = ("note",)
"""Kinds of which each text is a hit, where it is about no hypothesis: a person wants to see all."""
_HIT = re.compile(f"{HIT_BEGIN}([^{HIT_END}]*){HIT_END}")


class Segment(NamedTuple):
    """A piece of a snippet; `hit` says that it matches the query."""

    text: str
    hit: bool


@dataclass(frozen=True)
class Hit:
    """The best text of one kind about one hypothesis, and how many `more` such texts match. `hypothesis` and `title`
    are "" for a text about none, `seq` is the ledger's row."""

    run: Path
    kind: str
    hypothesis: str
    title: str
    seq: int
    score: float
    more: int
    snippet: list[Segment]


@dataclass(frozen=True)
class Results:
    """Hits, the best first. `unread` rows of ledgers were not searched since the time was up: the next call goes on
    there. `faults` say why runs could not be searched."""

    hits: list[Hit]
    unread: int = 0
    faults: list[str] = field(default_factory=list)


def search_runs(
    runs: Iterable[Path], text: str, kinds: Collection[str] = (), most: int = MOST, within_s: float = math.inf
) -> Results:
    """Return the best `most` hits in the runs' folders, of some kinds or (none given) of all.

    What is new in the runs is indexed first, for about `within_s` seconds. A run that can't be read does not hide the
    others. Raises DiskFull.
    """
    expression = make_expression(text)
    if not expression:
        return Results([])
    deadline = time.monotonic() + within_s
    each = [_search_run(run, expression, kinds, most, deadline) for run in runs]
    hits = sorted((hit for found in each for hit in found.hits), key=lambda hit: -hit.score)
    faults = [fault for found in each for fault in found.faults]
    return Results(hits[:most], sum(found.unread for found in each), faults)


def _search_run(run: Path, expression: str, kinds: Collection[str], most: int, deadline: float) -> Results:
    try:
        with closing(Ledger.read(run / LEDGER)) as reader, open_index(run, reader) as index:
            unread = index.update(deadline - time.monotonic())
            groups = _group(index.find(expression, kinds, CANDIDATES))
            return Results([_make_hit(run, index, expression, group) for group in groups[:most]], unread)
    except (BadInput, DamagedRun, Locked) as error:
        return Results([], faults=[str(error)])


def _group(matches: Iterable[Match]) -> list[list[Match]]:
    """Return the matches of one kind about one hypothesis, or about none, together, the best first."""
    groups: dict[tuple[str, str], list[Match]] = {}
    for match in matches:
        weighted = match._replace(score=match.score * WEIGHTS.get(match.kind, 1.0))  # type: ignore[call-overload]
        alone = match.kind in SINGLE_KINDS and not match.hypothesis
        groups.setdefault((match.kind, str(match.id) if alone else match.hypothesis), []).append(weighted)
    return sorted(groups.values(), key=lambda group: -group[0].score)


def _make_hit(run: Path, index: SearchIndex, expression: str, group: Sequence[Match]) -> Hit:
    best = group[0]
    return Hit(
        run=run,
        kind=best.kind,
        hypothesis=best.hypothesis,
        title=index.find_title(best.hypothesis) if best.hypothesis else "",
        seq=best.seq,
        score=best.score,
        more=len(group) - 1,
        snippet=split_snippet(index.make_snippet(expression, best)),
    )


def split_snippet(marked: str) -> list[Segment]:
    """Return the segments of a snippet whose hits are marked."""
    pieces = _HIT.split(marked)
    return [Segment(piece, bool(number % 2)) for number, piece in enumerate(pieces) if piece]
