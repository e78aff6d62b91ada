"""The embedded model: llama.cpp's server inside this process, one engine shared by all roles and threads.

The weights are located and loaded at the first call. Calls from several threads are decoded as one batch, one slot
each; a slot keeps its last prompt, so what is stable should stand first in a prompt. The engine gives no
log-probabilities for the prompt's own tokens (a vLLM server does).
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agents.models.catalog import entry
from agents.models.engine import Engine
from agents.models.locate import Located, locate
from agents.models.protocol import Reply, Request
from memory.weights import Progress
from pelagos.errors import MissingPart
from pelagos.settings import Models

_engines: dict[tuple[str, int, int, int], Engine] = {}
_loading = threading.Lock()


@dataclass(frozen=True)
class Watchers:
    """Who is told: of the download's progress, of the stage one is in, and of the file that was loaded."""

    progress: Progress | None = None
    say: Callable[[str], None] = lambda _text: None
    loaded: Callable[[Located], None] = lambda _file: None


class Embedded:
    """`name` is a catalog name or the path of a GGUF file; the empty name is the default model."""

    local = True
    strong = False

    def __init__(self, name: str, settings: Models, watchers: Watchers | None = None) -> None:
        self.name = name if name.endswith(".gguf") or "/" in name else entry(name).name
        self._settings = settings
        self._watchers = watchers or Watchers()
        self._engine: Engine | None = None

    @property
    def spec(self) -> str:
        return f"embedded:{self.name}"

    def complete(self, request: Request, timeout: float) -> Reply:
        """One completion; loading is not counted. Raises ModelTimeout, ModelUnavailable, Unsound."""
        return self.engine().complete(request, timeout)

    def engine(self) -> Engine:
        """The engine, loaded if it isn't yet. Raises MissingPart where weights or runtime can't be had."""
        if self._engine is None:
            self._engine = self._shared()
        return self._engine

    def close(self) -> None:
        """Let go of the engine; it stays loaded for others in this process."""
        self._engine = None

    def _shared(self) -> Engine:
        with _loading:
            file = locate(self.name, self._watchers.progress)
            threads = self._settings.threads or os.cpu_count() or 1
            key = (str(file.path), self._settings.parallel, self._settings.context, threads)
            if key not in _engines:
                self._watchers.say(f"loading {file.path.name} ({file.path.stat().st_size / 1e9:.1f} GB)")
                _engines[key] = Engine(load(file, self._settings.parallel, self._settings.context, threads),
                                       self._settings.parallel)  # fmt: skip
            self._watchers.loaded(file)
            return _engines[key]


def load(file: Located, parallel: int, context: int, threads: int, port: int = 0, key: str = "") -> Any:
    """A running llama.cpp server for `file`; `context` is tokens per slot. It listens on the loopback address only,
    at `port` (0: any), and wants `key` there (by default one that nobody knows). Raises MissingPart.
    """
    try:
        import xllamacpp
    except ImportError:
        raise MissingPart("embedded model: xllamacpp is not installed: pip install 'pelagos[local]'") from None
    params = xllamacpp.CommonParams()
    params.model.path = str(file.path)
    params.n_parallel, params.n_ctx = parallel, parallel * context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.port, params.api_keys = port, [key or secrets.token_hex(16)]
    params.verbosity, params.fit_params, params.ui = -1, False, False
    try:
        return xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        raise MissingPart(f"embedded model: {file.path} can't be loaded: {error}") from None
