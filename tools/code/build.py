"""From a plan to a version that runs: one program is written, executed, and then the next one asked for, if need be.

A model that is asked once, told what became of its answer and asked again spends a fraction of what several answers at
once cost, and the first program is there first. Each question differs from the one before: it tells the fault, corrects
the most promising program so far, or asks for the change anew at another temperature. The first good one wins. Every
try is recorded with its cause class. Judges no score.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from memory.keys import step_key
from pelagos.errors import BadReply, EditRefused, ModelTimeout
from pelagos.nouns import Build, Try
from tools.code.candidates import Candidate, Trials, note
from tools.code.causes import Cause
from tools.code.formats import Ways, ways
from tools.code.program import meaning
from tools.code.repairs import Asker, Question
from tools.code.steps import of_change
from tools.toolchain import Mind

DETAIL = 400
Kind = Literal["draft", "repair"]


def build(trials: Trials, opening: str) -> Build:
    """Raises RunFailed, CapReached, Interrupted and ModelUnavailable; bad replies and bad code are data."""
    mind = trials.context.model("coder")
    how = ways(mind.strong)
    steps = of_change(trials.plan, trials.hypothesis, trials.baseline, how.only_target)
    trials = replace(trials, plan=trials.plan.model_copy(update={"steps": steps}))
    asker = Asker(opening, trials.task, trials.hypothesis, trials.plan, trials.baseline, trials.known, how)
    return _Builder(trials, mind, how, asker).run()


@dataclass
class _Builder:
    trials: Trials
    mind: Mind
    ways: Ways
    asker: Asker
    tries: list[Try] = field(default_factory=list)
    programs: set[str] = field(default_factory=set)

    def run(self) -> Build:
        best = self._tried()
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

    def _tried(self) -> Candidate:
        """The best of the tries: up to the first good one, or until nothing more is to be hoped for.

        The first ones are drafts, each told the fault of the one before, then the best program is repaired. A try that
        brings nothing forward, or the same program again, is idle: after an idle repair the change is asked for anew.
        After `idle` of them in a row, and after `step_tries` for a step that is missing, it ends.
        """
        best, question, idle, steps_missed = Candidate(Cause("model", "never asked")), self.asker.draft(), 0, 0
        kind: Kind = "draft"
        for number in range(self.trials.context.tries):
            new = self._try(kind, question, number)
            idle = 0 if _forward(best, new) else idle + 1
            best = new if new.rank >= best.rank and not new.repeated else best
            steps_missed += best.cause.kind == "step_missing"
            if best.good or idle >= self.ways.idle or steps_missed > self.ways.step_tries:
                break
            anew = number + 1 < self.ways.drafts or (idle > 0 and kind == "repair")
            kind = "draft" if anew else "repair"
            question = self.asker.draft(best.cause) if anew else self._repair(best)
        return best

    def _repair(self, best: Candidate) -> Question:
        return self.asker.repair(best.program, best.cause, best.error)

    def _try(self, kind: Kind, question: Question, number: int) -> Candidate:
        """Ask, apply the reply, execute the program; record what became of it."""
        try:
            reply = self.mind.ask(
                question.messages,
                sample=number,
                max_tokens=question.tokens,
                temperature=self.ways.temperatures[number % len(self.ways.temperatures)],
                stop=question.stop,
            )
        except (BadReply, ModelTimeout) as error:
            candidate = Candidate(Cause("model", str(error)[:DETAIL]))
        else:
            candidate = self._candidate(reply, question)
        self._record(kind, candidate, candidate.cause.detail)
        return candidate

    def _record(self, kind: Kind, candidate: Candidate, said: str) -> None:
        detail = " | ".join(part for part in (said, note(candidate.checked)) if part)[:DETAIL]
        version = candidate.version.id if candidate.version is not None else None
        cause = candidate.cause.kind or "ok"
        self.tries.append(Try(index=len(self.tries), kind=kind, cause=cause, detail=detail, version=version))
        title = self.trials.hypothesis.title[:60]
        self.trials.context.say(f"{title}: {kind} {len(self.tries)}: {candidate.cause.line or 'runs'}")

    def _candidate(self, reply: str, question: Question) -> Candidate:
        """A program that was tried already isn't executed again."""
        try:
            program = question.apply(reply)
        except EditRefused as refused:
            return Candidate(Cause(refused.cause, str(refused)))
        if not program.differs(self.trials.baseline):
            return Candidate(Cause("no_change", "this is the unchanged program"))
        same = "\n".join(meaning(text) for text in program.files.values())
        if same in self.programs:
            return Candidate(Cause("no_change", "this program was tried already"), repeated=True)
        self.programs.add(same)
        return self.trials.attempt(program)

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


def _forward(best: Candidate, new: Candidate) -> bool:
    """Whether a try came further than the best one, or to another fault."""
    if new.repeated or new.cause.kind == "model":
        return False
    return new.rank > best.rank or (new.rank == best.rank and new.cause.line != best.cause.line)
