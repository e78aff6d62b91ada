"""How often the sealed data were touched, over all runs of a project: each look makes them a little less sealed.

What counts is the data, not the task: an edit of the program or a limit leaves the same items sealed.
"""

from __future__ import annotations

from pathlib import Path

from memory.hidden import hidden
from memory.keys import step_key
from memory.ledger import Ledger
from pelagos.nouns import Experiment


class Seal:
    """A ledger of its own in the project; one touch per experiment, however often a resumed run counts it."""

    def __init__(self, project: Path, task_digest: str) -> None:
        self._path = hidden(project) / "seal.db"
        self._digest = task_digest

    def touch(self, run: str, experiments: list[Experiment]) -> int:
        """Count these experiments of `run`; returns how many have touched the same sealed data so far."""
        ledger = Ledger.open(self._path)
        try:
            for one in experiments:
                payload = {"task": self._digest, "run": run, "experiment": one.id, "version": one.version}
                ledger.append("touch", step_key(**payload), {**payload, "seed": one.seed, "data": one.data})
            same = {one.data for one in experiments if one.data}
            touches = [event.payload for event in ledger.events("touch")]
            return sum(one["task"] == self._digest or one.get("data") in same for one in touches)
        finally:
            ledger.close()
