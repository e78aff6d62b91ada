"""What a model takes, and whether it is there: of memory if it runs in this process, of a card if vLLM serves it.

Sizes are bytes.
"""

from __future__ import annotations

from agents.models.catalog import Entry
from agents.models.llama import PROMPT_CACHE_MIB
from pelagos.errors import MissingPart
from pelagos.settings import Models
from sandbox.gpus import Card, cards
from sandbox.meter import MB
from sandbox.protocol import Limits

MIB = 1 << 20
BUFFERS = 500 * MB  # of the engine, for what it computes
SERVER = 2_000 * MB  # the same of a vLLM server, its graphs among it
SERVED = 2  # whole contexts that a server has room for; shorter requests are more
CARD_SHARE = 0.9  # of a card's memory that vLLM takes for itself; it doesn't start where less is free


def needed(item: Entry, settings: Models) -> int:
    """Weights and contexts; beside them in memory the kept prompts, the engine's buffers and one experiment, on a
    card what the server itself takes."""
    if item.engine == "vllm":
        return item.size + SERVED * settings.context * item.token_bytes + SERVER
    contexts = settings.slots(local=True) * settings.context * item.token_bytes
    return item.size + contexts + beside()


def beside() -> int:
    """What is kept free beside an embedded model and its context."""
    return PROMPT_CACHE_MIB * MIB + BUFFERS + Limits().memory_mb * MB


def best_card() -> Card | None:
    """The card with the most room for a server; None where there is no card."""
    try:
        return max(cards(), key=card_room, default=None)
    except MissingPart:
        return None


def card_room(card: Card) -> int:
    """What a server can use of it; nothing of one that others use more of than vLLM leaves over."""
    free = (card.total_mb - card.used_mb) * MB
    share = CARD_SHARE * card.total_mb * MB
    return int(share) if free >= share else 0
