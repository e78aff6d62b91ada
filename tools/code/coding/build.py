"""Builds a version from a plan: asks a model for one program at a time, executes it, and asks again if it fails.

Sequential requests with feedback cost a fraction of several samples at once, and the first program is available
earlier. Each question differs from the previous one: it reports the fault, repairs the most promising program so far,
or asks for the change again at another temperature. The first good program ends the build. Every attempt is recorded
with its cause class. This module judges no score.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from memory.ledger.keys import step_key
from pelagos.errors import BadReply, EditRefused, ModelTimeout
from pelagos.nouns import Build, Try
from pelagos.quoting import quote_data, quote_line
from tools.code.coding.candidates import Candidate, CandidateRunner
from tools.code.coding.causes import Cause
from tools.code.coding.plan_steps import select_code_changes
from tools.code.coding.profiles import CodingProfile, coding_profile
from tools.code.coding.questions import REDRAFT_CAUSES, Question, QuestionBuilder
from tools.code.program.program import normalize
from tools.toolchain import RoleModel, Work

MAX_DETAIL, MAX_CHANGE = 400, 6000  # characters
Kind = Literal["draft", "repair"]


def build(runner: CandidateRunner, opening: str, max_tries: int, drafts: int = 1) -> Build:
    """`max_tries`: programs that may be written, drafts and repairs together. `drafts`: good programs to be written, of
    which the run's verifier chooses one.

    Raises RunFailed, CapReached, Interrupted and ModelUnavailable; bad replies and bad code are data."""
    role_model = runner.context.model("coder")
    profile = coding_profile(role_model.strong)
    steps = select_code_changes(runner.plan, runner.hypothesis, runner.baseline, profile.only_target)
    plan = runner.plan.model_copy(update={"steps": steps})
    questions = QuestionBuilder(opening, runner.hypothesis, plan, runner.baseline, runner.baseline_profile, profile)
    return _Builder(runner, role_model, profile, questions, max_tries, drafts).run()


@dataclass
class _Builder:
    runner: CandidateRunner
    role_model: RoleModel
    profile: CodingProfile
    questions: QuestionBuilder
    max_tries: int
    drafts: int
    tries: list[Try] = field(default_factory=list)
    programs: set[str] = field(default_factory=set)

    def run(self) -> Build:
        best = self._choose(self._try_until_good())
        plan, hypothesis = self.runner.plan.id, self.runner.hypothesis.id
        return Build(
            id=step_key(kind="build", plan=plan, hypothesis=hypothesis),
            hypothesis=hypothesis,
            plan=plan,
            version=best.version.id if best.version is not None else None,
            cause=best.cause.kind,
            tries=self.tries,
        )

    def _try_until_good(self) -> Candidate:
        """Make attempts until one is good or a limit is reached. Returns the best candidate.

        The first attempts are drafts, each of which is told the fault of the previous one; later attempts repair the
        best program. An attempt without progress, or that repeats a program, is idle: after an idle repair the next
        attempt is a draft. The loop ends after `max_idle` idle attempts in a row and after `max_unfaithful` attempts
        whose best candidate does something else than the hypothesis says.
        """
        best, question, idle, unfaithful = Candidate(Cause("model", "never asked")), self.questions.draft(), 0, 0
        kind: Kind = "draft"
        for number in range(self.max_tries):
            candidate = self._try(kind, question, number)
            idle = 0 if _is_progress(best, candidate) else idle + 1
            best = candidate if candidate.rank >= best.rank and not candidate.repeated else best
            unfaithful += best.cause.kind == "unfaithful"
            ended = idle >= self.profile.max_idle or unfaithful >= self.profile.max_unfaithful
            if best.good or ended or number + 1 == self.max_tries:
                break
            anew = number + 1 < self.profile.drafts or (idle > 0 and kind == "repair")
            kind = "draft" if anew else "repair"
            question = self.questions.draft(best.cause) if anew else self._repair(best)
        return best

    def _choose(self, first: Candidate) -> Candidate:
        """Write further drafts while tries are left, if several are wanted, and return the one that the verifier ranks
        first. Execution is the first verifier: only good programs are compared."""
        good = [first] if first.good else []
        while good and len(good) < self.drafts and len(self.tries) < self.max_tries:
            candidate = self._try("draft", self.questions.draft(), len(self.tries))
            good += [candidate] if candidate.good else []
        if len(good) < 2:
            return first
        return good[self.runner.context.rank([self._describe(candidate, "") for candidate in good])[0]]

    def _repair(self, best: Candidate) -> Question:
        """Ask for a correction of a program that ran into a fault, with what the verifier says against it."""
        if best.program is None or best.cause.kind in REDRAFT_CAUSES:
            return self.questions.repair(best.program, best.cause, best.error)
        criticism = self.runner.context.criticise(self._describe(best, best.cause.text))
        return self.questions.repair(best.program, best.cause, best.error, criticism)

    def _describe(self, candidate: Candidate, fault: str) -> Work:
        """What a verifier reads: idea, change, fault; and the plan's steps, as what the change should do."""
        assert candidate.program is not None
        hypothesis = self.runner.hypothesis
        change = quote_data(candidate.program.diff(self.runner.baseline), MAX_CHANGE)
        problem = f"{quote_line(hypothesis.title)}: {quote_line(hypothesis.statement, 600)}\n\nThe change:\n{change}"
        problem += f"\n\nWhat happened:\n{quote_data(fault)}" if fault else ""
        return Work(problem, [f"The change does this: {step.text}" for step in self.runner.plan.steps])

    def _try(self, kind: Kind, question: Question, number: int) -> Candidate:
        """Ask the model, apply its reply, execute the program and record the result."""
        try:
            reply = self.role_model.ask(
                question.messages,
                sample=number,
                max_tokens=question.tokens,
                temperature=self.profile.temperatures[number % len(self.profile.temperatures)],
                stop=question.stop,
            )
        except (BadReply, ModelTimeout) as error:
            candidate = Candidate(Cause("model", str(error)[:MAX_DETAIL]))
        else:
            candidate = self._candidate(reply, question)
        self._record(kind, candidate)
        return candidate

    def _record(self, kind: Kind, candidate: Candidate) -> None:
        version = candidate.version.id if candidate.version is not None else None
        cause, detail = candidate.cause.kind or "ok", candidate.cause.detail[:MAX_DETAIL]
        self.tries.append(Try(index=len(self.tries), kind=kind, cause=cause, detail=detail, version=version))
        title = self.runner.hypothesis.title[:60]
        self.runner.context.say(f"{title}: {kind} {len(self.tries)}: {candidate.cause.line or 'runs'}")

    def _candidate(self, reply: str, question: Question) -> Candidate:
        """Apply and execute a reply. A program that was tried before is not executed again."""
        try:
            program = question.apply(reply)
        except EditRefused as refused:
            return Candidate(Cause(refused.cause, str(refused)))
        if not program.differs(self.runner.baseline):
            return Candidate(Cause("no_change", "this is the unchanged program"))
        same = "\n".join(normalize(text) for text in program.files.values())
        if same in self.programs:
            return Candidate(Cause("no_change", "this program was tried already"), repeated=True)
        self.programs.add(same)
        return self.runner.run(program)


def _is_progress(best: Candidate, new: Candidate) -> bool:
    """Whether an attempt reached a later stage than the best one, or another fault at the same stage."""
    if new.repeated or new.cause.kind == "model":
        return False
    return new.rank > best.rank or (new.rank == best.rank and new.cause.line != best.cause.line)
