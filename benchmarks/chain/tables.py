"""The tables of docs/benchmarks.md, printed from the results that are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.chain.results import Results
from benchmarks.chain.verdicts import judge_rules

Line = dict[str, Any]


def print_tables(results: Results) -> None:
    for domain in dict.fromkeys(line["key"].split("/")[0] for line in results.lines):
        for title, rows in (
            ("rules of README.md", _verdicts(results, domain)),
            ("(a) best-of-N: right answers, %", _ranking(results, domain)),
            ("(a) localisation", _localising(results, domain)),
            ("(a) cost of the data in tokens per labelled solution", _cost(results, domain)),
            ("(a) trainings", _trainings(results, domain)),
            ("(b) F1 of generative verifiers", _judging(results, domain)),
            ("(b) F1 with a tuned threshold, N = 8", _tuned(results, domain)),
            ("(b) paired differences of F1", _differences(results, domain)),
            ("(b') critic, after each turn", _criticising(results, domain)),
            ("(c) searches: right answers, %, and tokens per problem", _searches(results, domain)),
            ("(c) vote at the largest N by true difficulty", _cells(results, domain)),
            ("(c) selector against the best fixed strategy, held-out problems", _selectors(results, domain)),
        ):
            table = list(rows)
            if len(table) > 2:
                print(f"\n{domain.upper()} {title}\n", *table, sep="\n")


def _verdicts(results: Results, domain: str) -> Iterator[str]:
    yield from _head("rule", "held", "figures")
    for rule, held, figures in judge_rules(results, domain):
        yield _row(rule, "yes" if held else "no", figures)


def _ranking(results: Results, domain: str) -> Iterator[str]:
    yield from _head("split", "arm", "N", "max", "vote", "vote less majority")
    lines = {line["key"]: line for line in results.under(domain, "a", "rank")}
    for line in results.under(domain, "a", "pass@1"):
        yield _row(line["key"].split("/")[3], "one sample", "1", f"{100 * line['pass@1']:.1f}", "", "")
    for key, line in sorted(lines.items(), key=lambda pair: _order(pair[0])):
        split, arm, n, selection = key.split("/")[3:]
        if selection == "majority":
            yield _row(split, arm, n, "", _percent((line["mean"], line["low"], line["high"])), "")
        if selection == "vote":
            best = lines[key.rpartition("/")[0] + "/max"]
            yield _row(
                split,
                arm,
                n,
                f"{100 * best['mean']:.1f}",
                _percent((line["mean"], line["low"], line["high"])),
                _gain(line["gain"]),
            )


def _order(key: str) -> tuple[object, ...]:
    split, arm, n, _ = key.split("/")[3:]
    return split, int(n), arm != "majority", arm == "rule", arm


def _localising(results: Results, domain: str) -> Iterator[str]:
    yield from _head("split", "verifier", "first error found, %", "F1", "solutions (erroneous)")
    for line in sorted(results.under(domain, "a", "localise"), key=lambda one: one["key"]):
        split, verifier = line["key"].split("/")[3:]
        found = _percent(line["first_error"]) if line["first_error"] else "-"
        yield _row(split, verifier, found, _percent(line["f1"]), f"{line['solutions']} ({line['erroneous']})")


def _cost(results: Results, domain: str) -> Iterator[str]:
    yield from _head("implicit", "Monte Carlo", "ratio", "labelled solutions")
    for line in results.lines:
        if line["key"] == f"{domain}/a/cost":
            yield _row(
                f"{line['implicit']:.1f}", f"{line['monte_carlo']:.1f}", f"{line['ratio']:.1f}", str(line["labelled"])
            )


def _trainings(results: Results, domain: str) -> Iterator[str]:
    yield from _head("verifier", "training", "updates", "held-out loss", "seconds")
    for line in results.under(domain, "a", "done"):
        for name, one in line["trainings"].items():
            yield _row(
                line["key"].split("/")[-1], name, str(one["updates"]), f"{one['held_out']:.4f}", f"{one['seconds']:.0f}"
            )


def _judging(results: Results, domain: str) -> Iterator[str]:
    yield from _head("split", "style", "N = 1", "N = 4", "N = 8", "solutions")
    lines = {line["key"]: line for line in results.under(domain, "b", "f1")}
    for key, line in lines.items():
        start, _, n = key.rpartition("/")
        if n == "1" and f"{start}/8" in lines:
            split, style = start.split("/")[3:]
            yield _row(
                split,
                style,
                *(_percent(lines[f"{start}/{votes}"]["f1"]) for votes in (1, 4, 8)),
                str(line["solutions"]),
            )


def _tuned(results: Results, domain: str) -> Iterator[str]:
    yield from _head("split", "style", "F1", "threshold", "solutions")
    for line in results.under(domain, "b", "tuned"):
        split, style = line["key"].split("/")[3:]
        yield _row(split, style, _percent(line["f1"]), f"{line['threshold']:.3f}", str(line["solutions"]))


def _differences(results: Results, domain: str) -> Iterator[str]:
    yield from _head("split", "arms", "N", "difference")
    for line in results.under(domain, "b", "difference"):
        split, arms, n = line["key"].split("/")[3:]
        yield _row(split, arms, n, _gain(line["f1"]))
    for line in results.under(domain, "b", "votes"):
        split, style = line["key"].split("/")[3:]
        yield _row(split, style, "8 less 1", _gain(line["f1"]))


def _criticising(results: Results, domain: str) -> Iterator[str]:
    yield from _head(
        "turn", "right", "less from a random step", "less majority of nearest tokens", "tokens (majority's)"
    )
    for line in results.under(domain, "b", "critic"):
        tokens = f"{line['tokens']:.0f} ({line['majority_tokens']:.0f})"
        yield _row(
            line["key"].split("/")[-1],
            _percent(line["critic"]),
            _gain(line["over_blind"]),
            _gain(line["over_majority"]),
            tokens,
        )


def _searches(results: Results, domain: str) -> Iterator[str]:
    yield from _head(
        "policy", "verifier", "strategy", "N", "majority or max", "vote", "policy tokens", "verifier tokens"
    )
    for line in results.under(domain, "c", "search"):
        size, verifier, strategy, n = line["key"].split("/")[3:]
        right = {
            selection: f"{100 * sum(of_problem) / len(of_problem):.1f}"
            for selection, of_problem in line["right"].items()
        }
        first = right.get("majority", right.get("max", ""))
        yield _row(
            size,
            verifier or "-",
            strategy,
            n,
            first,
            right.get("vote", ""),
            f"{line['policy']:.0f}",
            f"{line['verifier']:.0f}",
        )


def _cells(results: Results, domain: str) -> Iterator[str]:
    yield from _head(
        "policy",
        "verifier",
        "difficulty (problems)",
        "strategy",
        "right",
        "less best-of-N",
        "less majority of nearest tokens",
        "tokens (majority's)",
    )
    for line in results.under(domain, "c", "cell"):
        size, verifier, level, arm = line["key"].split("/")[3:]
        yield _row(
            size, verifier, f"{level} ({line['problems']})", arm, _percent(line["vote"]), _gain(line["over_best_of_n"]),
            _gain(line["over_majority"]), f"{line['tokens']:.0f} ({line['majority_tokens']:.0f})",
        )  # fmt: skip


def _selectors(results: Results, domain: str) -> Iterator[str]:
    yield from _head(
        "policy", "verifier", "tokens", "best fixed", "selector less fixed", "chosen by predicted difficulty"
    )
    for line in results.under(domain, "c", "selector"):
        size, verifier, budget = line["key"].split("/")[3:]
        chosen = ", ".join(f"{level}: {arm}" for level, arm in sorted(line["chosen"].items()))
        yield _row(size, verifier, budget, line["best_fixed"], _gain(line["gain"]), chosen)


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield "|" + "---|" * len(names)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _percent(interval: Sequence[float]) -> str:
    mean, low, high = (100 * value for value in interval)
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def _gain(interval: Sequence[float]) -> str:
    mean, low, high = (100 * value for value in interval)
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"
