"""Runs one program in the sandbox on one split and says what came of it. Scores nothing; keeps nothing.

The program lies at the work folder's root, its data under `data/` (read-only, no labels), its output under `out/`.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pelagos.nouns import OutcomeKind
from sandbox.border.arrays import read_array
from sandbox.border.report import EMPTY, MOST_BYTES, Report, read_report
from sandbox.border.told import Invalid
from sandbox.protocol import Limits, Outcome, Sandbox, Spec
from tools.code import causes, traceback
from tools.code.causes import Cause
from tools.code.data import SplitData
from tools.code.entry.command import FOLDERS
from tools.code.packages import AT
from tools.code.program import Program
from tools.code.staging import staged
from tools.code.task import CodeTask
from tools.code.told import FORGED, forged, told
from tools.toolchain import Context

DATA, OUT, HOOKS = "data", "out", "_pelagos"
PREDICTIONS, REPORT = f"{OUT}/predictions.npy", f"{OUT}/_report.json"
REPORT_FILE, SIGNS_FILE = "traceback", "signs"  # their names among an experiment's files
MAX_PREDICTIONS = 64_000_000
MAX_ROW = 8_000  # bytes of predictions per input: a thousand classes
TAIL = 1_500
_HERE = Path(__file__).parent
HOOK_FILES = ("runner_hook.py", "trace_hook.py", "describe_hook.py", "library_hook.py", "signs_hook.py")
ROOT = "@work-folder@/"  # the hook puts the work folder's own path in its place
_MOVES = re.compile(r"\b(chdir|hydra)\b|\bcwd\s*=")  # what changes folder is given absolute paths
_DUMP_AT = 0.85  # share of the time limit after which the stacks are written to the log, for timeouts


@dataclass(frozen=True)
class Execution:
    """`report` is what the hook inside wrote (a hint, not to be trusted); `predictions` the raw .npy file, or empty;
    `signs` what the program touched outside its places."""

    outcome: Outcome
    cause: Cause
    report: Report = EMPTY
    predictions: bytes = b""
    signs: Sequence[str] = ()


@contextlib.contextmanager
def allotted(limits: Limits, context: Context) -> Iterator[tuple[int, ...]]:
    """Hold what one execution takes; yields its cards. Cards before processors, always: so nobody waits in a circle."""
    with contextlib.ExitStack() as stack:
        gpus = stack.enter_context(context.cards(limits)) if limits.gpus else ()
        stack.enter_context(context.slot(limits.cpus))
        yield gpus


def execute(
    task: CodeTask,
    program: Program,
    data: SplitData,
    seed: int,
    sandbox: Sandbox,
    *,
    limits: Limits,
    watch: bool,
    gpus: tuple[int, ...] = (),
) -> Execution:
    """Run to the end or a limit. `watch` records shapes, fingerprints and lines of own functions, at some cost in time.
    Raises SandboxError."""
    mark, heard = secrets.token_hex(16), list[str]()
    with staged(data.inputs) as shown:
        spec = replace(_spec(task, program, replace(data, inputs=shown), seed, limits, watch, mark), gpus=gpus)
        outcome = sandbox.run(spec, lambda line: heard.append(line) if mark in line else None)
    said = told(outcome.log, heard, mark)
    outcome = _left_early(replace(outcome, log=traceback.own_lines(said.log)))
    predictions, written = outcome.files.get(PREDICTIONS, b""), outcome.files.get(REPORT, b"")
    signs = [*said.signs, FORGED] if outcome.kind is OutcomeKind.OK and forged(written, said) else said.signs
    found = read_report(written)
    report, spoilt = (EMPTY, found.reason) if isinstance(found, Invalid) else (found, outcome.refused.get(REPORT, ""))
    cause = _cause(outcome, report, predictions, data.n)
    if spoilt and cause.good:
        outcome, cause = replace(outcome, kind=OutcomeKind.INVALID, cause=spoilt), Cause("bad_report", spoilt)
    return Execution(outcome, cause, report, predictions, signs)


def _left_early(outcome: Outcome) -> Outcome:
    """A program that leaves without its hook's report (`os._exit`) is none the worse for it."""
    if outcome.kind is OutcomeKind.INVALID and outcome.refused == {REPORT: "missing"}:
        return replace(outcome, kind=OutcomeKind.OK, cause="", refused={})
    return outcome


