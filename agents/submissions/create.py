"""Makes a run that judges one version which somebody else wrote: an ordinary run folder whose ledger begins with the
fact `submission`. It is driven, resumed, shown and remembered like any other run; no model is asked in it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from agents.setup import run_folder
from agents.setup.assembly import Assembly
from agents.setup.create import create
from agents.submissions.idea_text import IdeaText
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput
from pelagos.facts.ideas import Submission
from pelagos.settings import Settings
from pelagos.settings_sources import override
from tools import registry
from tools.abilities import Accepting, Given

NO_MODEL = "none"


def create_judgement(
    project: Path,
    task_ref: str,
    program: Path,
    settings: Settings,
    idea: IdeaText | None = None,
    confirm: bool = False,
    run_dir: Path | None = None,
    assembly: Assembly | None = None,
) -> Path:
    """Make the run folder and return it. `idea` says what the version does; by default its hash names it. `confirm`:
    test it on sealed data where it is promising, which costs level.

    Raises BadInput, MissingPart and DiskFull; then nothing was written."""
    task, toolchain = registry.task(task_ref)
    if not isinstance(toolchain, Accepting):
        raise BadInput(f"task {task.name}: its toolchain ({toolchain.name}) takes no program from outside")
    given = toolchain.accept(task, program)

    def record_submission(folder: Path) -> None:
        content = ArtifactStore(folder / "artifacts").put_json(given.content)
        with closing(Ledger.open(folder / run_folder.LEDGER)) as ledger:
            ledger.record(_make_submission(given, content, idea), Submission.KIND)

    return create(project, task_ref, _narrow(settings, confirm), run_dir, assembly, record_submission)


def _narrow(settings: Settings, confirm: bool) -> Settings:
    """Return the settings with one hypothesis, no model and no search of the literature. Novelty is only said: what is
    handed in is judged, known or not."""
    roles = ("default", "ideator", "planner", "coder", "verifier", "extractor")
    changes: dict[str, dict[str, Any]] = {
        "loop": {"hypotheses": 1, "lanes": 1, "plans": None, "review": "off"},
        "models": dict.fromkeys(roles, NO_MODEL),
        "verifiers": {"kind": "off"},
        "screen": {"novelty": "label"},
        "literature": {"sources": ["corpus"]},
        "survey": {"fill": False},
        "judge": {"confirm": confirm},
    }
    return override(settings, changes)


def _make_submission(given: Given, content: str, idea: IdeaText | None) -> Submission:
    title = idea.title if idea else f"Program {given.name}, changed in {given.target}"
    said = idea.statement if idea else f"The program {given.name} was handed in, changed in {given.target}."
    statement = said if given.name in said else f"{said} (program {given.name})"
    return Submission(title=title, statement=statement, target=given.target, content=content)
