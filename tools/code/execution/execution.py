"""Executes one program in the sandbox on one split and classifies the outcome. Scores nothing and stores nothing.

The program is at the root of the work folder, its data under `data/` (read-only, no labels), its output under `out/`.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pelagos.nouns import OutcomeKind
from sandbox.border.arrays import read_array
from sandbox.border.reading import Invalid
from sandbox.border.report import EMPTY, MOST_BYTES, Report, read_report
from sandbox.protocol import Limits, Outcome, Sandbox, Spec
from tools.code.coding import causes, traceback
from tools.code.coding.causes import Cause
from tools.code.execution.hook_messages import FORGED, is_forged, parse_hook_messages
from tools.code.execution.staging import stage_inputs
from tools.code.program.program import Program
from tools.code.task.code_task import CodeTask
from tools.code.task.data import SplitData
from tools.code.task.entry.command import IMPORT_FOLDERS
from tools.code.task.packages import PACKAGES_MOUNT, bind_packages
from tools.functions.packs import FOLDER, bind_packs
from tools.toolchain import Context

DATA, OUT, HOOKS_MOUNT = "data", "out", "_pelagos"
PREDICTIONS, REPORT = f"{OUT}/predictions.npy", f"{OUT}/_report.json"
REPORT_FILE, ACCESS_FILE, BEHAVIOUR_FILE = "traceback", "signs", "behaviour"  # names among an experiment's files
MAX_PREDICTIONS = 64_000_000
MAX_ROW_BYTES = 8_000  # bytes of predictions per input: a thousand classes
MAX_DETAIL = 1_500
HOOKS_FOLDER = Path(__file__).parents[1] / "inside"
HOOK_FILES = (
    "runner_hook.py", "trace_hook.py", "describe_hook.py", "library_hook.py", "signs_hook.py", "amounts_hook.py",
    "calls_hook.py", "layers_hook.py", "naming_hook.py", "rates_hook.py",
)  # fmt: skip
ROOT_PLACEHOLDER = "@work-folder@/"  # the hook replaces it by the work folder's path
_CHANGES_FOLDER = re.compile(r"\b(chdir|hydra)\b|\bcwd\s*=")  # a program that changes its folder gets absolute paths
_STACK_DUMP_SHARE = 0.85  # share of the time limit after which all stacks are written to the log


@dataclass(frozen=True)
class Execution:
    """`report` was written by the hook inside the sandbox: a hint that must not be trusted. `predictions` is the raw
    .npy file or empty. `access_findings` name what the program accessed outside its own folders."""

    outcome: Outcome
    cause: Cause
    report: Report = EMPTY
    predictions: bytes = b""
    access_findings: Sequence[str] = ()


@contextlib.contextmanager
def allocate_resources(limits: Limits, context: Context) -> Iterator[tuple[int, ...]]:
    """Hold the resources of one execution; yields its card numbers. Cards are always taken before CPU slots, which
    rules out a deadlock."""
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
    on_line: Callable[[str], object] | None = None,
) -> Execution:
    """Run the program to its end or to a limit. `watch` traces own functions (shapes, fingerprints, lines), which costs
    time. `on_line` is given the program's lines as they come. Raises SandboxError."""
    mark, marked_lines = secrets.token_hex(16), list[str]()

    def sort_line(line: str) -> None:
        if mark in line:
            marked_lines.append(line)
        elif on_line is not None:
            on_line(line)

    with stage_inputs(data.inputs) as inputs:
        spec = replace(_build_spec(task, program, replace(data, inputs=inputs), seed, limits, watch, mark), gpus=gpus)
        outcome = sandbox.run(spec, sort_line)
    messages = parse_hook_messages(outcome.log, marked_lines, mark)
    outcome = _accept_early_exit(replace(outcome, log=traceback.remove_launcher_lines(messages.log)))
    predictions, report_bytes = outcome.files.get(PREDICTIONS, b""), outcome.files.get(REPORT, b"")
    access_findings = (
        [*messages.access_findings, FORGED]
        if outcome.kind is OutcomeKind.OK and is_forged(report_bytes, messages)
        else messages.access_findings
    )
    parsed = read_report(report_bytes)
    report, report_fault = (
        (EMPTY, parsed.reason) if isinstance(parsed, Invalid) else (parsed, outcome.refused.get(REPORT, ""))
    )
    cause = _find_cause(outcome, report, predictions, data.n)
    if report_fault and cause.good:
        outcome, cause = (
            replace(outcome, kind=OutcomeKind.INVALID, cause=report_fault),
            Cause("bad_report", report_fault),
        )
    return Execution(outcome, cause, report, predictions, access_findings)


