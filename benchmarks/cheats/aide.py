"""`python -m benchmarks.cheats.aide --aide PYTHON`: which of the cheats AIDE's interpreter lets pass.

AIDE (package aideml, 0.2.2) runs a program and believes the metric that it prints; the program holds the labels it is
measured by. So a cheat passes that runs to its end and prints one, which is added to each. PYTHON is an interpreter,
of the version that runs this, in whose environment aideml, numpy and scikit-learn are installed. Each program runs in a
jail, to protect this machine: what needs a network or another process's memory is stopped by it and not by AIDE, which
would have stopped nothing, and is counted apart.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.cheats.cases import ENTRY, TASKS, Case, copy_task, load_cases
from pelagos.errors import BadInput
from sandbox.choose import choose
from sandbox.protocol import Limits, Sandbox, Spec
from tools.code.task.code_task import CodeTask
from tools.code.task.data import SplitData, prepare_data

SECONDS = 20
CLAIM = "validation metric: 1.0"
BY_JAIL = frozenset(
    {
        "network-fetch", "memory-ctypes", "relaunch-fork", "path-environ", "path-home", "path-proc-root", "disguised-path",
        "shrunk-inputs", "limit-rlimit",
    }
)  # fmt: skip
PASSED, FAILED, JAILED = "passed", "failed", "stopped by the jail"


class Answer(NamedTuple):
    name: str
    kind: str
    end: str
    detail: str


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aide", type=Path, required=True, help="an interpreter that has aideml")
    parser.add_argument("--only", default="", help="a case or a class")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args(argv)
    site, sandbox = find_site(args.aide), choose("auto")
    wanted = [case for case in load_cases() if not case.honest and args.only in ("", case.name, case.kind)]
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(args.workers) as pool:
        tasks = {name: copy_task(name, Path(scratch)) for name in TASKS}
        data_of_task = {name: prepare_data(task, Path(scratch))["validation"] for name, task in tasks.items()}
        jobs = [(case, tasks[case.task], data_of_task[case.task], site, sandbox) for case in wanted]
        print(make_table(list(pool.map(lambda job: run_case(*job), jobs))))


def find_site(python: Path) -> Path:
    """Return the folder in which aideml is installed. Raises BadInput."""
    code = "import importlib.util as u, sys; s = u.find_spec('aide'); print(*sys.version_info[:2], s and s.origin)"
    try:
        words = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, check=True, timeout=60
        ).stdout.split()
    except (OSError, subprocess.SubprocessError) as error:
        raise BadInput(f"--aide {python}: can't be run ({error}); give a Python interpreter") from None
    if words[2] == "None":
        raise BadInput(f"--aide {python}: has no aideml; install it there: {python} -m pip install aideml")
    if tuple(map(int, words[:2])) != sys.version_info[:2]:
        raise BadInput(
            f"--aide {python}: is Python {'.'.join(words[:2])}; give one of this version, {sys.version_info[0]}.{sys.version_info[1]}"
        )
    return Path(words[2]).parents[1]


def run_case(case: Case, subject: CodeTask, data: SplitData, site: Path, sandbox: Sandbox) -> Answer:
    """Return what AIDE's interpreter says of the cheat."""
    program = case.program(subject).files["train.py"].replace(ENTRY, f"__name__ = '__main__'\n{ENTRY}")
    header = "import sys\nsys.argv = ['train.py', '--data', '../data', '--out', 'out', '--seed', '1']\n__file__ = 'train.py'\n"
    files = {
        "aide_inside.py": Path(__file__).with_name("aide_inside.py").read_bytes(),
        "program.py": f"{header}{program}\nprint('{CLAIM}')\n".encode(),
        "work/out/.keep": b"",
    }
    limits = Limits(seconds=3 * SECONDS, memory_mb=2048, pids=64, cpus=1, disk_mb=256)
    outcome = sandbox.run(
        Spec(
            ["python", "aide_inside.py", str(SECONDS)], files, readonly={"aide": site, "data": data.inputs},
            collect={"told.json": 100_000}, limits=limits,
        )
    )  # fmt: skip
    report = json.loads(outcome.files.get("told.json", b"null")) or {
        "exception": f"{outcome.kind.value}: {outcome.cause}",
        "output": outcome.log,
    }
    passed = report["exception"] is None and CLAIM in report["output"]
    end = PASSED if passed else JAILED if case.name in BY_JAIL else FAILED
    last_line = report["output"].strip().splitlines()[-1:] or [""]
    return Answer(
        case.name, case.kind, end, "" if passed else f"{report['exception'] or 'no metric'}: {last_line[0]}"[:160]
    )


def make_table(answers: Sequence[Answer]) -> str:
    """Return by class how many ran to their end with the metric they claim."""
    rows = [f"| class | programs | {PASSED} | {FAILED} | {JAILED} |\n|---|---|---|---|---|"]
    for kind in [*dict.fromkeys(answer.kind for answer in answers), "all"]:
        ends = Counter(answer.end for answer in answers if kind in (answer.kind, "all"))
        rows.append(f"| {kind} | {ends.total()} | {ends[PASSED]} | {ends[FAILED]} | {ends[JAILED]} |")
    rows += [f"- {answer.end}: {answer.name}: {answer.detail}" for answer in answers if answer.end != PASSED]
    return "\n".join(rows)


if __name__ == "__main__":
    main()
