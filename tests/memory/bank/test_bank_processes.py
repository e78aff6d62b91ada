"""Two real processes in one project: nothing is lost, nothing is kept twice, and neither waits for the index."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from contextlib import closing
from pathlib import Path

from memory.bank.bank import HypothesisBank
from memory.embedders.embedder import hashing

WORDS = ["red", "green", "blue", "cyan", "pink", "gold", "grey", "navy", "teal", "plum", "rose", "sand"]
RUN = """
import sys, time
from pathlib import Path
import memory.bank.bank
from memory.bank.bank import HypothesisBank
from memory.files.run_lock import hold_controller
from memory.embedders.embedder import hashing
from tests.memory.bank.banking import ask, idea, keep, lesson

memory.bank.bank.EXACT_SEARCH_ENTRIES = 0
project, run, words = Path(sys.argv[1]), sys.argv[2], sys.argv[3].split()
(project / "runs" / run).mkdir(parents=True)
with hold_controller(project / "runs" / run):
    (project / f"{run}.ready").touch()
    while not (project / "go").exists():
        time.sleep(0.01)
    bank = HypothesisBank.open(project, hashing())
    for number, word in enumerate(words):
        print(int(keep(bank, idea(run, number, f"{word} noise on every layer"), tau=0.99).kept))
        keep(bank, idea(run, 1000 + number, f"only {run} number {number}"))
        bank.add_lesson(f"{run}/h{number}", lesson("refuted", -0.1 * number))
    print(bank.search(bank.embedder.embed(["noise"])[0], 3) and bank.index_unavailable)
    (project / f"{run}.done").touch()
    while not (project / "end").exists():
        time.sleep(0.01)
    bank.close()
"""


def wait_for(project: Path, runs: list[subprocess.Popen[str]], *names: str) -> None:
    deadline = time.monotonic() + 100
    while not all((project / name).exists() for name in names):
        ended = [run.communicate() for run in runs if run.poll() is not None]
        assert not ended and time.monotonic() < deadline, f"no {names}: {ended}"
        time.sleep(0.02)


def test_two_runs_at_once_lose_nothing_and_keep_nothing_twice(tmp_path: Path) -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", RUN, str(tmp_path), name, " ".join(WORDS)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in ("first", "second")
    ]  # fmt: skip
    wait_for(tmp_path, runs, "first.ready", "second.ready")
    (tmp_path / "go").touch()
    wait_for(tmp_path, runs, "first.done", "second.done")
    (tmp_path / "end").touch()
    outs = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outs
    indexes = [out.splitlines()[-1] for out, _ in outs]
    assert sorted(indexes) == ["", "another process holds the index"]
    kept = [[int(line) for line in out.splitlines()[:-1]] for out, _ in outs]
    assert [first + second for first, second in zip(*kept, strict=True)] == [1] * len(WORDS)
    with warnings.catch_warnings(action="ignore"), closing(HypothesisBank.open(tmp_path, hashing())) as bank:
        found = {near.id: near.meta for near in bank.nearest("noise", k=1000)}
    assert len(found) == 3 * len(WORDS)
    for name, flags in zip(("first", "second"), kept, strict=True):
        assert all((f"{name}/h{number}" in found) == bool(flag) for number, flag in enumerate(flags))
        assert all(found[f"{name}/h{n}"]["verdict"] == "refuted" for n, flag in enumerate(flags) if flag)
