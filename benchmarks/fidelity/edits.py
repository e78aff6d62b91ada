"""`python -m benchmarks.fidelity.edits`: the model writes each technique into each program, by the
product's own way from a hypothesis to a version, once without know-how and once with what the product would tell.

Resumable: an edit that is in the file of edits isn't asked for again. A line is an edit: technique, program, arm, seed,
statement, whether it runs, the causes of its tries, the change.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from agents.models.registry import open_model
from agents.models.role_model import RecordedRoleModel
from benchmarks.debugging.bench import Bench
from benchmarks.fidelity.cases import HERE, TABLES, Case, make_cases
from pelagos.nouns import Build, Version
from pelagos.settings import Loop, Models, Settings
from sandbox.choose import choose
from tools.code.program.program import Program
from tools.code.program.versions import load_original
from tools.code.toolchain import CodeToolchain

EDITS = HERE / "edits.jsonl"
ARMS = ("without", "with")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    parser.add_argument("--programs", nargs="+", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--model", default="embedded", help="model spec")
    parser.add_argument("--tries", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lanes", type=int, default=1, help="how many edits are in progress at a time")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-fidelity"))
    parser.add_argument("--edits", type=Path, default=EDITS)
    args = parser.parse_args(argv)
    folder, toolchain = args.folder.resolve(), CodeToolchain(Loop(tries=args.tries))
    benches = {name: _open_bench(folder / name, args.model, args.seed) for name in TABLES}
    done = {(edit["arm"], edit["seed"], edit["technique"], edit["program"]) for edit in read_edits(args.edits)}
    missing = [
        (case, arm)
        for case in make_cases(folder)
        for arm in args.arms
        if case.program in args.programs and (arm, args.seed, case.technique, case.program) not in done
    ]
    with ThreadPoolExecutor(args.lanes) as pool:
        for edit in pool.map(lambda each: _make_edit(*each, toolchain, benches), missing):
            with args.edits.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": args.seed, **edit}) + "\n")


def read_edits(path: Path = EDITS) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def _open_bench(folder: Path, model: str, seed: int) -> Bench:
    bench = Bench(folder, choose())
    settings = Settings(seed=seed, models=Models(default=model))
    opened = open_model(model, settings.models)
    bench.role_model = RecordedRoleModel("coder", opened, bench.steps, bench.artifacts, bench.slots, settings)
    return bench


def _make_edit(case: Case, arm: str, toolchain: CodeToolchain, benches: Mapping[str, Bench]) -> dict[str, Any]:
    bench, began = benches[case.program], time.monotonic()
    toolchain.prepare(case.task, bench)
    plan = case.plan.model_copy(update={"knowhow": case.knowhow if arm == "with" else None})
    build = toolchain.build(case.task, case.hypothesis, plan, bench)
    return {
        "arm": arm,
        "technique": case.technique,
        "program": case.program,
        "target": case.hypothesis.target,
        "statement": f"{case.hypothesis.title}: {case.hypothesis.statement}",
        "runs": build.version is not None,
        "causes": [attempt.cause for attempt in build.tries],
        "seconds": round(time.monotonic() - began, 1),
        "diff": _diff_version(case, build, bench),
    }


def _diff_version(case: Case, build: Build, bench: Bench) -> str:
    """Return the change of the version that runs; "" if there is none."""
    if build.version is None:
        return ""
    version = bench.steps.ledger.facts(Version)[build.version]
    return Program.load(bench.artifacts, version.content).diff(load_original(case.task))


if __name__ == "__main__":
    main()
