"""The checks of verifiers, sandboxes and sources pass sound ones and name what is wrong with others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.testing import ScriptedModel, check_sandbox, check_source, check_verifier, make_parts
from agents.verifiers.off import Off
from agents.verifiers.protocol import Solution, StepScores
from agents.verifiers.registry import open_verifier
from pelagos.nouns import OutcomeKind, Paper
from sandbox.protocol import Outcome, Sandbox, Spec
from tools.literature.corpus import Corpus


class Patient:
    name = "patient"

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        return [StepScores([0.5] * len(solution.steps)) for solution in solutions]


@pytest.mark.parametrize("spec", ["off", "direct", "prefix", "genprm:checks=off"])
def test_shipped_verifiers_pass(spec: str, tmp_path: Path) -> None:
    model = ScriptedModel(lambda request: "Verification: is the step right? Yes")
    assert check_verifier(open_verifier(spec, make_parts(tmp_path, model))) == []


@pytest.mark.parametrize(
    ("members", "line"),
    [
        ({}, ""),
        ({"name": None}, "name is None; write `name: str`"),
        (
            {"score": lambda self, solutions: [StepScores([2.0] * len(each.steps)) for each in solutions]},
            "no probability",
        ),
        ({"score": lambda self, solutions: [StepScores([0.5]) for _ in solutions]}, "1 scores for 2 steps"),
        ({"score": lambda self, solutions: solutions[0]}, "score([]) raises IndexError"),
        ({"score": lambda self: []}, "score can't be called as the protocol's is"),
        ({"with_votes": lambda self, votes: self}, "Voting: lacks votes"),
    ],
)
def test_a_verifier_with_a_fault_is_told(members: dict[str, Any], line: str) -> None:
    found = check_verifier(type("Changed", (Patient,), members)())
    assert bool(found) == bool(line)
    assert line in "\n".join(found)


def test_the_working_sandbox_passes(jail: Sandbox) -> None:
    assert check_sandbox(jail) == []


class Deaf:
    """Runs nothing and says that all went well."""

    name = "deaf"

    def run(self, spec: Spec, on_line: Any = None) -> Outcome:
        return Outcome(OutcomeKind.OK)


def test_a_sandbox_that_runs_nothing_is_told() -> None:
    lines = check_sandbox(Deaf())
    assert "the outcome is ok (); it should be error" in lines
    assert any(line.startswith("the canary finds lacking: python, filesystem, network") for line in lines)
    assert any("on_line isn't called" in line for line in lines)
    [line] = check_sandbox(Off())
    assert line.startswith("lacks run; write `def run(self, spec: Spec,")


class Library:
    name, dropped = "library", 0

    def search(self, query: str, limit: int) -> list[Paper]:
        return [Paper(id="library:1", title="Squares", abstract="Of columns.", source=self.name)] if query else []

    def fetch(self, paper: Paper) -> Paper:
        return paper


@pytest.mark.parametrize(
    ("members", "line"),
    [
        ({}, ""),
        ({"dropped": None}, "dropped is None; write `dropped: int`: The number of records"),
        ({"search": lambda self, query, limit: []}, "finds nothing; name a query with results"),
        ({"search": lambda self, query, limit: ["Squares"]}, "search gives str; give pelagos.nouns.Paper"),
        ({"name": "other"}, ""),
        ({"fetch": lambda self, paper: Paper(id="2", title="", abstract="")}, "fetch gives another paper"),
        (
            {"search": lambda self, query, limit: [Paper(id="1", title="Squares", abstract="")]},
            "search gives a paper of source ''; write source='library'",
        ),
    ],
)
def test_a_source_is_checked(members: dict[str, Any], line: str) -> None:
    found = check_source(type("Changed", (Library,), members)(), "squares")
    assert bool(found) == bool(line)
    assert line in "\n".join(found)


def test_the_corpus_passes() -> None:
    papers = [Paper(id="1", title="Squares of columns", abstract="They help.", source="corpus")]
    assert check_source(Corpus(papers), "squares") == []
