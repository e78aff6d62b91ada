"""Makes the golden run of this version: `python -m tests.golden.make` writes tests/golden/VERSION-DATE.tar.xz.

A golden run is a run folder as this version writes it, kept so that later versions are tested on it
(`tests/app/record/test_golden_runs.py`). Make one before each release and after each change of what the ledger holds, and
keep the earlier ones: a later version can't make them. The model is scripted and the toolchain is that of the tests, so
no weights and no network are needed. Paths of the machine are removed; checkpoints and lock files are left out.
"""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from agents.launch import drive
from agents.review.control import record_control
from agents.review.decisions import record_decision
from agents.review.proposals import record_proposal
from agents.review.steering import record_wish
from agents.setup.create import create
from agents.setup.run_folder import FILE, LEDGER, TASK
from app.replay.pack import chain_rows, remove_owner
from app.replay.source import ARTIFACTS
from app.replay.strip import make_anonymizer
from memory.ledger import repair
from memory.ledger.ledger import Event, Ledger
from pelagos import __version__
from tests.agents.scripted import ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task

HERE = Path(__file__).parent
EXPECTED = "expected.json"
NUMBERS = ("value", "low", "high", "p_value", "seeds")


def make(archive: Path) -> None:
    """Drive a run of three hypotheses in a temporary folder and write it to `archive`. One of them is a person's, who
    decides on another and steers."""
    with tempfile.TemporaryDirectory() as scratch:
        project, assembly = Path(scratch), ScriptedAssembly()
        run = project / "runs" / "golden"
        settings = make_short_settings(3, lanes=1)
        settings.loop.review = "async"
        create(project, str(write_task(project / "table")), settings, run, assembly)
        assert drive(run, partial(speak, run), assembly=assembly).status == "finished"
        folder = project / "packed"
        copy_clean(run, folder, project)
        with tarfile.open(archive, "w:xz", preset=9) as packed:
            packed.add(folder, run.name, filter=remove_owner)


def speak(run: Path, event: Event) -> None:
    """Say what a person may say to a run, beside its drive."""
    if event.kind not in ("targets", "screened"):
        return
    with closing(Ledger.open(run / LEDGER)) as ledger:
        if event.kind == "targets":
            record_wish(ledger, "Prefer small changes.", "Ann")
            record_proposal(ledger, "The cube of c", "cube: square applied to c.", "c", "Ann")
            for word in ("pause", "continue"):
                record_control(ledger, word, "Ann")
        elif event.key == "h1":
            record_decision(ledger, "h1", "accept", "Gently.", by="Ann")


def copy_clean(run: Path, folder: Path, project: Path) -> None:
    """Copy what lasts of `run`, without the paths of this machine, and add the expected verdicts."""
    clean = make_anonymizer(run, str(project))
    folder.mkdir()
    (folder / FILE).write_text(json.dumps(clean(json.loads((run / FILE).read_text("utf-8"))), indent=2), "utf-8")
    shutil.copytree(run / TASK, folder / TASK)
    shutil.copytree(run / ARTIFACTS, folder / ARTIFACTS)
    with closing(Ledger.read(run / LEDGER)) as ledger:
        events = ledger.events()
    repair.write_ledger(folder / LEDGER, chain_rows([(event, clean(event.payload)) for event in events]))
    verdicts = {event.payload["hypothesis"]: event.payload for event in events if event.kind == "verdict"}
    expected = {hypothesis: flatten_verdict(payload) for hypothesis, payload in verdicts.items()}
    (folder / EXPECTED).write_text(json.dumps(expected, indent=2) + "\n", "utf-8")


def flatten_verdict(payload: dict[str, Any]) -> dict[str, Any]:
    """Return kind, evidence and numbers of a verdict, in a form that does not depend on the version's own."""
    effect = payload["effect"] or {}
    numbers = {"effect" if name == "value" else name: effect.get(name) for name in NUMBERS}
    return {"kind": payload["kind"], "evidence": payload["evidence"], **numbers}


if __name__ == "__main__":
    make(HERE / f"{__version__}-{date.today().isoformat()}.tar.xz")
