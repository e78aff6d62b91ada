"""A run on digits supported an averaging of weights that trained a quarter longer and averaged nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.nodes.judge import judge
from agents.run import Run
from agents.sealed.trial import try_claim
from pelagos.nouns import Claim, Signature, VerdictKind, Version
from tests.agents.nodes.laboratory import Laboratory, Numbers, carry_out, make_lane, open_run


class Measuring(Laboratory):
    """Tells how long a version trains and how large it is; the baseline that trains as long is `as_long` better."""

    def signature(self, task: Numbers, version: Version, context: Run) -> Signature:
        program = json.loads(context.artifacts.text(version.content))
        amounts = {"optimizer steps": 100 * program.get("trains", 1.0), "parameters": 50 * program.get("large", 1.0)}
        signature = Signature(id=version.id, amounts=amounts, names={"layers": ["Linear"]})
        context.record(signature)
        return signature

    def matched(
        self, task: Numbers, version: Version, baseline: Signature, signature: Signature, context: Run
    ) -> Version | None:
        program = json.loads(context.artifacts.text(version.content))
        if "as_long" not in program:
            return None
        longer = {"better": program["as_long"], "trains": program["trains"]}
        matched_version = self.version(f"matched-{version.id}", longer, context, version.hypothesis)
        context.record(matched_version)
        return matched_version


def tried(tmp_path: Path, said: str = "Average the weights.", **what: Any) -> tuple[bool | None, Run]:
    run = open_run(tmp_path)
    run.toolchain = Measuring()  # type: ignore[assignment]
    carry_out(run, "h1", {"better": 0.1, **what}, range(8), statement=said)
    judge(make_lane("h1"), run)
    return try_claim("h1", run), run


def test_a_gain_that_the_baseline_shares_when_it_trains_as_long_is_not_supported(tmp_path: Path) -> None:
    held, run = tried(tmp_path, trains=1.25, as_long=0.1)
    verdict = run.verdicts()["h1"]
    assert (held, run.nouns(Claim)) == (None, [])
    assert verdict.kind is VerdictKind.EQUIVALENT
    assert verdict.gain == pytest.approx(0.0, abs=0.01)
    assert verdict.reason.startswith(
        "it trains 1.25 times as long as the baseline (optimizer steps 100 -> 125): compared"
    )
    assert not (tmp_path / ".pelagos" / "seal.db").exists()


def test_what_is_better_than_that_baseline_is_supported_against_it_and_says_what_it_brings(tmp_path: Path) -> None:
    held, run = tried(tmp_path, trains=1.25, as_long=0.02)
    (claim,) = run.nouns(Claim)
    assert (held, claim.held, claim.against) == (True, True, "matched-v-h1")
    assert claim.gain == pytest.approx(0.08, abs=0.02)
    assert claim.carried == ["it trains 1.25 times as long as the baseline (optimizer steps 100 -> 125)"]
    assert claim.carried[0] in run.verdicts()["h1"].reason


@pytest.mark.parametrize(
    ("said", "what", "carried"),
    [
        ("Train for a quarter more epochs.", {"trains": 1.25, "as_long": 0.1}, 0),
        ("Average the weights.", {"trains": 1.25}, 1),
        ("Average the weights.", {"large": 2.0}, 1),
        ("Average the weights.", {}, 0),
    ],
)
def test_else_it_is_compared_with_the_baseline(tmp_path: Path, said: str, what: Any, carried: int) -> None:
    """It says so itself, no baseline can be made that trains as long, it is only larger, or it does nothing else."""
    held, run = tried(tmp_path, said, **what)
    (claim,) = run.nouns(Claim)
    assert (held, claim.against, len(claim.carried)) == (True, "base", carried)