def _spec(task: CodeTask, program: Program, data: SplitData, seed: int, limits: Limits, watch: bool, mark: str) -> Spec:
    """`mark`: what the hook's own lines in the log begin with."""
    moves = any(_MOVES.search(text) for text in program.files.values())
    root = ROOT if moves else ""
    entry = task.entry(f"{root}{DATA}", f"{root}{OUT}", seed)
    files = {path: text.encode() for path, text in program.files.items()} | {f"{OUT}/.keep": b""}
    config = {
        "script": f"{root}{entry.script}" if entry.script else "",
        "root": root,
        "module": entry.module,
        "call": entry.call,
        "name": entry.name,
        "argv": list(entry.arguments),
        "paths": [*entry.environment.get("PYTHONPATH", "").split(":"), *FOLDERS],
        "own": [path for path in program.files if path.endswith(".py")],
        "report": REPORT,
        "expect": PREDICTIONS,
        "trace": watch,
        "dump_after": limits.seconds * _DUMP_AT,
        "packages": AT,
        "mark": mark,
    }
    files |= {f"{HOOKS}/{name}": (_HERE / name).read_bytes() for name in HOOK_FILES}
    files[f"{HOOKS}/config.json"] = json.dumps(config).encode()
    return Spec(
        argv=["python", *entry.options, f"{HOOKS}/runner_hook.py", f"{HOOKS}/config.json"],
        files=files,
        readonly={DATA: data.inputs} | ({AT: own_packages} if (own_packages := task.install()) else {}),
        collect={PREDICTIONS: min(MAX_PREDICTIONS, 1_000_000 + MAX_ROW * data.n), REPORT: MOST_BYTES},
        env={name: value for name, value in entry.environment.items() if name != "PYTHONPATH"},
        limits=limits,
    )


def _cause(outcome: Outcome, report: Report, predictions: bytes, count: int) -> Cause:
    if outcome.kind in (OutcomeKind.OK, OutcomeKind.INVALID):
        return check_predictions(predictions, count, outcome, report)
    error = traceback.error_of(report)
    if outcome.kind is OutcomeKind.ERROR and error is not None:
        return Cause("exit", _exit(outcome)) if error.type == "SystemExit" else Cause("error", error.line)
    said = outcome.cause or outcome.log.strip().rpartition("\n")[2]
    if outcome.kind is OutcomeKind.TIMEOUT:
        said = " ".join(part for part in (said, traceback.stuck_at(outcome.log)) if part)
    if outcome.kind is OutcomeKind.ERROR and not said:
        said = f"exit code {outcome.exit_code}"
    return causes.of_outcome(outcome.kind, said[:TAIL])


def _exit(outcome: Outcome) -> str:
    """The exit code and the program's last words: `argparse` says by them what it misses."""
    words = next((line.strip() for line in reversed(outcome.log.splitlines()) if line.strip()), "")
    return f"code {outcome.exit_code}: {words or 'it printed nothing'}"[:TAIL]


def check_predictions(raw: bytes, count: int, outcome: Outcome, report: Report) -> Cause:
    """Whether predictions are there, are numbers, one per input and finite."""
    if not raw:
        refused = outcome.refused.get(PREDICTIONS, "").removeprefix("missing")
        written = ", ".join(name for name in report.written if not name.startswith((".", "_")))
        return Cause(
            "no_predictions", refused or (f"instead there is: {written}" if written else "nothing was written")
        )
    array = read_array(raw)
    if isinstance(array, Invalid):
        return Cause("bad_predictions", array.reason)
    if array.dtype.kind not in "biuf":
        return Cause("bad_predictions", f"dtype {array.dtype}, wanted numbers")
    if array.ndim not in (1, 2) or len(array) != count:
        return Cause("wrong_count", f"shape {array.shape}, wanted ({count},) or ({count}, classes)")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return Cause("nan_predictions", _first_nan(report) or f"{int((~np.isfinite(array)).sum())} values not finite")
    return Cause()


def _first_nan(report: Report) -> str:
    names = [name for name, record in report.trace.functions.items() if record.nan]
    return f"NaN or infinity was returned by: {', '.join(names[:4])}" if names else ""