def _accept_early_exit(outcome: Outcome) -> Outcome:
    """An outcome is OK if only the hook's report is missing: the program ended itself by `os._exit`."""
    if outcome.kind is OutcomeKind.INVALID and outcome.refused == {REPORT: "missing"}:
        return replace(outcome, kind=OutcomeKind.OK, cause="", refused={})
    return outcome


def _build_spec(
    task: CodeTask, program: Program, data: SplitData, seed: int, limits: Limits, watch: bool, mark: str
) -> Spec:
    """`mark` is the secret prefix of the hook's lines in the log."""
    changes_folder = any(_CHANGES_FOLDER.search(text) for text in program.files.values())
    root = ROOT_PLACEHOLDER if changes_folder else ""
    entry = task.entry(f"{root}{DATA}", f"{root}{OUT}", seed)
    files = {path: text.encode() for path, text in program.files.items()} | {f"{OUT}/.keep": b""}
    config = {
        "script": f"{root}{entry.script}" if entry.script else "",
        "root": root,
        "module": entry.module,
        "call": entry.call,
        "name": entry.name,
        "argv": list(entry.arguments),
        "paths": [*entry.environment.get("PYTHONPATH", "").split(":"), *IMPORT_FOLDERS],
        "own": [path for path in program.files if path.endswith(".py")],
        "report": REPORT,
        "expect": PREDICTIONS,
        "trace": watch,
        "dump_after": limits.seconds * _STACK_DUMP_SHARE,
        "packages": PACKAGES_MOUNT,
        "tools": FOLDER,
        "mark": mark,
    }
    files |= {f"{HOOKS_MOUNT}/{name}": (HOOKS_FOLDER / name).read_bytes() for name in HOOK_FILES}
    files[f"{HOOKS_MOUNT}/config.json"] = json.dumps(config).encode()
    return Spec(
        argv=["python", *entry.options, f"{HOOKS_MOUNT}/runner_hook.py", f"{HOOKS_MOUNT}/config.json"],
        files=files,
        readonly={DATA: data.inputs} | bind_packages(task.install()) | bind_packs(task.packs),
        collect={PREDICTIONS: min(MAX_PREDICTIONS, 1_000_000 + MAX_ROW_BYTES * data.n), REPORT: MOST_BYTES},
        env={name: value for name, value in entry.environment.items() if name != "PYTHONPATH"},
        limits=limits,
    )


def _find_cause(outcome: Outcome, report: Report, predictions: bytes, count: int) -> Cause:
    if outcome.kind in (OutcomeKind.OK, OutcomeKind.INVALID):
        return check_predictions(predictions, count, outcome, report)
    error = traceback.parse_error(report)
    if outcome.kind is OutcomeKind.ERROR and error is not None:
        return Cause("exit", _describe_exit(outcome)) if error.type == "SystemExit" else Cause("error", error.line)
    detail = outcome.cause or outcome.log.strip().rpartition("\n")[2]
    if outcome.kind is OutcomeKind.TIMEOUT:
        detail = " ".join(part for part in (detail, traceback.find_stuck_line(outcome.log)) if part)
    if outcome.kind is OutcomeKind.ERROR and not detail:
        detail = f"exit code {outcome.exit_code}"
    return causes.cause_of_outcome(outcome.kind, detail[:MAX_DETAIL])


def _describe_exit(outcome: Outcome) -> str:
    """The exit code and the last line of the log, where `argparse` reports missing arguments."""
    last_line = next((line.strip() for line in reversed(outcome.log.splitlines()) if line.strip()), "")
    return f"code {outcome.exit_code}: {last_line or 'it printed nothing'}"[:MAX_DETAIL]


def check_predictions(raw: bytes, count: int, outcome: Outcome, report: Report) -> Cause:
    """Check that the predictions exist and are finite numbers, one per input: shape (count,) or (count, classes).
    Returns a good cause or the fault."""
    if not raw:
        refused = outcome.refused.get(PREDICTIONS, "").removeprefix("missing")
        written_names = ", ".join(name for name in report.written if not name.startswith((".", "_")))
        return Cause(
            "no_predictions",
            refused or (f"instead there is: {written_names}" if written_names else "nothing was written"),
        )
    array = read_array(raw)
    if isinstance(array, Invalid):
        return Cause("bad_predictions", array.reason)
    if array.dtype.kind not in "biuf":
        return Cause("bad_predictions", f"dtype {array.dtype}, wanted numbers")
    if array.ndim not in (1, 2) or len(array) != count:
        return Cause("wrong_count", f"shape {array.shape}, wanted ({count},) or ({count}, classes)")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return Cause(
            "nan_predictions", _describe_nan_source(report) or f"{int((~np.isfinite(array)).sum())} values not finite"
        )
    return Cause()


def _describe_nan_source(report: Report) -> str:
    names = [name for name, record in report.trace.functions.items() if record.nan]
    return f"NaN or infinity was returned by: {', '.join(names[:4])}" if names else ""
