"""`python -m benchmarks.debugging.run --arm local|raw|local-file`: repair the injected faults with a model.

Resumable: run it again with the same folder and it goes on where it stopped. `--contexts` asks no model and says how
often an arm's question shows the faulty definition and how long it is.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.debugging.arms import ARMS
from benchmarks.debugging.bench import Bench, describe_context, repair
from benchmarks.debugging.cases import KINDS, load_cases
from pelagos.facts.calls import Call
from sandbox.choose import choose


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arm", choices=ARMS, default="local")
    parser.add_argument("--model", default="embedded", help="model spec")
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-debugging"))
    parser.add_argument("--only", default="", help="kind or fault id")
    parser.add_argument("--contexts", action="store_true", help="ask no model")
    args = parser.parse_args(argv)
    bench = Bench(args.folder, choose())
    wanted = [case for case in load_cases() if args.only in ("", case.kind, case.id)]
    if args.contexts:
        print_table([describe_context(bench, args.arm, case) for case in wanted])
        return
    bench.role_model = _open_model(args.model, bench)
    rows = []
    for case in wanted:
        rows.append(repair(bench, args.arm, case, args.tries, args.model))
        bench.say(f"{case.id}: {'repaired' if rows[-1]['repaired'] else 'not repaired'} {rows[-1]['causes']}")
    print_table(rows)
    tokens = sum(call.cost.tokens for call in bench.steps.ledger.facts(Call).values())
    print(f"tokens of all model calls in this folder: {tokens}")


def _open_model(spec: str, bench: Bench) -> Any:
    """Return the loop's own model on this folder's ledger; an answered call is not sent again."""
    from agents.models.registry import open_model
    from agents.models.role_model import RecordedRoleModel
    from pelagos.settings import Models, Settings

    settings = Settings(models=Models(default=spec))
    model = open_model(spec, settings.models)
    return RecordedRoleModel("coder", model, bench.steps, bench.artifacts, bench.slots, settings)


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print one line per kind and one for all: repaired, contexts that show the fault, tokens of a question."""
    print("| kind | faults | repaired | fault shown | tokens of a question, mean |\n|---|---|---|---|---|")
    for kind in (*KINDS, "all"):
        part = [row for row in rows if kind in ("all", row["kind"])]
        if part:
            repaired = sum(row["repaired"] for row in part) if "repaired" in part[0] else "-"
            shown, tokens = sum(row["shown"] for row in part), round(statistics.mean(row["tokens"] for row in part))
            print(f"| {kind} | {len(part)} | {repaired} | {shown} | {tokens} |")


if __name__ == "__main__":
    main()
