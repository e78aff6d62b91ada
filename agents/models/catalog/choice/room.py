"""Computes how much memory a model needs, and how much a graphics card has for it. Sizes are in bytes.

A model that runs in this process needs main memory, one that vLLM serves needs a card's memory.
"""

from __future__ import annotations

from agents.models.catalog.catalog import Entry
from agents.models.llama_cpp.llama import PROMPT_CACHE_MIB
from pelagos.errors import MissingPart
from pelagos.settings import Models
from sandbox.gpu.gpus import Gpu, list_gpus
from sandbox.limits.meter import MB
from sandbox.protocol import Limits

MIB = 1 << 20
BUFFERS = 500 * MB  # the engine's compute buffers
SERVER = 2_000 * MB  # the same of a vLLM server, including its CUDA graphs
SERVED = 2  # full contexts that a server has room for; more requests fit if they are shorter
CARD_SHARE = 0.9  # share of a card's memory that vLLM reserves; it doesn't start if less is free


def needed_bytes(item: Entry, settings: Models) -> int:
    """Return the bytes that a model needs: weights and contexts, plus in main memory the prompt cache, the engine's
    buffers and one experiment, on a card the server's own memory."""
    if item.engine == "vllm":
        return item.size + SERVED * settings.context * item.token_bytes + SERVER
    contexts = settings.slots(local=True) * settings.context * item.token_bytes
    return item.size + contexts + reserved_bytes()


def reserved_bytes() -> int:
    """Return the bytes that must stay free beside an embedded model and its contexts."""
    return PROMPT_CACHE_MIB * MIB + BUFFERS + Limits().memory_mb * MB


def best_card() -> Gpu | None:
    """Return the card with the most room for a server, None without a card."""
    try:
        return max(list_gpus(), key=card_room, default=None)
    except MissingPart:
        return None


def card_room(card: Gpu) -> int:
    """Return the bytes that a server can use of a card: 0 if others use more of it than vLLM leaves free."""
    free = (card.total_mb - card.used_mb) * MB
    share = CARD_SHARE * card.total_mb * MB
    return int(share) if free >= share else 0
