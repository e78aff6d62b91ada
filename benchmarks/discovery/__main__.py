"""`python -m benchmarks.discovery --data PATH`: see the package's docstring. Resumable: what is recorded isn't run again."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.discovery.mapping import Gold, expressed, read_mapping
from benchmarks.discovery.measure import measure_table
from benchmarks.discovery.report import list_losses, write_report
from benchmarks.discovery.tables import find_table, list_gold_files
from pelagos.errors import BadInput
from sandbox.choose import choose
from tools.analysis.packs.registry import load_packs
from tools.analysis.packs.spec import ToolSpec

MEASURED = "measured.jsonl"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with DiscoveryBench's real and synth")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-discovery"))
    parser.add_argument("--permutations", type=int, default=10)
    parser.add_argument("--losses", action="store_true", help="list what the real tables don't support")
    options = parser.parse_args(argv)
    golds = read_mapping()
    check_mapping(golds, options.data)
    measured = measure(golds, options.data, options.folder, options.permutations)
    print(write_report(golds, measured))
    if options.losses:
        print("", *list_losses(golds, measured), sep="\n")


def check_mapping(golds: Sequence[Gold], data: Path) -> None:
    """Raise BadInput where the mapping and the files with gold hypotheses differ."""
    mapped, there = {(gold.data, gold.metadata) for gold in golds}, set(list_gold_files(data))
    faults = [f"{folder}/{name}: not in the mapping" for folder, name in sorted(there - mapped)]
    faults += [f"{folder}/{name}: in the mapping, not in {data}" for folder, name in sorted(mapped - there)]
    if faults:
        raise BadInput(*faults)


def measure(golds: Sequence[Gold], data: Path, folder: Path, permutations: int) -> dict[str, Any]:
    """Hypothesis -> what was measured, table by table."""
    specs, sandbox = load_packs(["tables"]), choose()
    kept = folder / MEASURED
    recorded = dict(json.loads(line) for line in kept.read_text().splitlines()) if kept.is_file() else {}
    folder.mkdir(parents=True, exist_ok=True)
    measured: dict[str, Any] = {}
    for name, group in groupby(expressed(golds), key=lambda gold: gold.data):
        of_table = list(group)
        key = make_key(of_table, data, permutations, specs)
        if key not in recorded:
            recorded[key] = measure_table(of_table, data, permutations, specs, sandbox)
            with kept.open("a") as file:
                file.write(json.dumps([key, recorded[key]]) + "\n")
            print(f"{name}: {len(of_table)} hypotheses", flush=True)
        measured |= recorded[key]
    return measured


def make_key(golds: Sequence[Gold], data: Path, permutations: int, specs: Mapping[str, ToolSpec]) -> str:
    """The hash of what determines the measurement: hypotheses, table, permutations, the code of the tools."""
    used = {each.tool for gold in golds for each in gold.implications}
    roots = {specs[tool].source.root for tool in used if tool in specs}
    files = [path for root in roots for folder in (root, root.parent / "statistics") for path in folder.glob("*.py")]
    table = find_table(data / golds[0].data).read_bytes()
    code = [path.read_text("utf-8") for path in sorted(files)]
    text = json.dumps([[gold.model_dump() for gold in golds], permutations, code], sort_keys=True)
    return hashlib.sha256(text.encode() + table).hexdigest()[:16]


if __name__ == "__main__":
    main()
