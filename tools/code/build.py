"""From a plan to a version that runs: drafts in parallel, each executed; then traceback-guided repairs, bounded.

Drafts are tried in their order, so that a resumed run takes the same one; the first good one wins. Every try is
recorded with its cause class. Judges no score.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from memory.keys import step_key
from pelagos.errors import EditRefused, ModelError
from pelagos.nouns import Build, Try
from tools.code.candidates import Candidate, Trials, note
from tools.code.causes import Cause
from tools.code.formats import Ways, ways
from tools.code.repairs import Asker, Question
from tools.toolchain import Mind

REPAIR_SAMPLES = 1000  # repairs are sampled from here on, so that no two tries share a sample index
DETAIL = 400
Answer = Callable[[], str]


def build(trials: Trials) -> Build:
    """Raises SandboxError, CapReached and Interrupted; failures of the model and of its code are data."""
    mind = trials.context.model("coder")
    how, known = ways(mind.strong), trials.known.functions
    asker = Asker(trials.task, trials.hypothesis, trials.plan, trials.baseline, known, how)
    return _Builder(trials, mind, how, asker).run()


@dataclass
class _Builder:
    trials: Trials
    mind: Mind
    ways: Ways
    asker: Asker
    tries: list[Try] = field(default_factory=list)

    def run(self) -> Build:
        best = max(self._drafts(), key=lambda candidate: candidate.rank)  # the first of equals
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

    def _drafts(self) -> list[Candidate]:
        count = max(1, min(self.trials.context.drafts, self.ways.most_drafts))
        question, found = self.asker.draft(), list[Candidate]()
        with ThreadPoolExecutor(count) as pool:
            asked = [pool.submit(self._ask, question, sample) for sample in range(count)]
            for reply in asked:
                found.append(self._try("draft", reply.result, question))
                if found[-1].good:
                    break
        return found

    def _ask(self, question: Question, sample: int) -> str:
        temperature = self.ways.temperatures[sample % len(self.ways.temperatures)]
        return self.mind.ask(question.messages, sample=sample, max_tokens=question.tokens, temperature=temperature)

    def _try(self, kind: Literal["draft", "repair"], answer: Answer, question: Question) -> Candidate:
        """Get the reply, apply it, execute the program; record what became of it."""
        candidate = self._candidate(answer, question)
        self._record(kind, candidate, candidate.cause.detail)
        return candidate

    def _record(self, kind: Literal["draft", "repair"], candidate: Candidate, said: str) -> None:
        detail = " | ".join(part for part in (said, note(candidate.checked)) if part)[:DETAIL]
        version = candidate.version.id if candidate.version is not None else None
        cause = candidate.cause.kind or "ok"
        self.tries.append(Try(index=len(self.tries), kind=kind, cause=cause, detail=detail, version=version))
        title = self.trials.hypothesis.title[:60]
        self.trials.context.say(f"{title}: {kind} {len(self.tries)}: {candidate.cause.line or 'runs'}")

    def _candidate(self, answer: Answer, question: Question) -> Candidate:
        try:
            program = question.apply(answer())
        except EditRefused as refused:
            return Candidate(Cause(refused.cause, str(refused)))
        except ModelError as error:
            return Candidate(Cause("model", str(error)[:DETAIL]))
        if not program.differs(self.trials.baseline):
            return Candidate(Cause("no_change", "this is the unchanged program"))
        return self.trials.attempt(program)

    def _repairs(self, best: Candidate) -> Candidate:
        """At most `debug_tries` corrections of the most promising candidate."""
        steps_left = self.ways.step_tries
        for number in range(self.trials.context.debug_tries):
            if best.cause.kind == "step_missing":
                if steps_left == 0:
                    break
                steps_left -= 1
            question = self.asker.repair(best.program, best.cause, best.error)
            new = self._try("repair", partial(self._ask, question, REPAIR_SAMPLES + number), question)
            if new.rank >= best.rank:
                best = new
            if best.good:
                break
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
