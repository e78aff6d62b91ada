"""Composes what a person is told about a run: text to read, and the same as JSON for programs. Pure functions.

Titles and reasons may hold words of models and programs. In the text nothing of them mentions anybody or is a link,
because chat programs take such text for their own markup.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from pelagos.nouns import Claim, Verdict, VerdictKind
from pelagos.secrets import redact_environment
from pelagos.visible import make_one_line

NO_MARKUP = str.maketrans({"<": "‹", ">": "›", "[": "［", "]": "］", "@": "＠"})
REASON_LENGTH, TITLE_LENGTH = 500, 160


@dataclass(frozen=True)
class Message:
    """`event` is ended, failed or waiting; `status` is that of the run. `found` is one line of what was found so far,
    `next` the command to type."""

    event: str
    run: str
    task: str
    status: str
    reason: str
    found: str
    next: str

    @property
    def text(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        lines = (f"Pelagos: {self.run} ({self.task}) {self.status}{reason}", f"found: {self.found}")
        return "\n".join([*(line.translate(NO_MARKUP) for line in lines), f"next: {self.next}"])

    def dump_json(self) -> str:
        """Return the message as one line of JSON, with its text under the key that chat programs read."""
        return json.dumps({"text": self.text, **asdict(self)}, ensure_ascii=True)


def clean(message: Message, env: Mapping[str, str]) -> Message:
    """Return the message in single lines of visible text, without the secrets that the environment holds."""
    texts = {
        name: redact_environment(make_one_line(text, REASON_LENGTH), env) for name, text in asdict(message).items()
    }
    return Message(**texts)


def describe_found(claims: Collection[Claim], verdicts: Collection[Verdict], titles: Mapping[str, str]) -> str:
    """Return one line about the best result. Of each hypothesis the newest verdict and claim count, which stand last;
    `titles` maps hypotheses to titles."""
    held = list({claim.hypothesis: claim for claim in claims if claim.held and claim.concluded}.values())
    if held:
        return _describe_best(held, "supported by sealed data", titles)
    newest = {verdict.hypothesis: verdict for verdict in verdicts}.values()
    promising = [verdict for verdict in newest if verdict.kind is VerdictKind.PROMISING and not verdict.suspect]
    if promising:
        return _describe_best(promising, "promising, not tested on sealed data yet", titles)
    return f"nothing that helps so far ({len(newest)} judged)"


def _describe_best(results: Sequence[Claim | Verdict], word: str, titles: Mapping[str, str]) -> str:
    best = max(results, key=lambda result: result.gain)
    title = make_one_line(titles.get(best.hypothesis, best.hypothesis), TITLE_LENGTH)
    return f"{len(results)} {word}; the best {best.gain:+.3g}: {title}"
