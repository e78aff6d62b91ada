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
from benchmarks.cheats.cases import cases
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
    wanted = [case for case in cases() if args.only in ("", case.name, case.kind)]
    for name in sorted({case.task for case in wanted}):
        cheats.open(name)

    def one(place: int) -> Result:
        result = cheats.result(wanted[place])
        with lock:
            print(f"{result.name}: {result.end} {'' if result.right else '(WRONG) '}{result.detail}"[:220], flush=True)
        return result

    with ThreadPoolExecutor(args.workers) as pool:
        print(table(list(pool.map(one, range(len(wanted))))))


def table(results: Sequence[Result]) -> str:
    """One row per class of cheats and one for all, then the honest programs."""
    faked = [one for one in results if not one.honest]
    rows = [
        HEAD,
        *(_row(kind, [one for one in faked if one.kind == kind]) for kind in dict.fromkeys(o.kind for o in faked)),
    ]
    rows.append(_row("all cheats", faked))
    honest = [one for one in results if one.honest]
    flagged, ran = [one for one in honest if not one.right], sum(one.end in (SUSPECT, BELIEVED) for one in honest)
    rows.append(f"\nHonest programs: {len(honest)}, of which {ran} ran to a score; flagged: {len(flagged)}.")
    rows += [f"- flagged: {one.name} ({one.kind}): {one.detail}" for one in flagged]
    rows += [
        f"- honest, but without a score: {one.name}: {one.detail}" for one in honest if one.end in (REFUSED, INVALID)
    ]
    rows += [f"- believed: {one.name} ({one.kind}), effect {one.effect:+.3g}" for one in faked if one.end == BELIEVED]
    return "\n".join(rows)


def _row(kind: str, results: Sequence[Result]) -> str:
    ends = Counter(one.end for one in results)
    caught = sum(one.right for one in results)
    return f"| {kind} | {len(results)} | {caught} | {' | '.join(str(ends[way]) for way in WAYS)} |"


if __name__ == "__main__":
    main()
