"""One question to the verifier's endpoint before anything runs, so that one sees at launch how plans will be ranked.

It is an ordinary call, recorded and counted. Its answer is known, so what it shows is the server: log-probabilities,
the words Yes and No, or neither.
"""

from __future__ import annotations

from agents.run import Run
from pelagos.errors import BadReply
from tools.toolchain import Message

QUESTION = [Message("user", "Is four more than two? Answer with one word: Yes or No.")]


def greet(run: Run) -> None:
    """Raises ModelUnavailable, ModelTimeout and CapReached."""
    if not run.settings.models.spec("verifier").strip().startswith("openai:"):
        return
    try:
        run.mind("verifier").probability(QUESTION)
    except BadReply as error:
        run.say(f"plans are not ranked, they are taken as they come: {error}")
