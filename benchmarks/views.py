"""`python -m benchmarks.views RUN --times 4`: how long the views of a long run take.

RUN is a finished run of `benchmarks.long_run --folder F` (F/runs/r). Its hypotheses are copied under other ids until
there are `--times` as many, into a run folder that is thrown away; each view is a process of its own.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from memory.ledger.ledger import Ledger
from memory.ledger.rows import GENESIS, Row, chain_value

ID, HYPOTHESIS = re.compile(r"\b[0-9a-f]{32}\b"), re.compile(r"\bh(\d+)\b")
LETTERS = "ghijklmnopqrstuvwxyz"
"""First letters of the ids of the copies; the first ids begin with a hexadecimal digit."""
COMMANDS = ("--version", "status", "hypotheses", "report")


def time_views(run: Path) -> None:
    """Time the views of a run that has ended, and the bare start of the command line."""
    print("\n| command | wall s | processor s |\n|---|---|---|")
    for command in COMMANDS:
        words = [command] if command == "--version" else [command, str(run)]
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-m", "app.main", *words], check=True, capture_output=True)
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"| pelagos {command} | {wall:.2f} | {spent:.2f} |", flush=True)
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in sorted(run.glob("report.*")))
    print(f"\n{sizes}, ledger {(run / 'ledger.db').stat().st_size / 1e6:.1f} MB")


def multiply(run: Path, times: int, to: Path) -> Path:
    """Make a run folder that holds the hypotheses of `run` `times` times; its chain is whole."""
    shutil.copytree(run, to, ignore=shutil.ignore_patterns("ledger.db*", "checkpoints*", "report.*"))
    with closing(sqlite3.connect(run / "ledger.db")) as source:
        rows = [Row(*row) for row in source.execute("SELECT * FROM events ORDER BY seq")]
    Ledger.open(to / "ledger.db").close()
    with closing(sqlite3.connect(to / "ledger.db")) as connection, connection:
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", chain_rows(_repeat(rows, times)))
    return to


def _repeat(rows: Sequence[Row], times: int) -> Iterator[Row]:
    """Yield the rows, with those of the loop (from the first hypothesis' pace to the last lesson) `times` times."""
    first = next(index for index, row in enumerate(rows) if row.kind == "pace")
    last = max(index for index, row in enumerate(rows) if row.kind == "lesson") + 1
    loop = [row for row in rows[first:last] if not row.kind.startswith("pause")]
    numbers = sum(row.kind == "hypothesis" for row in rows)
    seconds = rows[last - 1].at - rows[first].at
    yield from rows[:last]
    for copy in range(1, times):
        for row in loop:
            yield row._replace(
                at=row.at + copy * seconds,
                key=_rename(row.key, copy, numbers),
                payload=_rename(row.payload, copy, numbers),
            )
    for row in rows[last:]:
        yield row._replace(at=row.at + (times - 1) * seconds)


def _rename(text: str, copy: int, numbers: int) -> str:
    renumbered = HYPOTHESIS.sub(lambda match: f"h{int(match[1]) + copy * numbers}", text)
    return ID.sub(lambda match: LETTERS[copy] + match[0][1:], renumbered)


def chain_rows(rows: Iterator[Row]) -> Iterator[Row]:
    chain = GENESIS
    for seq, row in enumerate(rows, 1):
        chain = chain_value(chain, seq, row.at, row.kind, row.key, row.payload)
        yield row._replace(seq=seq, chain=chain)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="keep the larger run here, or take the one that is here")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as spare:
        folder = args.folder or Path(spare) / "many"
        time_views(folder if folder.exists() else multiply(args.run, args.times, folder))


if __name__ == "__main__":
    main()
