"""Makes the digest of a project: what happened in all its runs since some time, the most pressing first.

It reads each run once, by its record, and leaves out what was recorded before. A run that can't be read is named with
its reason and hides no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.formatting import format_line
from app.live.board import rank_hypotheses
from app.live.progress import describe_activity, estimate_next_verdict
from app.live.view_clock import estimate_now
from app.record import folders
from app.record.recent_cost import find_cost_since
from app.record.record import Record, Spent
from app.report.digest.needs import RANKS, Need, list_needs, name_run
from pelagos.errors import BadInput, DamagedRun
from pelagos.nouns import Effect, Lesson, Verdict, VerdictKind

MOST_FOUND, MOST_DEAD_ENDS = 20, 3
TITLE_LENGTH, TEXT_LENGTH = 160, 300
DEAD = (VerdictKind.REFUTED, VerdictKind.EQUIVALENT)
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Finding:
    """A hypothesis that is supported by sealed data, or promising: then no test on sealed data was concluded, and
    `level` is None. The effect is that on sealed data where there is one."""

    run: str
    id: str
    title: str
    kind: str
    effect: Effect | None
    unit: str
    level: float | None = None


@dataclass(frozen=True)
class DeadEnd:
    """A hypothesis that is not to be tried again, and what was learned from it."""

    run: str
    id: str
    title: str
    kind: str
    effect: Effect | None
    text: str


@dataclass(frozen=True)
class RunDigest:
    """What happened in one run. `good` counts all new supported and promising hypotheses, of which `found` holds the
    best. `learned` counts lessons by verdict, `doing` says what a run in progress does and when
    its next verdict is due. `is_news`: something of it was recorded since, or it can't be read."""

    run: str
    task: str
    state: str
    is_news: bool
    needs: list[Need] = field(default_factory=list)
    good: dict[str, int] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)
    learned: dict[str, int] = field(default_factory=dict)
    dead_ends: list[DeadEnd] = field(default_factory=list)
    cost: Spent = field(default_factory=Spent)
    doing: str = ""


@dataclass(frozen=True)
class Digest:
    """`runs` are those with news, `older` names others that still need a person. Times are in Unix seconds."""

    project: str
    began: float
    now: float
    runs: list[RunDigest]
    older: list[str]

    @property
    def needs(self) -> list[Need]:
        return sorted((need for run in self.runs for need in run.needs), key=lambda need: RANKS.index(need.kind))

    @property
    def found(self) -> list[Finding]:
        """Supported ones first, the best of each run before the next best."""
        nth = [
            (finding.kind != VerdictKind.SUPPORTED, at, finding)
            for run in self.runs
            for at, finding in enumerate(run.found)
        ]
        return [finding for *_, finding in sorted(nth, key=lambda item: item[:2])]

    @property
    def dead_ends(self) -> list[DeadEnd]:
        nth = [(at, dead_end) for run in self.runs for at, dead_end in enumerate(run.dead_ends)]
        return [dead_end for _, dead_end in sorted(nth, key=lambda item: item[0])]

    @property
    def good(self) -> Counter[str]:
        return sum((Counter(run.good) for run in self.runs), Counter())

    @property
    def learned(self) -> Counter[str]:
        return sum((Counter(run.learned) for run in self.runs), Counter())

    @property
    def cost(self) -> Spent:
        costs = [run.cost for run in self.runs]
        return Spent(
            tokens=sum(cost.tokens for cost in costs),
            usd=sum(cost.usd for cost in costs),
            unpriced=sum(cost.unpriced for cost in costs),
            experiments=sum(cost.experiments for cost in costs),
            seconds=sum(cost.seconds for cost in costs),
        )


def make_digest(project: Path, began: float, now: float) -> Digest:
    """Return what happened in the runs of `project` since `began`. Raises BadInput where there is no such folder."""
    if not project.is_dir():
        raise BadInput(f"{project}: no folder of that name; give the folder of a project")
    runs = [_digest_run(folder, began) for folder in folders.list_all_run_folders(project)]
    older = [run.run for run in runs if run.needs and not run.is_news]
    shown = [run for run in runs if run.is_news]
    return Digest(format_line(str(project.resolve()), TEXT_LENGTH), began, now, shown, older)


