"""Part (c): strategies by policy, verifier and difficulty at counted tokens, and the selector against a fixed strategy."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from agents.verifiers.aggregate import AGGREGATES
from agents.verifiers.search.account import Account
from agents.verifiers.search.difficulty import PROBES, Difficulty, bucket, predict_difficulty
from agents.verifiers.search.drive import run_searches
from agents.verifiers.search.independent import BestOfN, Majority
from agents.verifiers.search.policy import Candidate, Strategy
from agents.verifiers.search.selector import Arm, SearchRecord, Selector
from agents.verifiers.search.trees import Beam, Dvts
from benchmarks.chain.bench import Bench, aggregate_of
from benchmarks.chain.domains.domain import answer, solve
from benchmarks.chain.metrics import SELECTIONS, bootstrap, subtract
from benchmarks.chain.models.rollouts import make_problems
from benchmarks.chain.results import Results
from benchmarks.chain.search_policy import LmPolicy
from benchmarks.chain.verifying.reading import MemoVerifier

POLICIES = ("s", "m")
VERIFIERS = ("mc", "mc-weak", "implicit-0.5")


def run_searching(bench: Bench, results: Results) -> None:
    domain = bench.domain
    problems = make_problems(domain, bench.settings.search_problems, "search", domain.lengths)
    verifiers = {name: bench.make_verifier(name) for name in VERIFIERS}
    for size in POLICIES:
        policy = LmPolicy(size, bench.train_policy(size), domain)
        for n in bench.settings.majority_n:
            _search(bench, results, problems, policy, None, Majority(n))
        for name, verifier in verifiers.items():
            for strategy in _strategies(bench.settings.search_n, aggregate_of(name)):
                _search(bench, results, problems, policy, verifier, strategy)
    for size in POLICIES:
        for name in VERIFIERS:
            compare_cells(bench, results, size, name)
            compare_selector(bench, results, size, name, problems)


def _strategies(budgets: Sequence[int], aggregate: str) -> Iterator[Strategy]:
    """A beam of 4 is a tree of DVTS: it is searched once."""
    for n in budgets:
        yield BestOfN(n)
        yield Beam(n, aggregate=aggregate)
        if n > 4:
            yield Dvts(n, aggregate=aggregate)


def _search(
    bench: Bench,
    results: Results,
    problems: Sequence[str],
    policy: LmPolicy,
    verifier: MemoVerifier | None,
    strategy: Strategy,
) -> None:
    key = _key(bench, policy.name, verifier.name if verifier else "", strategy.name, strategy.n)
    if results.has(key):
        return
    policy.begin()
    asked = verifier or bench.make_verifier("rule")  # majority asks none
    asked.begin()
    account = Account()
    found = run_searches(problems, strategy, policy, asked, account)
    truths = [answer(bench.domain, solve(bench.domain, problem)) for problem in problems]
    picked = _pick(policy, found, truths, aggregate_of(verifier.name) if verifier else None)
    per_problem = {"policy": account.policy.tokens / len(problems), "verifier": account.verifier.tokens / len(problems)}
    extra = (
        {}
        if verifier
        else {"answers": [[policy.answer(one.solution) for one in row] for row in found], "truths": truths}
    )
    results.add(key, right=picked, tokens=sum(per_problem.values()), **per_problem, flops=account.usage.flops, **extra)


def _pick(
    policy: LmPolicy, found: Sequence[Sequence[Candidate]], truths: Sequence[Hashable], aggregate: str | None
) -> dict[str, list[float]]:
    """Selection -> per problem 1 if the selected answer is right. A problem without a candidate is wrong."""
    picked: dict[str, list[float]] = {}
    for selection in ("max", "vote") if aggregate else ("majority",):
        picked[selection] = []
        for row, truth in zip(found, truths, strict=True):
            answers = [policy.answer(one.solution) for one in row]
            weights = [AGGREGATES[aggregate](one.scores.scores) if aggregate else 1.0 for one in row]
            picked[selection].append(float(bool(row) and SELECTIONS[selection](answers, weights) == truth))
    return picked


def compare_cells(bench: Bench, results: Results, size: str, verifier: str) -> None:
    """By true difficulty: accuracy of each strategy at the largest N by vote, and its gain over best-of-N and over the
    majority whose tokens are nearest."""
    n = max(bench.settings.search_n)
    lines = {
        arm: _line(bench, results, size, verifier, arm, n)
        for arm in ("best-of-n", "beam", *(["dvts"] if n > 4 else []))
    }
    majorities = [_line(bench, results, size, "", "majority", count) for count in bench.settings.majority_n]
    buckets = true_buckets(majorities[-1])
    for level in ("easy", "medium", "hard", "all"):
        rows = [place for place, one in enumerate(buckets) if level in (one, "all")]
        if not rows:
            continue
        base = [lines["best-of-n"]["right"]["vote"][row] for row in rows]
        for arm, line in lines.items():
            floor = min(majorities, key=lambda one: abs(one["tokens"] - line["tokens"]))
            key = f"{bench.domain.name}/c/cell/{size}/{verifier}/{level}/{arm}"
            ours = [line["right"]["vote"][row] for row in rows]
            most = [floor["right"]["majority"][row] for row in rows]
            results.once(key, _describe_cell, ours, base, most, (line["tokens"], floor["tokens"]))


def _describe_cell(
    ours: Sequence[float], best_of_n: Sequence[float], majority: Sequence[float], tokens: tuple[float, float]
) -> dict[str, Any]:
    return {
        "vote": list(bootstrap(ours)),
        "over_best_of_n": list(bootstrap(subtract(ours, best_of_n))),
        "over_majority": list(bootstrap(subtract(ours, majority))),
        "tokens": tokens[0],
        "majority_tokens": tokens[1],
        "problems": len(ours),
    }


def compare_selector(bench: Bench, results: Results, size: str, verifier: str, problems: Sequence[str]) -> None:
    """Fit on problems with even numbers, compare on the others at the tokens of each majority and a quarter above the
    largest."""
    majorities = [_line(bench, results, size, "", "majority", n) for n in bench.settings.majority_n]
    records = list(_records(bench, results, size, verifier, problems))
    even, odd = (set(problems[start::2]) for start in (0, 1))
    fixed = [record for record in records if record.problem in even]
    selector = Selector.fit(_with_probes(fixed, majorities[0]["tokens"]))
    for budget in sorted({round(line["tokens"]) for line in majorities} | {round(1.25 * majorities[-1]["tokens"])}):
        key = f"{bench.domain.name}/c/selector/{size}/{verifier}/{budget}"
        if not results.has(key):
            best = _best_fixed(fixed, budget)
            gains, chosen = _held_out_gains(records, odd, selector, best, budget, (size, verifier))
            results.add(
                key,
                best_fixed="/".join(map(str, best)),
                gain=list(bootstrap(gains)),
                chosen=chosen,
                problems=len(gains),
            )


def _held_out_gains(
    records: Sequence[SearchRecord],
    held_out: set[str],
    selector: Selector,
    best: Arm,
    budget: int,
    key: tuple[str, str],
) -> tuple[list[float], dict[Difficulty, str]]:
    """Per held-out problem the selector's result less that of the best fixed strategy; what it chose by difficulty."""
    right = {(record.problem, _arm(record)): float(record.right) for record in records}
    gains: list[float] = []
    chosen: dict[Difficulty, str] = {}
    for problem, difficulty in {record.problem: record.difficulty for record in records}.items():
        if problem in held_out:
            arm = selector.choose(*key, difficulty, budget).arm
            chosen[difficulty] = "/".join(map(str, arm))
            gains.append(right[problem, arm] - right[problem, best])
    return gains, chosen


