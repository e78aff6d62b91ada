"""Generative verification with executed checks, in the form of GenPRM (arXiv 2504.00891), over any chat model.

For each step the model writes an analysis and a short Python program; the program is executed in the sandbox, what it
printed is shown to the model, and the step's score is P(Yes) of its next answer. The steps of one path are judged in
order, each with the judgements of the earlier ones before it. `votes` paths are sampled and their scores averaged
(GenPRM's Maj@N is the mean of the reward). A path whose answer can't be read scores 0.5 at that step, as in GenPRM's
code.

GenPRM keeps the earlier rationales whole. Here each analysis is cut to `REASON_CHARS`, so that a long solution fits a
small context. The real GenPRM checkpoints have a format of their own (genprm_checkpoint.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from agents.verifiers.language.checks import CODE_FENCE, CheckOutcome, RunCheck, split_reply
from agents.verifiers.language.spending import with_usage
from agents.verifiers.language.subject import PLAN, Subject, check_lengths
from agents.verifiers.language.voting import NO_ANSWER, Judged, VerificationPath, VotingVerifier
from agents.verifiers.protocol import Solution, StepScores
from pelagos.errors import BadReply
from pelagos.quoting import quote_code
from tools.prompt import render
from tools.toolchain import Message, RoleModel

ROOM = 512
ROUNDS = 2  # programs per step: the second is the first one corrected
REASON_CHARS = 600
_STEP = Path(__file__).with_suffix(".j2")
_REPAIR, _VERDICT = _STEP.with_name("genprm_repair.j2"), _STEP.with_name("genprm_verdict.j2")


class GenerativeVerifier(VotingVerifier):
    """`check` executes the programs; None: chain of thought alone. `room` is the tokens of one analysis with its
    program; `parallel` paths are in progress at a time."""

    def __init__(
        self,
        get_model: Callable[[], RoleModel],
        check: RunCheck | None,
        votes: int = 1,
        room: int = ROOM,
        parallel: int = 4,
        subject: Subject = PLAN,
    ) -> None:
        super().__init__(votes, room, parallel, subject)
        self._get_model, self._check = get_model, check

    @property
    def name(self) -> str:
        checks = "on" if self._check else "off"
        return f"genprm:votes={self._votes},checks={checks}{self._describe_room(ROOM)}"

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        """Return the mean P(Yes) of the votes per step.

        Raises BadInput for a text too long to quote, ModelUnavailable, ModelTimeout and CapReached, and MissingPart
        without a sandbox."""
        check_lengths(self._subject, self.name, solutions)
        return self._sample_paths(solutions, self._follow)

    def _follow(self, solution: Solution, vote: int) -> VerificationPath:
        """Judge the steps in order, as the vote's sample."""
        path = _Path(self._get_model, self._check, vote, self._room, self._subject)
        judged, usage = with_usage(lambda: [path.judge(solution, place) for place in range(len(solution.steps))])
        return VerificationPath(judged, usage._replace(checks=path.executed))


class _Path:
    """One verification path: the conversation so far, and the checks that ran."""

    def __init__(
        self, get_model: Callable[[], RoleModel], check: RunCheck | None, vote: int, room: int, subject: Subject
    ) -> None:
        self._get_model, self._check, self._vote, self._room = get_model, check, vote, room
        self._subject = subject
        self._talk: list[Message] = []
        self._checks: list[str] = []
        self.executed = 0

    def judge(self, solution: Solution, place: int) -> Judged:
        """Score one step and remember it for the next, in the same turns: a small model imitates what it reads."""
        *system, question = render(
            _STEP, subject=self._subject, problem=self._subject.quote(solution.problem), number=place + 1,
            step=solution.steps[place], checks=self._check is not None,
        )  # fmt: skip
        self._talk = [*(self._talk or system), question]
        try:
            judged, exchange = self._ask(place + 1)
        except BadReply as error:
            judged, exchange = Judged(NO_ANSWER, f"no answer: {error}"), []
        verdict = "Yes" if judged.score >= NO_ANSWER else "No"
        self._talk += [*exchange, Message("assistant", verdict)]
        return judged

    def _ask(self, number: int) -> tuple[Judged, list[Message]]:
        """Return the judgement and the exchange that led to it, without programs that did not run."""
        talk = list(self._talk)
        analysis, program, outcome = self._analyse(talk, number)
        question = render(_VERDICT, outcome=outcome, number=number)[1:]
        score = self._get_model().probability([*talk, *question])
        kept = "\n".join(filter(None, (analysis[:REASON_CHARS], program and quote_code(program)))) or "(nothing)"
        return Judged(score, _reason(analysis, outcome)), [Message("assistant", kept), *question]

    def _analyse(self, talk: list[Message], number: int) -> tuple[str, str, CheckOutcome | None]:
        """Return the analysis, its last program and that one's outcome; the exchange is added to `talk`."""
        first, program, outcome = "", "", None
        for turn in range(ROUNDS if self._check else 1):
            if outcome is not None:
                talk += render(_REPAIR, outcome=outcome, number=number)[1:]
            reply = self._get_model().ask(
                talk, sample=self._vote, max_tokens=self._room, stop=(CODE_FENCE,) if self._check else ()
            )
            analysis, program = split_reply(reply)
            first = analysis if turn == 0 else first
            talk.append(Message("assistant", f"{analysis}\n{quote_code(program)}" if program else reply))
            if not program or self._check is None:
                break
            outcome = self._check(tuple(self._checks), program)
            self.executed += 1
            if outcome.ran:
                self._checks.append(program)
                break
        return first, program, outcome


def _reason(analysis: str, outcome: CheckOutcome | None) -> str:
    """The analysis without its program, and what the program printed."""
    if outcome is None:
        return analysis
    return f"{analysis}\n{'The check printed' if outcome.ran else 'The check did not run'}: {outcome.output}".strip()
