"""`make mutants`: do the tests of a room notice a small fault in its code? Resumable; some minutes a room.

    python -m benchmarks.mutants [ROOM ...] [--seed 1] [--sample 25] [--folder runs/mutants]

A mutant is a copy of one file with one place changed. It is tried against the tests in the folder that mirrors the
file's own, its own tests first. Texts, annotations and asserts stay as they are. Why no ready tool does this
is in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib
import itertools
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.mutants.changes import find_places, list_changes

ROOT = Path(__file__).parents[2]
ROOMS = {
    "judging": ["agents/judging/*.py", "tools/paired/*.py"],
    "memory": ["memory/ledger/*.py", "memory/steps/*.py", "memory/bank/*.py"],
    "nodes": ["agents/nodes/*.py"],
    "edits": [f"tools/code/program/{name}.py" for name in ("edits", "splice", "replies")],
    "audit": ["tools/code/audit/**/*.py"],
    "metrics": ["sandbox/evaluation/metrics.py"],
    "report": ["app/report/facts.py"],
    "analysis": ["tools/analysis/trials/**/*.py", "tools/analysis/planning/hypotheses/*.py"],
}
TREES = ("pelagos", "agents", "tools", "sandbox", "memory", "app", "tasks", "tests", "benchmarks", "docs", "scripts")
FACTOR = 5
"""How many times as long as with the unchanged file the tests may take."""
MEMORY = 6 << 30


class Mutant(NamedTuple):
    path: str
    number: int
    line: int
    change: str

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line}#{self.number}"


def find_mutants(path: str) -> Iterator[Mutant]:
    places = (
        (node, new) for node, _ in find_places(ast.parse((ROOT / path).read_text())) for new in list_changes(node)
    )
    for number, (node, new) in enumerate(places):
        texts = (" ".join(ast.unparse(ast.fix_missing_locations(item)).split())[:90] for item in (node, new))
        yield Mutant(path, number, getattr(node, "lineno", 0), " -> ".join(texts))


def apply_mutant(mutant: Mutant) -> str:
    tree = ast.parse((ROOT / mutant.path).read_text())
    places = ((put, new) for node, put in find_places(tree) for new in list_changes(node))
    put, new = next(itertools.islice(places, mutant.number, None))
    put(new)
    return ast.unparse(ast.fix_missing_locations(tree))


def find_tests(path: str) -> list[str]:
    """Return the tests in the folder that mirrors the file's, its own first."""
    own = f"test_{Path(path).name}"
    tests = (ROOT / "tests" / path).parent.glob("test_*.py")
    return [str(test.relative_to(ROOT)) for test in sorted(tests, key=lambda test: (test.name != own, test.name))]


class Bench:
    """A copy of the tree, in which one file at a time is changed."""

    def __init__(self, folder: Path) -> None:
        self.place = folder
        for tree in TREES:
            shutil.copytree(ROOT / tree, folder / tree, ignore=shutil.ignore_patterns("__pycache__", "runs"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        self.took: dict[tuple[str, ...], float] = {}

    def try_mutant(self, mutant: Mutant) -> str:
        """Return killed, survived or timeout."""
        tests, file = find_tests(mutant.path), self.place / mutant.path
        if tuple(tests) not in self.took:
            began = time.monotonic()
            if self._run(tests, None) != 0:  # brings the caches and the packages into memory as well
                sys.exit(
                    f"the tests of {mutant.path} fail without any change:\n{(self.place / 'log').read_text()[-2000:]}"
                )
            self.took[tuple(tests)] = time.monotonic() - began
        file.write_text(apply_mutant(mutant))
        shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)
        try:
            ended = self._run(tests, FACTOR * self.took[tuple(tests)])
        finally:
            shutil.copy(ROOT / mutant.path, file)
        return "timeout" if ended is None else "killed" if ended else "survived"

    def _run(self, tests: list[str], seconds: float | None) -> int | None:
        """Return pytest's exit status in a forked process, None if it took longer than `seconds`."""
        shutil.rmtree(self.place / ".hypothesis", ignore_errors=True)
        child = os.fork()
        if child == 0:
            self._pytest(tests, learn=seconds is None)
        began = time.monotonic()
        while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            time.sleep(0.02)
            if seconds is not None and time.monotonic() - began > seconds:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return None
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for name in (self.place / "modules").read_text().split() if seconds is None else ():
            importlib.import_module(name)
        return status

    def _pytest(self, tests: list[str], learn: bool) -> None:
        """Run pytest and end this process. With `learn` it leaves the names of the packages' modules that the tests need."""
        os.setsid()
        os.chdir(self.place)
        sys.path[:] = [str(self.place), *(entry for entry in sys.path if Path(entry).resolve() != ROOT)]
        for name in [name for name in sys.modules if name.split(".")[0] in TREES]:
            del sys.modules[name]
        os.environ |= {"PYTHONPATH": str(self.place), "PYTHONDONTWRITEBYTECODE": "" if learn else "1"}
        sys.dont_write_bytecode = not learn
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        log = os.open(self.place / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1), os.dup2(log, 2)
        import pytest

        status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *tests])
        known = [
            name for name, module in sys.modules.items() if "site-packages" in (getattr(module, "__file__", "") or "")
        ]
        if learn:
            (self.place / "modules").write_text("\n".join(name for name in known if "pytest" not in name))
        os._exit(int(status))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants")
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), choices=[*ROOMS, []])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=25)
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "mutants")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    print("| room | mutants | sampled | killed | of them by time | survived |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench(Path(folder).resolve())
        for room in args.rooms:
            _measure(room, args, bench)


def _measure(room: str, args: argparse.Namespace, bench: Bench) -> None:
    paths = sorted({str(file.relative_to(ROOT)) for glob in ROOMS[room] for file in ROOT.glob(glob)})
    every = [mutant for path in paths for mutant in find_mutants(path)]
    random.Random(f"{args.seed} {room}").shuffle(every)  # a larger sample holds the smaller one
    sample = every[: args.sample]
    file = args.folder / f"{room}-seed{args.seed}.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    known = {(row["name"], row["digest"]): row["result"] for row in rows}
    results = {}
    with file.open("a") as out:
        for mutant in sorted(sample):
            digest = _hash_files(mutant.path)
            if (mutant.name, digest) not in known:
                known[mutant.name, digest] = bench.try_mutant(mutant)
                row = {"name": mutant.name, "digest": digest, "change": mutant.change}
                out.write(json.dumps({**row, "result": known[mutant.name, digest]}) + "\n")
                out.flush()
            results[mutant] = known[mutant.name, digest]
    outcomes = list(results.values())
    killed = len(outcomes) - outcomes.count("survived")
    print(
        f"| {room} | {len(every)} | {len(outcomes)} | {killed} | {outcomes.count('timeout')} | {len(outcomes) - killed} |",
        flush=True,
    )
    for mutant in (candidate for candidate, result in results.items() if result == "survived"):
        print(f"    {mutant.path}:{mutant.line}: {mutant.change}", file=sys.stderr, flush=True)


def _hash_files(path: str) -> str:
    """Return the hash of what a result depends on: the file and its tests."""
    files = [path, *find_tests(path)]
    return hashlib.sha256(b"".join((ROOT / file).read_bytes() for file in files)).hexdigest()[:16]


if __name__ == "__main__":
    main()
