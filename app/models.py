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

from app.output import Json, console, print_json
from pelagos.errors import BadInput
from pelagos.secrets import key_in

if TYPE_CHECKING:
    from agents.models.choice.advice import Fit, Outlook
    from agents.models.locate import Located
    from app.columns import Column
    from memory.weights import Progress

models_app = typer.Typer(help="Models: list, get, serve.", no_args_is_help=True)


class ServingEngine(StrEnum):
    LLAMA = "llama"
    VLLM = "vllm"


@models_app.command("list")
def list_models(json: Json = False) -> None:
    """The models known by name: what fits this machine, about how fast it writes, licence, and whether it is here."""
    from agents.models.choice.advice import outlook
    from pelagos.settings import load as settings

    found = outlook(Path.cwd(), settings(Path.cwd()).models)
    rows = [_row(fit, fit is found.recommended) for fit in found.fits]
    if json:
        print_json(rows)
        return
    from app.columns import Fitted

    screen = console()
    screen.print(Fitted(_columns(), [_cells(row) for row in rows]))
    for row in rows:
        told = f"{row['name']}: {row['about']}; {row['path'] or row['origin']}; licence: {row['licence']}"
        screen.print(told, markup=False, soft_wrap=True)
    for told in _reckoned(found):
        screen.print(told, markup=False, soft_wrap=True)


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
    console().print(f"from {found.source}\nlicence: {found.licence}", markup=False, soft_wrap=True)
    if found.path.is_dir():
        console().print(
            f"serve it with: pelagos models serve --engine vllm --model {name}", markup=False, soft_wrap=True
        )
    elif name != "embedded":
        console().print(f"use it with: pelagos run TASK --model default=embedded:{name}", markup=False, soft_wrap=True)


@models_app.command()
def serve(
    engine: Annotated[ServingEngine, typer.Option(help="llama runs in this process, vllm beside it.")] = (
        ServingEngine.LLAMA
    ),
    model: Annotated[str, typer.Option(help="A name, a GGUF file, or (vllm) a Hugging Face folder.")] = "embedded",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on the loopback address.")] = 8080,
) -> None:
    """Serve a model by an OpenAI-compatible URL until Ctrl-C. Wants PELAGOS_API_KEY of its clients if that is set."""
    from agents.models.catalog import entries

    serving = _llama if engine is ServingEngine.LLAMA else _vllm
    _free(port)
    folder = Path(model).expanduser()
    path = folder.resolve() if folder.is_dir() else _servable(model, engine)
    name = model if model in {item.name for item in entries()} else path.stem
    with serving(path, name, port) as url:
        console().print(
            f"serving at {url}; use it with --model default=openai:{name}@{url}", markup=False, soft_wrap=True
        )
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


def _row(fit: Fit, recommended: bool) -> dict[str, Any]:
    from agents.models.locate import present

    item, found = fit.item, present(fit.item.name)
    return {
        "name": item.name,
        "gb": item.size / 1e9,
        "bytes": item.size,
        "sha256": found.sha256 if found and found.sha256 else item.asset.sha256 if item.asset else "",
        "engine": item.engine,
        "needs_gb": fit.need / 1e9,
        "fits": fit.fits,
        "tokens_s": fit.tokens_s,
        "recommended": recommended,
        "terms": item.terms,
        "licence": item.licence,
        "origin": item.origin,
        "present": found is not None,
        "path": str(found.path) if found else "",
        "about": item.about,
    }


def _columns() -> list[Column]:
    from app.columns import Column

    right = [Column("GB", right=True), Column("needs", right=True, rank=1)]
    ranked = [Column("here", rank=2), Column("licence", rank=3), Column("", rank=4)]
    return [Column("name"), *right, Column("of"), Column("fits"), Column("tok/s", right=True), *ranked]


def _cells(row: dict[str, Any]) -> list[str]:
    speed, of = row["tokens_s"], {"llama": "memory", "vllm": "card"}[row["engine"]]
    cells = [row["name"], f"{row['gb']:.1f}", f"{row['needs_gb']:.1f}", of, _yes(row["fits"])]
    cells.append("–" if speed is None else f"{speed:.0f}" if speed >= 10 else f"{speed:.1f}")
    return [*cells, _yes(row["present"]), row["terms"], "recommended" if row["recommended"] else ""]


def _yes(so: bool) -> str:
    return "yes" if so else "no"


def _reckoned(found: Outlook) -> Iterator[str]:
    """How the table's figures came about, and what to do."""
    from agents.models.catalog import DEFAULT
    from agents.models.choice.advice import SLOWEST, command
    from agents.models.choice.room import CARD_SHARE, beside

    card = found.card
    yield (
        f"needs: GB with the settings' context; of {found.memory / 1e9:.1f} GB of memory that are free here, "
        f"{beside() / 1e9:.1f} are kept for prompts and an experiment"
        + (f"; of the {card.total_mb / 1e3:.1f} GB of {card.name}, vLLM takes {CARD_SHARE:.0%}" if card else "")
    )
    yield f"tok/s: about what it writes: {found.rate.how}"
    best, why = found.recommended, f"the largest that fits and writes {SLOWEST:.0f} tokens/s or more"
    if best is None:
        yield f"none fits and writes {SLOWEST:.0f} tokens/s: use an endpoint (--model default=openai:MODEL@URL)"
    elif best.item.name == DEFAULT:
        yield f"recommended: {DEFAULT}, the default: {why}"
    else:
        yield f"recommended: {best.item.name}, {why}: {command(best.item)}"


def _servable(model: str, engine: ServingEngine) -> Path:
    """The path of what is to be served, downloaded if need be. Raises BadInput for an engine that can't run it."""
    from agents.models.catalog import entry
    from agents.models.locate import is_path
    from agents.models.vllm_env import find_python

    if engine is ServingEngine.VLLM:
        find_python()  # before gigabytes are downloaded for it
    elif not is_path(model) and entry(model).engine == "vllm":
        raise BadInput(f"model {model!r}: runs on a card by vLLM alone: add --engine vllm")
    return _found(model).path


def _found(name: str) -> Located:
    from agents.models.locate import get

    with _progress() as progress:
        return get(name, progress)


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
