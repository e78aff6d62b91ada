"""Run folders: finding them, reading them beside whoever drives them, and saying how they stand."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.errors import BadInput
from pelagos.visible import visible

if TYPE_CHECKING:
    from app.record import Event, Record

RUNS = "runs"
LEDGER = "ledger.db"


def find(run: str, project: Path | None = None) -> Path:
    """The folder `run` means: a path, or a name under the project's runs/. Raises BadInput."""
    project = project or Path.cwd()
    for folder in (Path(run), project / RUNS / run):
        if (folder / LEDGER).is_file():
            return folder
    names = [folder.name for folder in all_runs(project)]
    close = get_close_matches(run, names, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]}?" if close else "see `pelagos list`"
    raise BadInput(f"run '{run}': no run folder of that path or name here; {hint}")


def all_runs(project: Path) -> list[Path]:
    """Run folders of the project, oldest first by name."""
    root = project / RUNS
    return sorted(folder.parent for folder in root.glob(f"*/{LEDGER}")) if root.is_dir() else []


def read(folder: Path) -> Record:
    """The run's record now. Raises DamagedRun where the ledger can't be read, BadInput where another version
    wrote it."""
    from memory.ledger import Ledger

    reader = Ledger.read(folder / LEDGER)
    try:
        return folded(reader.events(), folder / LEDGER)
    finally:
        reader.close()


def folded(events: Iterable[Event], ledger: Path) -> Record:
    """The record of `events`. Raises BadInput where another version of Pelagos wrote what this one can't read."""
    from pydantic import ValidationError

    from app.record import Record

    record = Record()
    for event in events:
        try:
            record.fold(event)
        except (ValidationError, KeyError) as error:
            fault = f"{ledger}: event {event.seq} ({event.kind}): {_fault(error)}"
            raise BadInput(f"{fault}; another version of Pelagos wrote it: read it with that version") from None
    return record


def _fault(error: Exception) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return f"the field {error} is missing"
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"


def damage(folder: Path) -> list[str]:
    """Damaged ledgers that were kept aside."""
    kept = sorted(folder.glob(f"{LEDGER}.damaged-*"))
    return [f"a damaged ledger was found and kept as {path.name}" for path in kept if path.suffix[-1].isdigit()]


def standing(folder: Path, record: Record) -> tuple[str, int | None]:
    """How the run stands, and the process that drives it: running, an end's status, crashed, or stopped."""
    from memory.controller import controller_of

    pid = controller_of(folder)
    if pid is not None:
        return "running", pid
    if record.ended:
        return str(record.ended.get("status", "ended")), None
    return str((record.stopped or {}).get("status", "stopped")), None


def reason(record: Record, state: str) -> str:
    """Why the run stands as it does, the first line a sentence of its own; "" where nothing is to be said."""
    if record.ended:
        return visible(str(record.ended.get("reason", "")))
    if record.stopped:
        return f"{visible(str(record.stopped.get('reason', '')))}; `pelagos resume` goes on from the last step"
    silent = state == "stopped" and record.started
    return "its process ended without a word: it was killed or the machine went down" if silent else ""
