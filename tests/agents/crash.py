"""Children that are killed: a whole run in a process of its own, forked from a server that has imported everything."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from agents.folder import FILE
from agents.launch import create, drive
from memory.ledger import Event, Ledger
from tests.agents.scripted import ScriptedParts, brief
from tests.toolchains.table import CALLS, LAG, write_task

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.agents.crash", "agents.graph", "langgraph.checkpoint.sqlite", "chromadb"])

# `start` reads the status of every child that has ended: beside a `join` one of the two would find it gone (255).
STATUS = threading.Lock()

TIMES = {"seconds", "cpu_seconds", "wall_s", "hypothesis_s", "read_tps", "write_tps", "left_s"}


def run_of(project: Path) -> Path:
    return project / "runs" / "r"


def child(project: Path, die_after: int, lag: float) -> None:
    """Launch or resume; SIGKILL itself right after the ledger row number `die_after` (0: never)."""
    os.environ[CALLS], os.environ[LAG] = str(project / "calls"), str(lag)
    parts, run = ScriptedParts(), run_of(project)
    if not (run / FILE).exists():
        settings = brief(4, 2, judge={"max_seeds": 5})
        create(project, str(write_task(project / "table")), settings, run, parts)

    def watch(event: Event) -> None:
        if event.seq == die_after:
            os.kill(os.getpid(), signal.SIGKILL)

    drive(run, watch, parts=parts)


def start(project: Path, die_after: int = 0, lag: float = 0.005) -> Any:
    project.mkdir(exist_ok=True)
    process = SERVER.Process(target=child, args=(project, die_after, lag))
    with STATUS:
        process.start()
    return process


def end(process: Any, seconds: float | None = None) -> int | None:
    """Waits until it has ended, `seconds` at most; its exit code, None where it still runs."""
    if not wait([process.sentinel], seconds):
        return None
    with STATUS:
        process.join()
    code: int = process.exitcode
    return code


def events(project: Path) -> list[Event]:
    """What a finished or killed run's ledger holds; nothing before the ledger was made."""
    path = run_of(project) / "ledger.db"
    if not path.exists():
        return []
    ledger = Ledger.read(path)
    try:
        return ledger.events()
    finally:
        ledger.close()


def facts(project: Path) -> dict[tuple[str, str], Any]:
    """Kind and key -> payload, without intents and times; what names the project's folder is cut out, and so is what
    was in flight at a kill."""
    found = [event for event in events(project) if not event.kind.endswith(".intent") and not _of_a_kill(event)]
    assert len({(event.kind, event.key) for event in found}) == len(found)
    return {
        (event.kind, event.key): {
            name: value for name, value in event.payload.items() if name not in TIMES | {"project"}
        }
        for event in found
    }


def _of_a_kill(event: Event) -> bool:
    return event.kind == "lost" or (
        event.kind == "note" and "in flight when the run was killed" in event.payload["text"]
    )


def calls(project: Path) -> Counter[str]:
    """What was really sent or executed, how often."""
    return Counter((project / "calls").read_text().split("\n")[:-1]) if (project / "calls").exists() else Counter()


def finished(project: Path) -> set[str]:
    """The same names, of what the ledger holds as done."""
    names = {"model": lambda e: f"model {e.payload['request']}", "experiment": lambda e: f"experiment {e.key}"}
    return {names[event.kind](event) for event in events(project) if event.kind in names}
