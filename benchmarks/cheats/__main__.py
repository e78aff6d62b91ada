"""`python -m benchmarks.cheats` (`make bench-cheats`): cheats and honest programs through sandbox, evaluator and audit.

Resumable: run it again with the same folder and it goes on where it stopped. `--only` takes the name of a case or of a
class. The last line of the table says how many honest programs were flagged.
"""

from __future__ import annotations

import argparse
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.cheats.bench import BELIEVED, INVALID, NO_EFFECT, REFUSED, SUSPECT, Cheats, Result
from benchmarks.cheats.cases import load_cases
from sandbox.choose import choose

WAYS = (REFUSED, INVALID, NO_EFFECT, SUSPECT)
HEAD = f"| class | programs | caught | {' | '.join(WAYS)} |\n|---|---|---|---|---|---|---|"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a case or a class")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-cheats"))
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args(argv)
    cheats, lock = Cheats(args.folder, choose(args.sandbox)), threading.Lock()
    wanted = [case for case in load_cases() if args.only in ("", case.name, case.kind)]
    for name in sorted({case.task for case in wanted}):
        cheats.open(name)

    def run_case(index: int) -> Result:
        result = cheats.judge(wanted[index])
        with lock:
            print(f"{result.name}: {result.end} {'' if result.right else '(WRONG) '}{result.detail}"[:220], flush=True)
        return result

    with ThreadPoolExecutor(args.workers) as pool:
        print(make_table(list(pool.map(run_case, range(len(wanted))))))


def make_table(results: Sequence[Result]) -> str:
    """One row per class of cheats and one for all, then the honest programs."""
    cheats = [result for result in results if not result.honest]
    rows = [
        HEAD,
        *(
            _make_row(kind, [result for result in cheats if result.kind == kind])
            for kind in dict.fromkeys(result.kind for result in cheats)
        ),
    ]
    rows.append(_make_row("all cheats", cheats))
    honest = [result for result in results if result.honest]
    flagged, ran = (
        [result for result in honest if not result.right],
        sum(result.end in (SUSPECT, BELIEVED) for result in honest),
    )
    rows.append(f"\nHonest programs: {len(honest)}, of which {ran} ran to a score; flagged: {len(flagged)}.")
    rows += [f"- flagged: {result.name} ({result.kind}): {result.detail}" for result in flagged]
    rows += [
        f"- honest, but without a score: {result.name}: {result.detail}"
        for result in honest
        if result.end in (REFUSED, INVALID)
    ]
    rows += [
        f"- believed: {result.name} ({result.kind}), effect {result.effect:+.3g}"
        for result in cheats
        if result.end == BELIEVED
    ]
    return "\n".join(rows)


def _make_row(kind: str, results: Sequence[Result]) -> str:
    ends = Counter(result.end for result in results)
    caught = sum(result.right for result in results)
    return f"| {kind} | {len(results)} | {caught} | {' | '.join(str(ends[way]) for way in WAYS)} |"


if __name__ == "__main__":
    main()
