"""Asks the verifier's endpoint one question before anything runs, to show at launch how plans will be ranked.

It is an ordinary call, recorded and counted. The answer is known in advance; the call shows whether the server gives
log-probabilities, the words Yes and No, or neither.
"""

from __future__ import annotations

from agents.run import Run
from agents.verifiers.off import Off
from pelagos.errors import BadReply
from tools.toolchain import Message

QUESTION = [Message("user", "Is four more than two? Answer with one word: Yes or No.")]


def probe_verifier(run: Run) -> None:
    """Ask the question if the verifier is an endpoint and plans are ranked at all. Raises ModelUnavailable,
    ModelTimeout and CapReached."""
    is_endpoint = run.settings.models.spec("verifier").strip().startswith("openai:")
    if not is_endpoint or isinstance(run.verifier, Off):
        return
    try:
        run.model("verifier").probability(QUESTION)
    except BadReply as error:
        run.say(f"plans are not ranked, they are taken as they come: {error}")
