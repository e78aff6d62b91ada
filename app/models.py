"""`pelagos models list|get|serve`: the models known by name, their weights, and a server for them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.output import Json, console, print_json, table
from pelagos.errors import BadInput
from pelagos.secrets import key_in

if TYPE_CHECKING:
    from agents.models.locate import Located
    from memory.weights import Progress

models_app = typer.Typer(help="Models: list, get, serve.", no_args_is_help=True)


class ServingEngine(StrEnum):
    LLAMA = "llama"
    VLLM = "vllm"


@models_app.command("list")
def list_models(json: Json = False) -> None:
    """The models known by name: size, licence, where they come from, and whether they are here."""
    rows = [*_rows()]
    if json:
        print_json(rows)
        return
    heads = ["name", "GB", "here", "licence", "about"]
    shown = ([r["name"], f"{r['gb']:.2f}", "yes" if r["present"] else "no", r["licence"], r["about"]] for r in rows)
    console().print(table(heads, shown))
    for row in rows:
        console().print(f"{row['name']}: {row['path'] or row['origin']}", markup=False, soft_wrap=True)


@models_app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of `models list`, or `embedded`.")] = "embedded",
    json: Json = False,
) -> None:
    """Get a model's weights, unless they are here, and say where they came from and on what terms."""
    found = _found(name)
    if json:
        print_json(found.payload())
        return
    console().print(f"{name}: {found.path}", markup=False, soft_wrap=True)
    console().print(f"from {found.source}\nlicence: {found.licence}", markup=False)


@models_app.command()
def serve(
    engine: Annotated[ServingEngine, typer.Option(help="llama runs in this process, vllm beside it.")] = (
        ServingEngine.LLAMA
    ),
    model: Annotated[str, typer.Option(help="A name, a GGUF file, or (vllm) a Hugging Face folder.")] = "embedded",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on the loopback address.")] = 8080,
) -> None:
    """Serve a model by an OpenAI-compatible URL until Ctrl-C. Wants PELAGOS_API_KEY of its clients if that is set."""
    serving = _llama if engine is ServingEngine.LLAMA else _vllm
    _free(port)
    folder = Path(model).expanduser()
    path = folder.resolve() if folder.is_dir() else _found(model).path
    name = model if model in {row["name"] for row in _rows()} else path.stem
    with serving(path, name, port) as url:
        console().print(f"serving at {url}; use it with --model default=openai:{name}@{url}", soft_wrap=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            console().print("stopped")


def _free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise BadInput(f"port {port}: {error.strerror}: choose another with --port") from None


@contextmanager
def _llama(path: Path, name: str, port: int) -> Iterator[str]:
    from agents.models.llama import Serving, parameters, start
    from agents.models.threads import spare
    from pelagos.settings import load as settings

    here = settings(Path.cwd()).models
    key = key_in(os.environ, "PELAGOS_API_KEY")
    threads = here.threads or spare()
    serving = Serving(name, port, [key] if key else [])
    server = start(parameters(path, here.slots(local=True), here.context, threads, serving))
    yield f"{server.listening_address}/v1"


@contextmanager
def _vllm(path: Path, name: str, port: int) -> Iterator[str]:
    from agents.models.vllm_server import running
    from memory.weights import cache_folder
    from pelagos.settings import load as settings

    context, log = settings(Path.cwd()).models.context, cache_folder() / "vllm-server.log"
    status = console().status("converting and starting: some minutes at the first time")
    with ExitStack() as stack:
        with status:
            url = stack.enter_context(running(path, name, port, context, log))
        yield url


def _rows() -> Iterator[dict[str, Any]]:
    from agents.models.catalog import entries
    from agents.models.locate import present

    for item in entries():
        found = present(item.name)
        yield {
            "name": item.name,
            "gb": item.asset.size / 1e9,
            "bytes": item.asset.size,
            "sha256": item.asset.sha256,
            "licence": item.asset.licence,
            "origin": f"hub {item.hub[0]}, else package index: {item.asset.origin}",
            "present": found is not None,
            "path": str(found.path) if found else "",
            "about": item.about,
        }


def _found(name: str) -> Located:
    from agents.models.locate import locate

    with _progress() as progress:
        return locate(name, progress)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar per stage: parts downloaded, bytes checked, parts joined."""
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    with Bars(transient=True) as bars:
        stages: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage)
            bars.update(stages[stage], completed=done, total=total)

        yield tell
