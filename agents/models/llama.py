"""llama.cpp's server inside this process: its parameters for a GGUF file, and its start.

The values below were measured with `python -m benchmarks.engine` (docs/benchmarks.md).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pelagos.errors import MissingPart

NO_RUNTIME = "embedded model: xllamacpp is not installed: pip install 'pelagos[local]'"
STOPPABLE_TOKENS = 128  # of a prompt, read between two moments at which a request can be stopped
PROMPT_CACHE_MIB = 2048  # memory for prompts that were displaced from their slot


@dataclass(frozen=True)
class Serving:
    """How the server appears on the loopback address: under which name, at which port (0: any), to whose keys."""

    name: str = "embedded"
    port: int = 0
    keys: Sequence[str] = ()


def parameters(path: Path, slots: int, context: int, threads: int, serving: Serving | None = None) -> Any:
    """The server's parameters; `context` is tokens per slot. Raises MissingPart.

    The server always listens on the loopback address; without `serving` it wants a key that nobody knows.
    What follows a sequence of tokens in the context is guessed to follow it again, and checked in one step: a rewrite
    repeats its prompt, and guesses change no reply. Threads that wait don't spin: on shared cores spinning costs a
    fifth of the speed, and alone it gains none.
    """
    try:
        import xllamacpp
    except ImportError:
        raise MissingPart(NO_RUNTIME) from None
    open_to = serving or Serving(keys=[secrets.token_hex(16)])
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(path), {open_to.name}
    params.n_parallel, params.n_ctx = slots, slots * context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    params.n_batch = params.n_ubatch = STOPPABLE_TOKENS
    params.cache_prompt = params.cache_idle_slots = True
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.speculative.types = [xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
    params.port, params.api_keys = open_to.port, list(open_to.keys)
    params.verbosity, params.fit_params, params.ui = -1, False, False
    return params


def start(params: Any) -> Any:
    """A running xllamacpp.Server. Raises MissingPart."""
    import xllamacpp

    try:
        return xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        raise MissingPart(f"embedded model: {params.model.path} can't be loaded: {error}") from None
