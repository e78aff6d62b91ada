"""A scripted run in gate or async mode, driven in a process of its own:
`python -m tests.app.review.browser.live_run FOLDER MODE`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from agents.launch import drive
from agents.models.protocol import Reply, Request
from agents.setup.create import create
from memory.ledger.ledger import Ledger
from pelagos.facts.review import Reviewed, Wanted
from pelagos.settings import Settings
from tests.agents.scripted import Inventive, ScriptedAssembly
from tests.toolchains.table import write_task

T = TypeVar("T")
ROOT = Path(__file__).parents[4]
HYPOTHESES = 6
PATIENCE_MIN = 5.0
WAIT_S = 40.0
POLL_S = 0.05
GO = "go"


class LiveRun:
    """A run that waits for a decision on each hypothesis before it is built, or, with the mode `async`, never waits.
    Its model plans nothing before `let_plan` then, so that a test has the time to decide."""

    def __init__(self, project: Path, mode: str = "gate") -> None:
        self.project, self.folder = project, project / "runs" / "live"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.app.review.browser.live_run", str(project), mode],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def wait_for_request(self) -> str:
        """Return the hypothesis that the run waits with, as soon as it waits."""

        def find() -> str:
            with closing(Ledger.read(self.folder / "ledger.db")) as reader:
                acted = reader.facts(Reviewed)
                open_ones = [fact.hypothesis for key, fact in reader.facts(Wanted).items() if key not in acted]
            return open_ones[-1] if open_ones else ""

        return self._poll(find, "no hypothesis waits for a review")

    def wait_for(self, kind: str, hypothesis: str) -> dict[str, object]:
        """Return the payload of the newest row of a kind about a hypothesis, as soon as there is one."""

        def find() -> dict[str, object]:
            with closing(Ledger.read(self.folder / "ledger.db")) as reader:
                rows = [event.payload for event in reader.events(kind) if event.payload["hypothesis"] == hypothesis]
            return rows[-1] if rows else {}

        return self._poll(find, f"no {kind} about {hypothesis}")

    def let_plan(self) -> None:
        (self.project / GO).touch()

    def _poll(self, find: Callable[[], T], fault: str) -> T:
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if (self.folder / "ledger.db").exists() and (found := find()):
                return found
            if self.process.poll() is not None:
                break
            time.sleep(POLL_S)
        raise AssertionError(f"{fault}; the run's process: {self.process.poll()}")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()


class Patient(Inventive):
    """A model that thinks of its first plan until the file `go` is there."""

    def __init__(self, go: Path) -> None:
        super().__init__()
        self.go = go

    def complete(self, request: Request, limit: Any) -> Reply:
        deadline = time.monotonic() + WAIT_S
        while request.role == "planner" and not self.go.exists() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return super().complete(request, limit)


def main(project: Path, mode: str) -> None:
    settings = Settings(
        loop={"review": mode, "review_wait": PATIENCE_MIN, "hypotheses": HYPOTHESES, "lanes": 1, "workers": 1},
        judge={"max_seeds": 3},
        survey={"papers": 1},
        screen={"tau": 0.999, "known_tau": 1.1},
        models={"default": "replay:none", "retries": 0},
        literature={"sources": ["corpus"]},
    )
    assembly = ScriptedAssembly(Inventive() if mode == "gate" else Patient(project / GO))
    run = create(project, str(write_task(project / "table")), settings, project / "runs" / "live", assembly)
    drive(run, assembly=assembly)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