def _digest_run(folder: Path, began: float) -> RunDigest:
    run = format_line(name_run(folder), TEXT_LENGTH)
    try:
        record = folders.read_chosen(folder, partial(_choose, began=began), ("lesson",))
        record.read_nouns()
        return _digest_record(folder, record, run, began)
    except (BadInput, DamagedRun) as error:
        text = f"can't be read: {format_line(str(error), TEXT_LENGTH)}"
        return RunDigest(run, "", UNREADABLE, True, [Need(run, UNREADABLE, text)])


def _choose(record: Record, began: float) -> set[str]:
    """Return the hypotheses whose nouns a digest needs: the best that are new, and those that wait for a review."""
    new = [verdict.hypothesis for verdict in _list_good(record, began)]
    return {*rank_hypotheses(record, new)[:MOST_FOUND], *record.list_waiting()}


def _digest_record(folder: Path, record: Record, run: str, began: float) -> RunDigest:
    state, pid = folders.find_state(folder, record)
    now = record.last_at if pid is None else estimate_now(record)
    lessons = [lesson for id, lesson in record.lessons.items() if record.lessons.stamp_of(id) >= began]
    return RunDigest(
        run=run,
        task=format_line(record.task),
        state=state,
        is_news=pid is not None or record.last_at >= began,
        needs=list(list_needs(record, run, state)),
        good=dict(Counter(str(verdict.kind) for verdict in _list_good(record, began))),
        found=list(_list_found(record, run, began)),
        learned=dict(Counter(_find_kind(lesson) for lesson in lessons)),
        dead_ends=[_make_dead_end(lesson, run) for lesson in _choose_dead_ends(lessons)],
        cost=find_cost_since(folder, record, began, now),
        doing="" if pid is None else f"{describe_activity(record)}; {estimate_next_verdict(record, now)}",
    )


def _list_good(record: Record, began: float) -> Iterator[Verdict]:
    """Yield the verdicts since `began` that are supported, or promising and not suspect."""
    for id, verdict in record.verdicts.items():
        is_good = verdict.kind in (VerdictKind.SUPPORTED, VerdictKind.PROMISING) and not verdict.suspect
        if is_good and id in record.proposed and record.verdicts.stamp_of(id) >= began:
            yield verdict


def _list_found(record: Record, run: str, began: float) -> Iterator[Finding]:
    verdicts = {verdict.hypothesis: verdict for verdict in _list_good(record, began)}
    for id in rank_hypotheses(record, verdicts)[:MOST_FOUND]:
        verdict, claim = verdicts[id], record.claims.get(id)
        is_supported = verdict.kind is VerdictKind.SUPPORTED and claim is not None
        yield Finding(
            run=run,
            id=id,
            title=format_line(record.find_title(id), TITLE_LENGTH),
            kind=str(verdict.kind),
            effect=claim.effect if is_supported and claim else verdict.effect,
            unit=format_line(record.metric.unit) if record.metric else "",
            level=claim.level or None if is_supported and claim else None,
        )


def _find_kind(lesson: Lesson) -> str:
    if lesson.suspect:
        return "suspect"
    if lesson.cut_short:
        return "cut short"
    return str(lesson.verdict) if lesson.verdict else "not tested"


def _choose_dead_ends(lessons: list[Lesson]) -> list[Lesson]:
    """Return the dead ends that matter: results that aren't believed, then what did the most harm, then what changed
    nothing."""
    suspects = [lesson for lesson in lessons if lesson.suspect]
    dead = [lesson for lesson in lessons if lesson.verdict in DEAD and not lesson.suspect]
    dead.sort(key=lambda lesson: (lesson.verdict != DEAD[0], lesson.gain))
    return [*suspects[:1], *dead, *suspects[1:]][:MOST_DEAD_ENDS]


def _make_dead_end(lesson: Lesson, run: str) -> DeadEnd:
    title, text = format_line(lesson.title, TITLE_LENGTH), format_line(lesson.text, TEXT_LENGTH)
    return DeadEnd(run, lesson.hypothesis, title, _find_kind(lesson), lesson.effect, text)
