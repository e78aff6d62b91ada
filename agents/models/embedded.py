"""The embedded model: llama.cpp's server inside this process, one engine shared by all roles and threads.

The weights are located and loaded at the first call, once per process. The engine gives no log-probabilities for the
prompt's own tokens (a vLLM server does).
"""

from __future__ import annotations

import importlib.util
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.models.catalog import entry
from agents.models.engine import Engine
from agents.models.locate import Located, given, is_path, locate
from agents.models.protocol import Reply, Request
from agents.models.threads import spare
from memory.weights import Progress
from pelagos.errors import MissingPart
from pelagos.settings import Models

_engines: dict[tuple[str, int, int, int], Engine] = {}
_loading = threading.Lock()
STOPPABLE_TOKENS = 512  # of a prompt, read between two moments at which a request can be stopped
NO_RUNTIME = "embedded model: xllamacpp is not installed: pip install 'pelagos[local]'"


@dataclass(frozen=True)
class Watchers:
    """Who is told: of the download's progress, and in words of what takes long."""

    progress: Progress | None = None
    say: Callable[[str], None] = lambda _text: None


class Embedded:
    """`name` is a catalog name or the path of a GGUF file; the empty name is the default model.

    Raises BadInput for an unknown name and MissingPart where the runtime isn't installed.
    """

    local = True
    strong = False

    def __init__(self, name: str, settings: Models, watchers: Watchers | None = None) -> None:
        self.name = str(given(name)) if is_path(name) else entry(name).name
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingPart(NO_RUNTIME)
        self._settings = settings
        self._watchers = watchers or Watchers()
        self._file: Located | None = None
        self._engine: Engine | None = None

    @property
    def spec(self) -> str:
        return f"embedded:{self.name}"

    @property
    def origin(self) -> Mapping[str, str]:
        """Path, source, licence and sha256 of the weights, once they are loaded."""
        return self._file.payload() if self._file else {}

    def complete(self, request: Request, timeout: float) -> Reply:
        """One completion; loading is not counted. Raises ModelTimeout, ModelUnavailable, Unsound, MissingPart."""
        with _loading:
            engine = self._engine = self._engine or self._shared()
        return engine.complete(request, timeout)

    def close(self) -> None:
        """Let go of the engine; it stays loaded for others in this process."""
        self._engine = None

    def _shared(self) -> Engine:
        self._file = locate(self.name, self._watchers.progress).hashed()
        key = (str(self._file.path), self._settings.parallel, self._settings.context, self._settings.threads)
        if key not in _engines:
            threads = self._settings.threads or spare()
            self._watchers.say(
                f"loading {self._file.path.name} ({self._file.path.stat().st_size / 1e9:.1f} GB, threads: {threads})"
            )
            server = load(self._file.path, self._settings.parallel, self._settings.context, threads)
            _engines[key] = Engine(server, self._settings.parallel)
        return _engines[key]


@dataclass(frozen=True)
class Serving:
    """How the server appears on the loopback address: under which name, at which port (0: any), to whose keys."""

    name: str = "embedded"
    port: int = 0
    keys: Sequence[str] = ()


def load(path: Path, parallel: int, context: int, threads: int, serving: Serving | None = None) -> Any:
    """A running llama.cpp server for a GGUF file; `context` is tokens per slot. Raises MissingPart.

    It always listens on the loopback address; without `serving` it wants a key that nobody knows.
    Threads that wait don't spin: on shared cores spinning costs a fifth of the speed, and alone it gains none.
    """
    try:
        import xllamacpp
    except ImportError:
        raise MissingPart(NO_RUNTIME) from None
    open_to = serving or Serving(keys=[secrets.token_hex(16)])
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(path), {open_to.name}
    params.n_parallel, params.n_ctx = parallel, parallel * context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    params.n_batch = STOPPABLE_TOKENS
    params.port, params.api_keys = open_to.port, list(open_to.keys)
    params.verbosity, params.fit_params, params.ui = -1, False, False
    try:
        return xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        raise MissingPart(f"embedded model: {path} can't be loaded: {error}") from None
