"""A completion that was recorded is not sent again; its tokens count in the budget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agents.verifiers.language.genprm_checkpoint import GenPrmCheckpoint, keep_verdict
from agents.verifiers.language.recorded_completions import RecordedCompletions
from agents.verifiers.protocol import Solution, StepScores
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import CapReached
from pelagos.settings import Caps
from tests.agents.verifiers.language.test_genprm_checkpoint import ANALYSIS, Scripted, judged


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(tmp_path / "ledger.db")) as opened:
        yield opened


def score(server: Scripted, steps: Steps) -> StepScores:
    completions = RecordedCompletions(server, lambda: steps, keep_verdict)
    (result,) = GenPrmCheckpoint(completions, None, parallel=1).score([Solution("P", ("a", "b"))])
    return result


def test_scores_of_recorded_completions_are_the_same_without_the_server(ledger: Ledger) -> None:
    steps = Steps(ledger, Budget(Caps(), ledger))
    first = score(Scripted(ANALYSIS, judged("Yes", 0.3), ANALYSIS, judged("No", 0.2)), steps)
    again = score(Scripted(), Steps(ledger, Budget(Caps(), ledger)))
    assert again._replace(usage=first.usage) == first
    assert (again.usage.read, again.usage.written) == (first.usage.read, first.usage.written) == (300, 30)
    assert steps.budget.summary().tokens.spent == 330
    assert max(len(str(event.payload)) for event in ledger.events("completion")) < 1_000


def test_a_cap_on_tokens_holds_for_them(ledger: Ledger) -> None:
    with pytest.raises(CapReached):
        score(Scripted(), Steps(ledger, Budget(Caps(tokens=100), ledger)))
