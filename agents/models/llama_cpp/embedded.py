"""The embedded model: llama.cpp's server inside this process. All roles and threads share one engine.

The weights are located and loaded at the first call, once per process. The engine gives no log-probabilities for the
prompt's own tokens (a vLLM server does).
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.models.catalog.catalog import Entry, find_entry
from agents.models.catalog.locate import LocatedModel, existing_file, find_local, is_path, locate, missing_model
from agents.models.llama_cpp import llama
from agents.models.llama_cpp.engine import Engine
from agents.models.llama_cpp.threads import LoadMonitor, count_idle_cores
from agents.models.protocol import Reply, Request, TimeLimit
from memory.weights.package_index import Progress
from pelagos.errors import BadInput, MissingPart
from pelagos.settings import Models

_engines: dict[tuple[str, int, int, int], Engine] = {}
_loading = threading.Lock()


@dataclass(frozen=True)
class LoadCallbacks:
    """Called while a model is loaded: with the download's progress, and with a line about each slow step."""

    progress: Progress | None = None
    say: Callable[[str], None] = lambda _text: None


class EmbeddedModel:
    """`name` is a catalog name or the path of a GGUF file; the empty name is the default model.

    Raises BadInput for an unknown name or a model for a graphics card, and MissingPart if the runtime isn't installed
    or the model is neither here nor downloaded by runs.
    """

    local = True
    strong = False

    def __init__(self, name: str, settings: Models, callbacks: LoadCallbacks | None = None) -> None:
        self.name = str(existing_file(name)) if is_path(name) else _check_runnable(find_entry(name)).name
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingPart(llama.NO_RUNTIME)
        self._settings = settings
        self._callbacks = callbacks or LoadCallbacks()
        self._file: LocatedModel | None = None
        self._engine: Engine | None = None

    @property
    def spec(self) -> str:
        return f"embedded:{self.name}"

    @property
    def origin(self) -> Mapping[str, str]:
        """Path, source, licence and sha256 of the weights, once they are loaded."""
        return self._file.payload() if self._file else {}

    def complete(self, request: Request, limit: TimeLimit) -> Reply:
        """Return one completion. Loading doesn't count towards the time limit. Raises ModelTimeout, ModelUnavailable,
        UnusableReply and MissingPart."""
        with _loading:
            engine = self._engine = self._engine or self._shared_engine()
        return engine.complete(request, limit)

    def close(self) -> None:
        """Release the engine. It stays loaded for other users in this process."""
        self._engine = None

    def _shared_engine(self) -> Engine:
        self._file = locate(self.name, self._callbacks.progress).hashed()
        slots, context, thread_setting = (
            self._settings.slots(local=True),
            self._settings.context,
            self._settings.threads,
        )
        key = (str(self._file.path), slots, context, thread_setting)
        if key not in _engines:
            threads = thread_setting or count_idle_cores()
            monitor = None if thread_setting else LoadMonitor(threads)
            _engines[key] = Engine(self._loader(slots, context), slots, threads, monitor, self._callbacks.say)
        return _engines[key]

    def _loader(self, slots: int, context: int) -> Callable[[int], Any]:
        """Return a function that loads the file with a number of threads and says so."""
        assert self._file is not None
        path, say = self._file.path, self._callbacks.say

        def load(threads: int) -> Any:
            say(f"loading {path.name} ({path.stat().st_size / 1e9:.1f} GB, threads: {threads})")
            return llama.start(llama.parameters(path, slots, context, threads))

        return load


def _check_runnable(item: Entry) -> Entry:
    """Return the entry if a run can use it. Raises BadInput for one that needs a server, MissingPart for a missing
    one."""
    if item.engine == "vllm":
        serve = f"`pelagos models serve --engine vllm --model {item.name}`"
        raise BadInput(
            f"model {item.name!r}: runs on a card, served by {serve}, whose first line says what to write here"
        )
    if item.asset is None and find_local(item.name) is None:
        raise missing_model(item)
    return item
