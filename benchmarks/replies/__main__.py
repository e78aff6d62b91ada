"""`python -m benchmarks.replies`: how much of the replies that were refused is taken, before and now; asks no model.

`collect RUN...` adds the refused replies of runs; they count once `expected.toml` says what is in them. `--verbose`
shows what was missed or taken wrongly. `pending` prints what has no annotation yet.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.replies import corpus, judge
from benchmarks.replies.collect import collect
from benchmarks.replies.corpus import Case

ROOT = Path(__file__).parents[2]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("table", "collect", "pending"), default="table")
    parser.add_argument("runs", nargs="*", type=Path, help="folders of runs, for collect")
    parser.add_argument("--code", type=Path, default=ROOT, help="the checkout whose outcome collect records")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_intermixed_args(argv)
    if args.what == "collect":
        counts = collect(args.runs, args.code.resolve())
        print(", ".join(f"{cause} {count}" for cause, count in counts.most_common()) or "no new reply")
        return
    cases = corpus.load()
    if args.what == "pending":
        print(*(_shown(case) for case in cases if not case.expected), sep="\n")
        return
    verdicts = judge.judge_cases(cases)
    print(judge.make_table(verdicts))
    for verdict in verdicts:
        if args.verbose and verdict.after in ("missed", "wrong"):
            print(
                f"\n{verdict.after}: {_shown(verdict.case)}\n--- now\n{verdict.now}\n--- expected\n{verdict.case.expected}"
            )


def _shown(case: Case) -> str:
    return (
        f"=== {case.id} {case.task} {case.target} {case.kind} {case.cause}: {case.before.get('said', '')}\n{case.reply}"
    )


if __name__ == "__main__":
    main()
