"""Facts that keep results honest: smoke runs, executed checks, matched baselines, looks at sealed data."""

from __future__ import annotations

from pelagos.facts.fact import Fact


class Pin(Fact):
    """Hashes of a split's labels and evaluator, and of its inputs; under the key "baseline" that of the program."""

    KIND = "evaluator"
    digest: str = ""
    inputs: str | None = None


class Smoke(Fact):
    """A smoke run of `content`; predictions, report and log are artifacts."""

    KIND = "smoke"
    content: str = ""
    outcome: str = ""
    cause: str = ""
    detail: str = ""
    predictions: str = ""
    report: str = ""
    log: str = ""
    seconds: float = 0.0
    isolation: str = ""


class StepCheck(Fact):
    """A program by which a verifier checked one step; `program` is an artifact with it and the checks before it."""

    KIND = "verifier.check"
    program: str = ""
    outcome: str = ""
    output: str = ""
    seconds: float = 0.0
    isolation: str = ""


class Match(Fact):
    """The baseline that trains as long as the version `of`; `version` is None if there is none."""

    KIND = "matched"
    version: str | None = None
    of: str = ""
    amount: str = ""
    constant: str = ""


class Tested(Fact):
    """The level that was reserved for one test on sealed data, the `alpha` of these data, and what is `left` of it."""

    KIND = "test"
    data: str = ""
    run: str = ""
    version: str = ""
    level: float = 0.0
    left: float = 0.0
    alpha: float = 0.0


class Settled(Fact):
    """How that test ended."""

    KIND = "settled"
    data: str = ""
    run: str = ""
    version: str = ""
    held: bool = False


class Touch(Fact):
    """Looks at sealed data, one for each seed; an earlier version wrote a row for each."""

    KIND = "touch"
    data: str = ""
    run: str = ""
    version: str = ""
    seeds: list[int] = [0]
    why: str = ""
