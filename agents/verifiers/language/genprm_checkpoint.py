"""Asks the real GenPRM checkpoints (arXiv 2504.00891) in the conversation format they were trained on.

Read in the public repository's inference code (RyanLiu112/GenPRM, infer_module/genprm_inference.py and
eval_logic/processbench.py): the system message, the forced openers of analysis, program and judgement, the stop
strings, the block in which a program's output is appended, three programs at most and then a forced judgement behind
the analysis, 0.5 without a judgement, and the least listed probability in place of a missing twin.

Unverified: problem and first step are joined as its README is said to do ("Question: ", a blank line; the code above
uses a line break alone); the turns are rendered from memory of the template of DeepSeek-R1-Distill-Qwen, so name the
checkpoint's own folder (`tokenizer=`) where it is at hand. No checkpoint was run against this file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agents.verifiers.language.checks import RunCheck
from agents.verifiers.language.completions import Completion, Completions
from agents.verifiers.language.spending import with_usage
from agents.verifiers.language.voting import NO_ANSWER, Judged, VerificationPath, VotingVerifier
from agents.verifiers.protocol import Solution, StepScores, Usage
from pelagos.errors import BadInput, BadScore, MissingPart
from pelagos.quoting import quote_inside
from tools.toolchain import Message

SYSTEM = "You are a math teacher. Your task is to review and critique the paragraphs in solution step by step."
ANALYSE = "<analyze>\nLet's analyze the Paragraph {number} step by step: "
ANALYSED = "</analyze>\n"
VERIFY = "<verify>\nLet's use python code to find any potential error:\n```python\n"
PROGRAM_END, JUDGED = "\n```\n", "</output>\n"
OUTPUT = "[Code Output]\n\n```\n{output}\n```\n"
JUDGE = "<output>\n**Judgement**: $\\boxed"
ROOM = 2048
PROGRAMS = 3
JUDGE_TOKENS = 20
_PROGRAM = re.compile(r"```python\s*(.*?)\s*```", re.DOTALL)
_CONTROL = re.compile("<(?=[|｜])")
_BOXED = re.compile(r"(?:Yes|No)\}", re.IGNORECASE)
RenderPrompt = Callable[[Sequence[Message]], str]


def render_turns(messages: Sequence[Message]) -> str:
    """Return the prompt of DeepSeek-R1-Distill-Qwen's template, without the first token, which servers add."""
    marks = {"system": "{}", "user": "<｜User｜>{}", "assistant": "<｜Assistant｜>{}<｜end▁of▁sentence｜>"}
    return "".join(marks[each.role].format(each.content) for each in messages) + "<｜Assistant｜>"


def load_template(folder: str) -> RenderPrompt:
    """Return the chat template of the tokenizer in `folder`, which is loaded at the first prompt. Raises MissingPart
    without transformers, BadInput for a folder that holds no tokenizer."""
    if find_spec("transformers") is None:
        raise MissingPart("verifier genprm-checkpoint: tokenizer: pip install 'pelagos[verifiers]'")
    if not Path(folder, "tokenizer_config.json").is_file():
        raise BadInput(
            f"verifier genprm-checkpoint: tokenizer={folder}: no tokenizer_config.json there: name its folder"
        )
    load = cache(partial(_load_tokenizer, folder))

    def render_prompt(messages: Sequence[Message]) -> str:
        turns = [{"role": each.role, "content": each.content} for each in messages]
        return str(load().apply_chat_template(turns, tokenize=False, add_generation_prompt=True))

    return render_prompt


def _load_tokenizer(folder: str) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInput(f"verifier genprm-checkpoint: tokenizer={folder}: {line}") from None


class GenPrmCheckpoint(VotingVerifier):
    """`check` executes the programs; None: the checkpoint judges by its analysis alone. `room` is the tokens of one
    step."""

    def __init__(
        self,
        completions: Completions,
        check: RunCheck | None,
        votes: int = 1,
        room: int = ROOM,
        parallel: int = 8,
        render_prompt: RenderPrompt = render_turns,
    ) -> None:
        super().__init__(votes, room, parallel)  # its format has no words for other subjects
        self._completions, self._check, self._render = completions, check, render_prompt

    @property
    def name(self) -> str:
        options = f"votes={self._votes},checks={'on' if self._check else 'off'}{self._describe_room(ROOM)}"
        return f"genprm-checkpoint:{self._completions.model},{options}"

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        """Raises ModelUnavailable and ModelTimeout, BadScore where the server gives no log-probabilities, MissingPart
        without a sandbox."""
        return self._sample_paths(solutions, self._follow)

    def _follow(self, solution: Solution, vote: int) -> VerificationPath:
        path = _Path(self._completions, self._check, vote, self._room, self._render)
        judged, usage = with_usage(lambda: [path.judge(solution, place) for place in range(len(solution.steps))])
        return VerificationPath(judged, path.spent._replace(seconds=usage.seconds))


