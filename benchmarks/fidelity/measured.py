"""`python -m benchmarks.fidelity.measured`: what each edit that runs did otherwise than its program.

Each is carried out once more as the product does it (smoke run, first seed on the validation split); what was measured
is kept in `measured.jsonl`, so that the answers can be had again without running anything. Resumable. `checks_hold` and
`kept` are the word of checks of a plan's steps, which the product had until the commit that removed this code for them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.fidelity.change.hunks import parse_hunks
from agents.judging.differences import list_differences
from benchmarks.debugging.bench import Bench
from benchmarks.fidelity import own
from benchmarks.fidelity.cases import HERE, Case, make_cases
from benchmarks.fidelity.edits import EDITS, read_edits
from pelagos.nouns import OutcomeKind
from sandbox.choose import choose
from tools.code.program.program import Program
from tools.code.program.versions import load_original, record_version
from tools.code.toolchain import CodeToolchain

MEASURED = HERE / "measured.jsonl"
KEY = ("technique", "program", "arm", "seed")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=Path, default=EDITS)
    parser.add_argument("--measured", type=Path, default=MEASURED)
    parser.add_argument("--own", action="store_true", help="our own edits in place of the model's")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-fidelity-measured"))
    args = parser.parse_args(argv)
    folder, toolchain = args.folder.resolve(), CodeToolchain()
    if args.own:
        _measure_own(folder, toolchain)
        return
    known = {(case.technique, case.program): case for case in make_cases(folder)}
    done = {make_key(edit) for edit in read_edits(args.measured)}
    for edit in read_edits(args.edits):
        if not edit["runs"] or make_key(edit) in done:
            continue
        case = known[edit["technique"], edit["program"]]
        bench = Bench(folder / case.program, choose())
        measurement = {name: edit[name] for name in KEY} | measure(
            case, apply_diff(case, edit["diff"]), toolchain, bench
        )
        with args.measured.open("a", encoding="utf-8") as file:
            file.write(json.dumps(measurement) + "\n")


def _measure_own(folder: Path, toolchain: CodeToolchain) -> None:
    bench, done = Bench(folder / "digits", choose()), own.read_measured()
    for case, program in own.make_cases():
        if case.technique not in done:
            measurement = {"technique": case.technique, **measure(case, program, toolchain, bench)}
            with own.MEASURED.open("a", encoding="utf-8") as file:
                file.write(json.dumps(measurement) + "\n")


def make_key(edit: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(edit[name] for name in KEY)


def apply_diff(case: Case, diff: str) -> Program:
    """Return the program with the change of `diff`."""
    old = load_original(case.task)
    files = dict(old.files)
    for hunk in parse_hunks(diff):
        before, after = ("\n".join(line.text for line in side) for side in (hunk.old, hunk.new))
        assert files[hunk.path].count(before) == 1, (case.hypothesis.id, before)
        files[hunk.path] = files[hunk.path].replace(before, after)
    return old.with_files(files)


def measure(case: Case, program: Program, toolchain: CodeToolchain, bench: Bench) -> dict[str, Any]:
    task, hypothesis = case.task, case.hypothesis
    toolchain.prepare(task, bench)
    baseline = toolchain.baseline(task, bench)
    version = record_version(bench, program, hypothesis.id, None, hypothesis.title)
    experiments = [toolchain.experiment(task, item, task.seeds[0], "validation", bench) for item in (baseline, version)]
    signatures = [toolchain.signature(task, item, bench) for item in (baseline, version)]
    observed = experiments[1].outcome is OutcomeKind.OK and all(item.names for item in signatures)
    return {"differences": list_differences(*signatures) if observed else None}


if __name__ == "__main__":
    main()
