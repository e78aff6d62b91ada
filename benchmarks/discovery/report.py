"""Tables of what was measured: power, error, and what can't be expressed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.discovery.mapping import Gold, expressed
from benchmarks.discovery.measure import REAL
from benchmarks.discovery.metrics import (
    LEVEL,
    is_supported,
    is_supported_by_e,
    measure_clustered_share,
    measure_share,
)

Rule = Callable[[Sequence[float]], bool]
RULES: dict[str, Rule] = {"all implications hold (largest p)": is_supported, "mean e-value of 10": is_supported_by_e}
SHARES_HEAD = (
    "| hypotheses | rule | supported on the real table | supported on one permutation | on all permutations |\n"
    "|---|---|---|---|---|"
)


def write_report(golds: Sequence[Gold], measured: Mapping[str, Any]) -> str:
    found = [measured[gold.id] for gold in expressed(golds)]
    return "\n".join([*_list_shares(golds, measured), "", *_list_implications(found), "", *_list_reasons(golds)])


def _list_shares(golds: Sequence[Gold], measured: Mapping[str, Any]) -> Iterator[str]:
    yield SHARES_HEAD
    chosen = expressed(golds)
    groups = {
        "all": chosen,
        "real data sets": [gold for gold in chosen if gold.data.startswith("real")],
        "synthetic": [gold for gold in chosen if not gold.data.startswith("real")],
        "one implication": [gold for gold in chosen if len(gold.implications) == 1],
        "every direction stated": [gold for gold in chosen if not _has_either(gold)],
        "some direction not stated": [gold for gold in chosen if _has_either(gold)],
    }
    for name, group in groups.items():
        for rule, supports in RULES.items() if group else ():
            yield _make_row(f"{name} ({len(group)})", rule, supports, [measured[gold.id]["p"] for gold in group])


def _make_row(name: str, rule: str, supports: Rule, found: Sequence[Mapping[str, Sequence[float]]]) -> str:
    real = [supports(each[str(REAL)]) for each in found]
    copies = [[supports(ps) for copy, ps in each.items() if copy != str(REAL)] for each in found]
    first = measure_share([hits[0] for hits in copies])
    return f"| {name} | {rule} | {measure_share(real)} | {first} | {measure_clustered_share(copies)} |"


def _list_implications(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Single implications: how many hold, and whether the tools keep their level."""
    real = [p <= LEVEL for each in found for p in each["p"][str(REAL)]]
    copies = [[p <= LEVEL for copy, ps in each["p"].items() if copy != str(REAL) for p in ps] for each in found]
    untested = sum(len(each["untested"]) for each in found)
    yield "| implications | hold on the real table | on all permutations (mean over hypotheses) | no p |\n|---|---|---|---|"
    yield f"| {len(real)} | {measure_share(real)} | {measure_clustered_share(copies)} | {untested} |"


def _list_reasons(golds: Sequence[Gold]) -> Iterator[str]:
    yield "| not expressed because | gold hypotheses |\n|---|---|"
    for reason, count in Counter(gold.reason for gold in golds if gold.reason).most_common():
        yield f"| {reason} | {count} |"


def list_losses(golds: Sequence[Gold], measured: Mapping[str, Any]) -> Iterator[str]:
    """A line per hypothesis that the real table doesn't support, with the implications that failed."""
    for gold in expressed(golds):
        ps = measured[gold.id]["p"][str(REAL)]
        if not is_supported(ps):
            failed = [
                f"{each.entity} {each.direction} by {each.tool} (p {p:.2g})"
                for each, p in zip(gold.implications, ps, strict=True)
                if p > LEVEL
            ]
            yield f"{gold.id}: {'; '.join(failed)}"


def _has_either(gold: Gold) -> bool:
    return any(each.direction == "either" for each in gold.implications)
