"""The evaluator of the verifiers' code does arithmetic and refuses all else; rationales by hand."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.verifiers.protocol import Solution
from benchmarks.chain.domains.chain import Chain
from benchmarks.chain.domains.domain import solve
from benchmarks.chain.models.text import encode
from benchmarks.chain.models.training import make_lm
from benchmarks.chain.verifying.evaluator import evaluate
from benchmarks.chain.verifying.generative import STYLES, GenerativeVerifier, execute, write_rationale


@pytest.mark.parametrize(("code", "value"), [("7*8%10", 6), ("3-5", -2), ("1+2*3", 7), ("12", 12), ("(4-9)%10", 5)])
def test_arithmetic(code: str, value: int) -> None:
    assert evaluate(code) == value


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os')", "a+1", "[1]", "1 if 1 else 2", "9**9**9", "1<<99", "f(1)", "1.5+1", "True+1", "'a'*9", "-1",
        "1//0", "1%0", "", "1+", "1;2", "x:=1", "1" * 21, "(" * 9, "\0",
    ],
)  # fmt: skip
def test_anything_else_is_refused(code: str) -> None:
    assert evaluate(code) is None


def test_rationales_by_hand() -> None:
    wrong = Solution("7,*8:", ("5;",))
    assert write_rationale(Chain(), wrong, "direct") == "?N"
    assert write_rationale(Chain(), wrong, "rationale") == "?7*8=6N"
    assert write_rationale(Chain(), wrong, "code") == "?7*8=6{7*8%10}[6]N"
    assert write_rationale(Chain(), Solution("7,*8:", ("6;",)), "direct") == "?Y"


@pytest.mark.parametrize(
    ("written", "output"),
    [
        ("?7*8=6{7*8%10}", "[6]"),
        ("?7-8=9{7-8%10}", "[9]"),
        ("?7+8=5{7+8%10}", "[5]"),
        ("?{7++%10}", "[x]"),
        ("?7*8=6{}", "[x]"),
        ("?{9Y%10}", "[x]"),
    ],
)
def test_output_of_code(written: str, output: str) -> None:
    assert execute(written) == output
    assert encode(output)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_code_of_a_rationale_gives_its_output(seed: int) -> None:
    random = Random(seed)
    problem = Chain().make_problem(1, random)
    text = write_rationale(Chain(), solve(Chain(), problem), "code")
    code, output = text[: text.index("[")], text[text.index("[") : -1]
    assert execute(code) == output


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_each_step_has_its_votes(style) -> None:  # type: ignore[no-untyped-def]
    solutions = [Solution("7,*8,+1:", ("6;", "7;")), Solution("7,*8,+1:", ("6;", "2;"))]
    first, second = GenerativeVerifier(style, make_lm("s", 0), votes=3).score(solutions)
    assert [len(first.scores), len(first.votes), len(first.votes[0])] == [2, 3, 2]
    assert first.scores[0] == second.scores[0] == pytest.approx(sum(vote[0] for vote in first.votes) / 3)
    assert first.usage.checks == (6 if style.executed else 0)