def _best_fixed(records: Sequence[SearchRecord], budget: float) -> Arm:
    """The arm with the best accuracy on these records among those whose tokens fit."""
    arms: dict[Arm, list[SearchRecord]] = {}
    for record in records:
        arms.setdefault(_arm(record), []).append(record)
    fitting = {arm: fmean(one.right for one in of_arm) for arm, of_arm in arms.items() if of_arm[0].tokens <= budget}
    return max(fitting, key=lambda arm: fitting[arm])


def _with_probes(records: Sequence[SearchRecord], probes: float) -> list[SearchRecord]:
    """Probes are samples: best-of-N and majority use them, trees pay for them."""
    return [
        record.model_copy(update={"tokens": round(record.tokens + probes)})
        if record.strategy in ("beam", "dvts")
        else record
        for record in records
        if record.strategy != "first"
    ]


def _records(
    bench: Bench, results: Results, size: str, verifier: str, problems: Sequence[str]
) -> Iterator[SearchRecord]:
    """Of each arm and problem; the first sample alone is the arm that the selector falls back to."""
    majority = _line(bench, results, size, "", "majority", bench.settings.majority_n[-1])
    probes = [predict_difficulty(row[:PROBES]) for row in majority["answers"]]
    first = [float(row[0] == truth) for row, truth in zip(majority["answers"], majority["truths"], strict=True)]
    least = _line(bench, results, size, "", "majority", bench.settings.majority_n[0])["tokens"]
    arms: dict[Arm, tuple[Sequence[float], float]] = {
        Arm("first", 1, "first"): (first, least / bench.settings.majority_n[0])
    }
    for line in results.under(bench.domain.name, "c", "search", size):
        of_verifier, strategy, n = line["key"].split("/")[4:]
        if of_verifier in ("", verifier):
            arms |= {
                Arm(strategy, int(n), selection): (right, line["tokens"]) for selection, right in line["right"].items()
            }
    for arm, (right, tokens) in arms.items():
        for problem, difficulty, one in zip(problems, probes, right, strict=True):
            yield SearchRecord(
                policy=size, verifier="" if arm.strategy in ("majority", "first") else verifier, problem=problem,
                difficulty=difficulty, strategy=arm.strategy, n=arm.n, selection=arm.selection, right=bool(one),
                tokens=round(tokens),
            )  # fmt: skip


def true_buckets(majority: Mapping[str, Any]) -> list[str]:
    """By the share of right answers among the samples of the largest majority."""
    rows = zip(majority["answers"], majority["truths"], strict=True)
    return [bucket(fmean(one == truth for one in row)) for row, truth in rows]


def _arm(record: SearchRecord) -> Arm:
    return Arm(record.strategy, record.n, record.selection)


def _key(bench: Bench, size: str, verifier: str, strategy: str, n: int) -> str:
    return f"{bench.domain.name}/c/search/{size}/{verifier}/{strategy}/{n}"


def _line(bench: Bench, results: Results, size: str, verifier: str, strategy: str, n: int) -> dict[str, Any]:
    key = _key(bench, size, verifier, strategy, n)
    return next(line for line in results.lines if line["key"] == key)
