"""Runs a whole run in a child process that can be killed, forked from a server that has imported everything."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from agents import graph
from agents.launch import drive
from agents.setup.create import create
from agents.setup.run_folder import FILE
from memory.ledger.ledger import Event, Ledger
from tests.agents.scripted import ScriptedAssembly, make_short_settings
from tests.toolchains.table import CALLS, LAG, write_task

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.agents.crash", "agents.graph", "langgraph.checkpoint.sqlite", "chromadb"])

# `start_child` reads the status of every child that has ended: beside a `join` one of the two would find it gone (255).
STATUS = threading.Lock()

TIMES = {"seconds", "cpu_seconds", "wall_s", "hypothesis_s", "read_tps", "write_tps", "left_s"}


def locate_run(project: Path) -> Path:
    return project / "runs" / "r"


def run_child(project: Path, die_after: int, lag: float) -> None:
    """Launch or resume, in short segments; SIGKILL itself right after the ledger row number `die_after` (0: never)."""
    graph.SEGMENT_IDEAS = 2
    os.environ[CALLS], os.environ[LAG] = str(project / "calls"), str(lag)
    assembly, run = ScriptedAssembly(), locate_run(project)
    if not (run / FILE).exists():
        settings = make_short_settings(4, 2, judge={"max_seeds": 5})
        create(project, str(write_task(project / "table")), settings, run, assembly)

    def watch(event: Event) -> None:
        if event.seq == die_after:
            os.kill(os.getpid(), signal.SIGKILL)

    drive(run, watch, assembly=assembly)


def start_child(project: Path, die_after: int = 0, lag: float = 0.005) -> Any:
    project.mkdir(exist_ok=True)
    process = SERVER.Process(target=run_child, args=(project, die_after, lag))
    with STATUS:
        process.start()
    return process


def wait_for_end(process: Any, seconds: float | None = None) -> int | None:
    """Wait until the process has ended, `seconds` at most. Returns its exit code, None if it still runs."""
    if not wait([process.sentinel], seconds):
        return None
    with STATUS:
        process.join()
    code: int = process.exitcode
    return code


def count_rows(project: Path) -> int:
    """Return how many rows the ledger of a run in progress has."""
    path = locate_run(project) / "ledger.db"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as ledger:
        try:
            return int(ledger.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])
        except sqlite3.OperationalError:  # it is only just made
            return 0


def read_events(project: Path) -> list[Event]:
    """Return the rows of a finished or killed run's ledger; none before the ledger was made."""
    path = locate_run(project) / "ledger.db"
    if not path.exists():
        return []
    ledger = Ledger.read(path)
    try:
        return ledger.events()
    finally:
        ledger.close()


def read_facts(project: Path) -> dict[tuple[str, str], Any]:
    """Return (kind, key) -> payload, without intents, times, the project's folder, and the facts that a kill adds."""
    rows = [event for event in read_events(project) if not event.kind.endswith(".intent") and not _marks_kill(event)]
    assert len({(event.kind, event.key) for event in rows}) == len(rows)
    return {
        (event.kind, event.key): {
            name: value for name, value in event.payload.items() if name not in TIMES | {"project"}
        }
        for event in rows
    }


def _marks_kill(event: Event) -> bool:
    return event.kind == "lost" or (
        event.kind == "note" and "in flight when the run was killed" in event.payload["text"]
    )


def count_calls(project: Path) -> Counter[str]:
    """Return how often each request was sent and each experiment executed."""
    return Counter((project / "calls").read_text().split("\n")[:-1]) if (project / "calls").exists() else Counter()


def list_finished(project: Path) -> set[str]:
    """Return the same names, for the work that the ledger records as done."""
    names = {"model": lambda e: f"model {e.payload['request']}", "experiment": lambda e: f"experiment {e.key}"}
    return {names[event.kind](event) for event in read_events(project) if event.kind in names}
