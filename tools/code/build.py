"""From a plan to a version that runs: drafts in parallel, each executed; then rounds of traceback-guided repairs.

A round puts one question; a small model answers it several times, since execution tells a good answer from a bad one.
Answers are tried in their order, so that a resumed run takes the same one; the first good one wins. Every try is
recorded with its cause class. Judges no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal

from memory.keys import step_key
from pelagos.errors import EditRefused, ModelError
from pelagos.nouns import Build, Try
from tools.code.candidates import Candidate, Trials, note
from tools.code.causes import Cause
from tools.code.formats import Ways, ways
from tools.code.repairs import Asker, Question
from tools.code.steps import of_change
from tools.toolchain import Mind

REPAIR_SAMPLES = 1000  # repairs are sampled from here on, so that no two tries share a sample index
DETAIL = 400
IDLE_ROUNDS = 2


def build(trials: Trials) -> Build:
    """Raises SandboxError, CapReached and Interrupted; failures of the model and of its code are data."""
    mind = trials.context.model("coder")
    how = ways(mind.strong)
    steps = of_change(trials.plan, trials.hypothesis, trials.baseline, how.only_target)
    trials = replace(trials, plan=trials.plan.model_copy(update={"steps": steps}))
    asker = Asker(trials.task, trials.hypothesis, trials.plan, trials.baseline, trials.known, how)
    return _Builder(trials, mind, how, asker).run()


@dataclass
class _Builder:
    trials: Trials
    mind: Mind
    ways: Ways
    asker: Asker
    tries: list[Try] = field(default_factory=list)

    def run(self) -> Build:
        count = max(1, min(self.trials.context.drafts, self.ways.most_drafts))
        drafts = self._answers("draft", self.asker.draft(), range(count))
        best = max(drafts, key=lambda candidate: candidate.rank)  # the first of equals
        best = best if best.good else self._repairs(best)
        if not best.good:
            best = self._doubt(best)
        plan, hypothesis = self.trials.plan.id, self.trials.hypothesis.id
        return Build(
            id=step_key(kind="build", plan=plan, hypothesis=hypothesis),
            hypothesis=hypothesis,
            plan=plan,
            version=best.version.id if best.version is not None else None,
            cause=best.cause.kind,
            tries=self.tries,
            checks=[one.holds for one in best.checked if one.valid],
        )

    def _answers(self, kind: Literal["draft", "repair"], question: Question, samples: Sequence[int]) -> list[Candidate]:
        """Asked in parallel, tried in order up to the first good one; the same answer again is no try."""
        with ThreadPoolExecutor(len(samples)) as pool:
            replies = list(pool.map(lambda sample: self._ask(question, sample), samples))
        found = list[Candidate]()
        for reply in dict.fromkeys(replies):
            found.append(self._try(kind, reply, question))
            if found[-1].good:
                break
        return found

    def _ask(self, question: Question, sample: int) -> str | Cause:
        """The reply, or why there is none."""
        temperature = self.ways.temperatures[sample % len(self.ways.temperatures)]
        try:
            return self.mind.ask(question.messages, sample=sample, max_tokens=question.tokens, temperature=temperature)
        except ModelError as error:
            return Cause("model", str(error)[:DETAIL])

    def _try(self, kind: Literal["draft", "repair"], reply: str | Cause, question: Question) -> Candidate:
        """Apply the reply, execute the program; record what became of it."""
        candidate = Candidate(reply) if isinstance(reply, Cause) else self._candidate(reply, question)
        self._record(kind, candidate, candidate.cause.detail)
        return candidate

    def _record(self, kind: Literal["draft", "repair"], candidate: Candidate, said: str) -> None:
        detail = " | ".join(part for part in (said, note(candidate.checked)) if part)[:DETAIL]
        version = candidate.version.id if candidate.version is not None else None
        cause = candidate.cause.kind or "ok"
        self.tries.append(Try(index=len(self.tries), kind=kind, cause=cause, detail=detail, version=version))
        title = self.trials.hypothesis.title[:60]
        self.trials.context.say(f"{title}: {kind} {len(self.tries)}: {candidate.cause.line or 'runs'}")

    def _candidate(self, reply: str, question: Question) -> Candidate:
        try:
            program = question.apply(reply)
        except EditRefused as refused:
            return Candidate(Cause(refused.cause, str(refused)))
        if not program.differs(self.trials.baseline):
            return Candidate(Cause("no_change", "this is the unchanged program"))
        return self.trials.attempt(program)

    def _repairs(self, best: Candidate) -> Candidate:
        """At most `debug_tries` rounds of corrections of the most promising candidate. After one that left it where it
        was, the change is asked for anew, with the fault told; after a second in a row there is no more to hope for."""
        steps_left, width, idle = self.ways.step_tries, self.ways.repair_samples, 0
        for number in range(self.trials.context.debug_tries):
            if best.good or idle == IDLE_ROUNDS or (best.cause.kind == "step_missing" and steps_left == 0):
                break
            steps_left -= best.cause.kind == "step_missing"
            question = self.asker.draft(best.cause) if idle else self.asker.repair(best.program, best.cause, best.error)
            first = REPAIR_SAMPLES + number * width
            new = max(self._answers("repair", question, range(first, first + width)), key=lambda one: one.rank)
            idle = idle + 1 if new.rank < best.rank or new.cause == best.cause else 0
            best = new if new.rank >= best.rank else best
        return best

    def _doubt(self, best: Candidate) -> Candidate:
        """Checks aren't tested either. A program that runs and does something is kept where at least half of its steps
        are there, counting a failed check of the planner as passed where the check from the step's own words holds."""
        if best.cause.kind != "step_missing" or best.program is None:
            return best
        valid = [one for one in best.checked if one.valid]
        if 2 * sum(one.holds or one.spare for one in valid) < len(valid):
            return best
        settled = self.trials.settle(best.program, best.checked)
        self._record("repair", settled, settled.cause.detail or "kept in doubt")
        return settled
