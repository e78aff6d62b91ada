"""Sets the parameters of llama.cpp's in-process server for a GGUF file, and starts it.

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
STOPPABLE_TOKENS = 128  # batch size: prompt tokens read between two points at which a request can be stopped
PROMPT_CACHE_MIB = 2048  # memory for prompts that were displaced from their slot


@dataclass(frozen=True)
class Serving:
    """How the server appears on the loopback address: model name, port (0: any free one) and accepted keys."""

    name: str = "embedded"
    port: int = 0
    keys: Sequence[str] = ()


def parameters(path: Path, slots: int, context: int, threads: int, serving: Serving | None = None) -> Any:
    """Return the server's parameters; `context` is tokens per slot. Raises MissingPart.

    The server always listens on the loopback address; without `serving` it requires a random key that nobody knows.
    Speculative decoding guesses from n-grams of the context: a rewrite repeats its prompt, and wrong guesses change no
    reply. Waiting threads don't spin: on shared cores spinning costs a fifth of the speed, alone it gains none.
    """
    try:
        import xllamacpp
    except ImportError:
        raise MissingPart(NO_RUNTIME) from None
    exposure = serving or Serving(keys=[secrets.token_hex(16)])
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(path), {exposure.name}
    params.n_parallel, params.n_ctx = slots, slots * context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    params.n_batch = params.n_ubatch = STOPPABLE_TOKENS
    params.cache_prompt = params.cache_idle_slots = True
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.speculative.types = [xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
    params.port, params.api_keys = exposure.port, list(exposure.keys)
    params.verbosity, params.fit_params, params.ui = -1, False, False
    return params


def start(params: Any) -> Any:
    """Start an xllamacpp.Server and return it. Raises MissingPart if the file can't be loaded."""
    import xllamacpp

    try:
        return xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        raise MissingPart(f"embedded model: {params.model.path} can't be loaded: {error}") from None
