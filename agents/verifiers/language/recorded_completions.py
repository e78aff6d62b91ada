"""Records completions in a ledger: one that is in it is never sent again, and its tokens count in the budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agents.current_hypothesis import current_hypothesis
from agents.verifiers.language.completions import Completion, Completions
from memory.ledger.keys import step_key
from memory.steps.steps import Steps
from pelagos.facts.calls import Completed
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent

ROLE = "verifier"
CHARS_PER_TOKEN = 4


class RecordedCompletions:
    """`keep` reduces a completion to what is read of it: the log-probabilities of all its tokens would fill the ledger.
    The server is one's own: tokens cost no money."""

    def __init__(
        self, completions: Completions, get_steps: Callable[[], Steps], keep: Callable[[Completion], Completion]
    ) -> None:
        self._completions, self._get_steps, self._keep = completions, get_steps, keep

    @property
    def model(self) -> str:
        return self._completions.model

    def complete(self, prompt: str, *, stop: Sequence[str], max_tokens: int, seed: int) -> Completion:
        """Raises what the completions raise, and CapReached."""
        request = step_key(prompt=prompt, stop=list(stop), max_tokens=max_tokens, seed=seed)

        def action() -> tuple[Completed, Cost]:
            made = self._keep(self._completions.complete(prompt, stop=stop, max_tokens=max_tokens, seed=seed))
            fields = {**made._asdict(), "likely": [dict(each) for each in made.likely], "tokens": list(made.tokens)}
            return Completed(role=ROLE, spec=self.model, request=request, **fields), Cost(made.read + made.written)

        found = self._get_steps().made(
            Completed,
            step_key(spec=self.model, request=request),
            Intent(role=ROLE, spec=self.model, hypothesis=current_hypothesis(), request=request, sample=seed),
            Cost(len(prompt) // CHARS_PER_TOKEN + max_tokens),
            action,
        )
        return Completion(found.text, found.tokens, found.likely, found.read, found.written)
