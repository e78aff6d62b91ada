"""Runs with a person's words in child processes that can be killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from agents.launch import drive
from agents.setup.create import create
from agents.setup.run_folder import FILE
from memory.ledger.ledger import Event, Ledger
from tests.agents.crash import SERVER, STATUS, locate_run, read_events
from tests.agents.scripted import Inventive, ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task


def run_child(project: Path, die_at: str, loop: dict[str, Any]) -> None:
    """Launch or resume; SIGKILL itself right after the first row of the kind `die_at` ("": never)."""
    assembly, run = ScriptedAssembly(Inventive()), locate_run(project)
    if not (run / FILE).exists():
        settings = make_short_settings(judge={"max_seeds": 3}, screen={"tau": 0.999}, survey={"papers": 1})
        settings = settings.model_copy(update={"loop": settings.loop.model_copy(update=loop)})
        create(project, str(write_task(project / "table")), settings, run, assembly)

    def watch(event: Event) -> None:
        if event.kind == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    drive(run, watch, assembly=assembly)


def start_child(project: Path, die_at: str = "", **loop: Any) -> Any:
    process = SERVER.Process(target=run_child, args=(project, die_at, loop))
    with STATUS:
        process.start()
    return process


def wait_for_row(project: Path, kind: str, seconds: float = 30) -> None:
    """Wait until the run's ledger has a row of this kind."""
    end = time.monotonic() + seconds
    while not (locate_run(project) / "ledger.db").exists() or not any(
        event.kind == kind for event in read_events(project)
    ):
        assert time.monotonic() < end, f"no {kind} within {seconds} s"
        time.sleep(0.1)


def write(project: Path, record: Callable[..., Any], *words: Any) -> Any:
    """Record a person's words in the run's ledger, as another process does."""
    with closing(Ledger.open(locate_run(project) / "ledger.db")) as ledger:
        return record(ledger, *words)


def list_facts(project: Path, kind: str) -> list[dict[str, Any]]:
    return [event.payload for event in read_events(project) if event.kind == kind]
