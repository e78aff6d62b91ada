"""The success rules of README.md against the results: what was claimed beforehand, and whether it held."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.chain.metrics import Interval, bootstrap, subtract
from benchmarks.chain.results import Results

KNOWN, UNSEEN, LONG, RANDOM_ONLY = "known traps", "unseen traps", "longer chains", "random errors"
IMPLICIT, EXECUTED = "implicit-0.5", "rationale + code, executed"
Verdict = tuple[str, bool, str]
"""The rule, whether it held, and the figures."""


def judge_rules(results: Results, domain: str = "chain") -> Iterator[Verdict]:
    """Rules whose figures are not there yet are left out."""
    lines = {line["key"].removeprefix(f"{domain}/"): line for line in results.under(domain)}
    for rule in (_ranking_rules, _localising_rules, _judging_rules, _critic_rule, _search_rules, _selector_rule):
        try:
            yield from rule(lines)
        except KeyError:
            continue


Lines = dict[str, dict[str, Any]]


def _ranking_rules(lines: Lines) -> Iterator[Verdict]:
    at = f"a/rank/{KNOWN}"
    gain = Interval(*lines[f"{at}/{IMPLICIT}/16/vote"]["gain"])
    yield "1 implicit, vote@16, less majority >= 3", gain.mean >= 0.03, _show(gain)
    over = bootstrap(subtract(lines[f"{at}/{IMPLICIT}/16/max"]["picked"], lines[f"{at}/orm/16/max"]["picked"]))
    yield "2 implicit less ORM, max@16, >= -1", over.mean >= -0.01, _show(over)
    gains = {split: lines[f"a/rank/{split}/{IMPLICIT}/16/vote"]["gain"][0] for split in (KNOWN, RANDOM_ONLY, UNSEEN)}
    smaller = max(gains[RANDOM_ONLY], gains[UNSEEN]) < gains[KNOWN]
    yield (
        "5 the gain is smaller without known traps",
        smaller,
        ", ".join(f"{k} {100 * v:+.1f}" for k, v in gains.items()),
    )


def _localising_rules(lines: Lines) -> Iterator[Verdict]:
    ours, theirs = (lines[f"a/localise/{KNOWN}/{name}"]["first_error"] for name in (IMPLICIT, "orm"))
    figures = f"{_show(Interval(*ours), '.1f')} against {_show(Interval(*theirs), '.1f')}"
    yield "3 first errors of implicit >= 2 x the ORM's", ours[0] >= 2 * theirs[0], figures
    ratio = lines["a/cost"]["ratio"]
    yield "4 Monte-Carlo labels cost >= 5 x the tokens", ratio >= 5, f"{ratio:.1f} x"


def _judging_rules(lines: Lines) -> Iterator[Verdict]:
    direct = Interval(*lines[f"b/difference/{UNSEEN}/{EXECUTED} - direct/1"]["f1"])
    yield "6 executed less direct >= 5 F1, unseen traps, N = 1", direct.mean >= 0.05, _show(direct)
    for split in (UNSEEN, LONG):
        votes = Interval(*lines[f"b/votes/{split}/{EXECUTED}"]["f1"])
        yield f"7 Maj@8 less Pass@1 >= 2 F1, {split}", votes.mean >= 0.02, _show(votes)
    for split in (UNSEEN, LONG):
        executed = Interval(*lines[f"b/difference/{split}/{EXECUTED} - rationale + code, not executed/1"]["f1"])
        yield f"8 executed > not executed, {split}, N = 1", executed.mean > 0, _show(executed)


def _critic_rule(lines: Lines) -> Iterator[Verdict]:
    turns = [lines[f"b/critic/{turn}"] for turn in range(4)]
    means = [turn["critic"][0] for turn in turns]
    over = Interval(*turns[-1]["over_majority"])
    held = all(a < b for a, b in zip(means, means[1:], strict=False)) and over.mean > 0  # noqa: RUF007
    yield (
        "8b the critic's answers rise, and beat majority",
        held,
        f"{[f'{100 * mean:.1f}' for mean in means]}, {_show(over)}",
    )


def _search_rules(lines: Lines) -> Iterator[Verdict]:
    cells = {key: line for key, line in lines.items() if key.startswith("c/cell/") and "/all/" not in key}
    if not cells:
        return
    trees = {key: line for key, line in cells.items() if not key.endswith("/best-of-n")}
    better = _list_cells(trees, "over_best_of_n", lambda gain: gain[1] > 0)
    worse = _list_cells(trees, "over_best_of_n", lambda gain: gain[2] < 0)
    count = len({key.rpartition("/")[0] for key in cells})
    apart = {key.rpartition("/")[0] for key in better}
    yield (
        "9 a tree beats best-of-N in >= 2 cells",
        len(apart) >= 2,
        f"{len(apart)} of {count}: {', '.join(better) or '-'}",
    )
    off = [key for key in worse if "beam" in key and not key.startswith("m/mc/")]
    yield "10 a beam is worse with an off-policy or weak verifier", bool(off), ", ".join(worse) or "-"
    whole = {key: line for key, line in lines.items() if key.startswith("c/cell/") and "/all/" in key}
    over = _list_cells(whole, "over_majority", lambda gain: gain[1] > 0)
    under = _list_cells(whole, "over_majority", lambda gain: gain[2] < 0)
    yield (
        "12 what asks a verifier beats majority",
        bool(over),
        f"better {len(over)}, worse {len(under)} of {len(whole)} arms",
    )


def _selector_rule(lines: Lines) -> Iterator[Verdict]:
    gains = {key: line["gain"] for key, line in lines.items() if key.startswith("c/selector/")}
    if gains:
        mean = sum(gain[0] for gain in gains.values()) / len(gains)
        apart = sum(gain[1] > 0 for gain in gains.values()), sum(gain[2] < 0 for gain in gains.values())
        figures = f"mean {100 * mean:+.1f} over {len(gains)} budgets; better {apart[0]}, worse {apart[1]} without 0"
        yield "11 the selector beats the best fixed by >= 1", mean >= 0.01, figures


def _list_cells(lines: Lines, gain: str, test: Callable[[Sequence[float]], bool]) -> list[str]:
    return [key.removeprefix("c/cell/") for key, line in lines.items() if test(line[gain])]


def _show(interval: Interval, form: str = "+.1f") -> str:
    mean, low, high = (format(100 * value, form) for value in interval)
    return f"{mean} [{low}, {high}]"
