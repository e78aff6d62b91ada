"""`python -m benchmarks.chain` (`make bench-verifiers-search`): see README.md. Resumable; `--tables` prints what is there."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from benchmarks.chain.bench import Bench
from benchmarks.chain.criticising import run_criticising
from benchmarks.chain.domains.chain import Chain
from benchmarks.chain.domains.domain import Domain
from benchmarks.chain.domains.listop import ListOp
from benchmarks.chain.domains.pytrace import PyTrace
from benchmarks.chain.judging import run_judging, run_tuned
from benchmarks.chain.ranking import ALL_VERIFIERS, FEW_VERIFIERS, run_ranking
from benchmarks.chain.results import Results
from benchmarks.chain.searching import run_searching
from benchmarks.chain.settings import FULL, SMALL, Settings
from benchmarks.chain.tables import print_tables

OTHERS: Mapping[str, Domain] = {domain.name: domain for domain in (ListOp(), PyTrace())}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-chain"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--domains", nargs="+", choices=("chain", *OTHERS), default=["chain"])
    parser.add_argument("--small", action="store_true", help="the smallest sizes, to see that all stages run")
    parser.add_argument("--tables", action="store_true", help="only print the tables of what was measured")
    chosen = parser.parse_args(argv)
    results = Results(chosen.folder / "results.jsonl")
    if not chosen.tables:
        torch.set_num_threads(chosen.threads)
        run_all(chosen.folder, SMALL if chosen.small else FULL, results, chosen.domains)
    print_tables(results)


def run_all(folder: Path, settings: Settings, results: Results, domains: Sequence[str]) -> None:
    if "chain" in domains:
        chain = Bench(folder / "chain", Chain(), settings)
        run_ranking(chain, results, ALL_VERIFIERS)
        run_judging(chain, results)
        run_searching(chain, results)
        run_criticising(chain, results)
        run_tuned(chain, results)
    for name in domains:
        if name in OTHERS:
            run_ranking(Bench(folder / name, OTHERS[name], settings), results, FEW_VERIFIERS)


if __name__ == "__main__":
    main()
