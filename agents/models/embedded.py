"""The embedded model: llama.cpp's server inside this process, one engine shared by all roles and threads.

The weights are located and loaded at the first call, once per process. The engine gives no log-probabilities for the
prompt's own tokens (a vLLM server does).
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.models import llama
from agents.models.catalog import Entry, entry
from agents.models.engine import Engine
from agents.models.locate import Located, absent, given, is_path, locate, present
from agents.models.protocol import Limit, Reply, Request
from agents.models.threads import Watch, spare
from memory.weights import Progress
from pelagos.errors import BadInput, MissingPart
from pelagos.settings import Models

_engines: dict[tuple[str, int, int, int], Engine] = {}
_loading = threading.Lock()


@dataclass(frozen=True)
class Watchers:
    """Who is told: of the download's progress, and in words of what takes long."""

    progress: Progress | None = None
    say: Callable[[str], None] = lambda _text: None


class Embedded:
    """`name` is a catalog name or the path of a GGUF file; the empty name is the default model.

    Raises BadInput for an unknown name or a model for a card, and MissingPart where the runtime isn't installed or
    a model that no run downloads isn't here.
    """

    local = True
    strong = False

    def __init__(self, name: str, settings: Models, watchers: Watchers | None = None) -> None:
        self.name = str(given(name)) if is_path(name) else _runnable(entry(name)).name
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingPart(llama.NO_RUNTIME)
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

    def complete(self, request: Request, limit: Limit) -> Reply:
        """One completion; loading is not counted. Raises ModelTimeout, ModelUnavailable, Unsound, MissingPart."""
        with _loading:
            engine = self._engine = self._engine or self._shared()
        return engine.complete(request, limit)

    def close(self) -> None:
        """Let go of the engine; it stays loaded for others in this process."""
        self._engine = None

    def _shared(self) -> Engine:
        self._file = locate(self.name, self._watchers.progress).hashed()
        slots, context, fixed = self._settings.slots(local=True), self._settings.context, self._settings.threads
        key = (str(self._file.path), slots, context, fixed)
        if key not in _engines:
            threads = fixed or spare()
            watch = None if fixed else Watch(threads)
            _engines[key] = Engine(self._loader(slots, context), slots, threads, watch, self._watchers.say)
        return _engines[key]

    def _loader(self, slots: int, context: int) -> Callable[[int], Any]:
        """What loads the file with a number of threads, and says so."""
        assert self._file is not None
        path, say = self._file.path, self._watchers.say

        def load(threads: int) -> Any:
            say(f"loading {path.name} ({path.stat().st_size / 1e9:.1f} GB, threads: {threads})")
            return llama.start(llama.parameters(path, slots, context, threads))

        return load


def _runnable(item: Entry) -> Entry:
    """The entry, if a run can use it. Raises BadInput for one that only a server can, MissingPart for an absent one."""
    if item.engine == "vllm":
        serve = f"`pelagos models serve --engine vllm --model {item.name}`"
        raise BadInput(
            f"model {item.name!r}: runs on a card, served by {serve}, whose first line says what to write here"
        )
    if item.asset is None and present(item.name) is None:
        raise absent(item)
    return item
