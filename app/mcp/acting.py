"""The tools that start runs, judge experiments, decide, and check ideas."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Literal

from app.launches import drop_absent, make_caps
from app.mcp import results
from app.mcp.project import Project
from app.record.folders import LEDGER
from pelagos.errors import BadInput
from tools import registry

MAX_FILES, MAX_FILE_CHARS = 50, 1_000_000


def start_run(
    project: Project, task: str, hypotheses: int | None, hours: float | None, experiments: int | None
) -> results.Started:
    from agents.setup.create import create
    from pelagos.settings_sources import load

    project.check_writable("start_run")
    given = {"loop": {"hypotheses": hypotheses}, "caps": make_caps(hours, experiments, usd=None, tokens=None)}
    settings = load(project.folder, **drop_absent(given))
    return _describe_started(*project.start(lambda: create(project.folder, _find_task(project, task), settings)))


def judge_experiment(
    project: Project, task: str, files: Mapping[str, str], idea: str, confirm: bool, experiments: int | None
) -> results.Started:
    """`files`: path in the task's program -> its whole changed text."""
    from agents.submissions.create import create_judgement
    from agents.submissions.idea_text import parse_idea
    from pelagos.settings_sources import load

    project.check_writable("judge_experiment")
    settings = load(project.folder, **drop_absent({"caps": {"experiments": experiments}}))
    said = parse_idea(idea) if idea else None
    with tempfile.TemporaryDirectory(prefix="pelagos-program-") as scratch:
        program = Path(scratch) / "program"
        _write_program(program, files)
        ref = _find_task(project, task)
        return _describe_started(
            *project.start(lambda: create_judgement(project.folder, ref, program, settings, said, confirm))
        )


def decide(
    project: Project, run: str, hypothesis: str, decision: Literal["accept", "reject", "revise"], note: str, seen: str
) -> results.Decided:
    from agents.review.decisions import record_decision
    from memory.files.run_lock import lock_holder
    from memory.ledger.ledger import Ledger

    project.check_writable("decide")
    folder = project.find_run(run)
    with closing(Ledger.open(folder / LEDGER)) as ledger:
        replaced = record_decision(ledger, hypothesis, decision, note, seen)
    goes_on = "the run goes on with it" if lock_holder(folder) else f"`pelagos resume {folder.name}` goes on"
    return results.Decided(hypothesis=hypothesis, decision=decision, replaced=replaced, next=goes_on)


def check_idea(project: Project, idea: str, task: str) -> results.IdeaReport:
    """A server that only reads asks no model, since a call may cost money."""
    from agents.submissions import idea_check
    from agents.submissions.idea_text import parse_idea
    from pelagos.settings_sources import load, override

    settings = load(project.folder)
    if not project.writable:
        settings = override(settings, {"models": {"extractor": "none"}})
    ref = _find_task(project, task) if task else ""
    check = idea_check.check_idea(project.folder, parse_idea(idea), settings, ref)
    papers = [{**hit.model_dump(), "word": hit.word or ""} for hit in check.novelty.hits]
    return results.IdeaReport(
        title=check.title,
        statement=check.statement,
        task=check.task,
        fate=check.fate,
        reason=check.reason,
        rule=check.rule,
        novelty=check.novelty.kind,
        novelty_reason=check.novelty.reason,
        compared_by=check.compared_by,
        earlier=[results.EarlierIdea(**vars(earlier)) for earlier in check.earlier],
        papers=[results.NearPaper(**paper) for paper in papers],
        unreached=check.unreached,
    )


def _find_task(project: Project, task: str) -> str:
    """Return the task's reference: a folder in the project before a shipped name. Raises BadInput for other places."""
    try:
        inside = (project.folder / task).resolve()
        if task and inside.is_dir() and inside.is_relative_to(project.folder):
            return str(inside)
    except (OSError, ValueError):  # no path at all: a null character, or a name that is too long
        pass
    shipped = registry.shipped_tasks()
    if task not in shipped:
        raise BadInput(
            f"task '{task[:200]}': neither a folder of this project nor a shipped task: {', '.join(shipped)}"
        )
    return task


def _write_program(folder: Path, files: Mapping[str, str]) -> None:
    """Raises BadInput for names that lead elsewhere and for too much text."""
    if not files:
        raise BadInput("files: name at least one changed file of the task's program, path -> whole text")
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_FILE_CHARS:
        raise BadInput(f"files: too many: at most {MAX_FILES} files and {MAX_FILE_CHARS} characters")
    for name, text in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.name or "\0" in name or "\\" in name:
            raise BadInput(f"files: {name[:200]!r}: write a path below the task's folder, such as train.py")
        place = folder / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8", newline="")
        except (OSError, UnicodeEncodeError):
            raise BadInput(f"files: {name[:200]!r}: can't be a file of that name and text") from None


def _describe_started(folder: Path, pid: int) -> results.Started:
    return results.Started(run=folder.name, pid=pid, next=f"ask `status` for {folder.name} until it has ended")