class _Path:
    def __init__(
        self, completions: Completions, check: RunCheck | None, vote: int, room: int, render: RenderPrompt
    ) -> None:
        self._completions, self._check, self._vote, self._room = completions, check, vote, room
        self._render = render
        self._talk = [Message("system", SYSTEM)]
        self._checks: list[str] = []
        self.spent = Usage()

    def judge(self, solution: Solution, place: int) -> Judged:
        step = solution.steps[place]
        said = step if place else f"Question: {solution.problem}\n\n{step}"
        self._talk.append(Message("user", _spell_out(said)))
        prompt, opener = self._render(self._talk), ANALYSE.format(number=place + 1)
        analysis = self._continue(prompt + opener, (ANALYSED,), self._room).text.removesuffix(ANALYSED)
        analysed = f"{opener}{analysis}{ANALYSED}"
        rationale, last = self._verify(prompt, analysed) if self._check else self._decide(prompt, analysed)
        self._talk.append(Message("assistant", rationale))
        return Judged(read_judgement(self._completions.model, last), analysis.strip())

    def _verify(self, prompt: str, analysed: str) -> tuple[str, Completion]:
        """Let the checkpoint write programs, and execute them, until it judges."""
        text, left = analysed + VERIFY, self._room
        for _ in range(PROGRAMS):
            last = self._continue(prompt + text, (PROGRAM_END, JUDGED), left)
            text, left = text + last.text, max(left - last.written, 1)
            if not last.text.endswith(PROGRAM_END):
                return (text, last) if last.text.endswith(JUDGED) else self._decide(prompt, analysed)
            text += OUTPUT.format(output=self._execute(text))
        return self._decide(prompt, analysed)

    def _decide(self, prompt: str, analysed: str) -> tuple[str, Completion]:
        """Force the judgement behind the analysis, as where programs or tokens are used up."""
        last = self._continue(prompt + analysed + JUDGE, (JUDGED,), JUDGE_TOKENS)
        return analysed + JUDGE + last.text, last

    def _execute(self, text: str) -> str:
        programs = _PROGRAM.findall(text)
        if not programs or self._check is None:
            return "Code format error: No code found."
        outcome = self._check(tuple(self._checks), programs[-1])
        self.spent = self.spent + Usage(checks=1)
        if outcome.ran:
            self._checks.append(programs[-1])
        output = quote_inside(_spell_out(outcome.output))  # what a step makes a program print closes no block
        return output if outcome.ran else f"Code execute Error: {output}"

    def _continue(self, prompt: str, stop: Sequence[str], max_tokens: int) -> Completion:
        made = self._completions.complete(prompt, stop=stop, max_tokens=max_tokens, seed=self._vote)
        self.spent = self.spent + Usage(read=made.read, written=made.written)
        return made


def read_judgement(model: str, last: Completion) -> float:
    """Return p(Yes) / (p(Yes) + p(No)) at the last Yes or No token; 0.5 where the text has no boxed one.

    Raises BadScore without log-probabilities."""
    if last.text and not last.likely:
        raise BadScore(f"model {model}: the server gives no log-probabilities: GenPRM checkpoints can't be read by it")
    if not _BOXED.search(last.text):
        return NO_ANSWER
    (found,) = keep_verdict(last).likely
    if not found:
        return NO_ANSWER
    yes, no = _probability(found, "yes"), _probability(found, "no")
    return yes / (yes + no) if yes + no else NO_ANSWER


def keep_verdict(made: Completion) -> Completion:
    """Return the completion with the log-probabilities of its last Yes or No alone; of its last token, unlisted, where
    it has none."""
    pairs = list(zip(made.tokens, made.likely, strict=False))
    if not pairs:
        return made
    token, likely = next((pair for pair in reversed(pairs) if _word(pair[0]) in ("yes", "no")), (pairs[-1][0], {}))
    return made._replace(tokens=[token], likely=[likely])


def _probability(likely: Mapping[str, float], word: str) -> float:
    """The probability of `word`; the least listed one where it isn't listed."""
    mine = [value for token, value in likely.items() if _word(token) == word]
    return math.fsum(math.exp(value) for value in mine) if mine else math.exp(min(likely.values()))


def _spell_out(text: str) -> str:
    """Put a space into what a server would read as a control token: it opens turns, and no text of others may."""
    return _CONTROL.sub("< ", text)


def _word(token: str) -> str:
    return token.strip(" {}$").casefold()
