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

from app.commands.output import Json, make_console, print_json
from pelagos.errors import BadInput
from pelagos.secrets import read_key

if TYPE_CHECKING:
    from agents.models.catalog.choice.advice import Fit, Outlook
    from agents.models.catalog.locate import LocatedModel
    from app.live.columns import Column
    from memory.weights.package_index import Progress

models_app = typer.Typer(help="Models: list, get, serve.", no_args_is_help=True)


class ServingEngine(StrEnum):
    LLAMA = "llama"
    VLLM = "vllm"


@models_app.command("list")
def list_models(json: Json = False) -> None:
    """The models known by name: what fits this machine, about how fast it writes, licence, and whether it is here."""
    from agents.models.catalog.choice.advice import survey_models
    from pelagos.settings_sources import load

    outlook = survey_models(Path.cwd(), load(Path.cwd()).models)
    rows = [_make_row(fit, fit is outlook.recommended) for fit in outlook.fits]
    if json:
        print_json(rows)
        return
    from app.live.columns import FittedTable

    screen = make_console()
    screen.print(FittedTable(_make_columns(), [_make_cells(row) for row in rows]))
    for row in rows:
        text = f"{row['name']}: {row['about']}; {row['path'] or row['origin']}; licence: {row['licence']}"
        screen.print(text, markup=False, soft_wrap=True)
    for text in _explain_figures(outlook):
        screen.print(text, markup=False, soft_wrap=True)


@models_app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of `models list`, or `embedded`.")] = "embedded",
    json: Json = False,
) -> None:
    """Get a model's weights, unless they are here, and print where they came from and their licence."""
    located = _fetch(name)
    if json:
        print_json(located.payload())
        return
    make_console().print(f"{name}: {located.path}", markup=False, soft_wrap=True)
    make_console().print(f"from {located.source}\nlicence: {located.licence}", markup=False, soft_wrap=True)
    if located.path.is_dir():
        make_console().print(
            f"serve it with: pelagos models serve --engine vllm --model {name}", markup=False, soft_wrap=True
        )
    elif name != "embedded":
        make_console().print(
            f"use it with: pelagos run TASK --model default=embedded:{name}", markup=False, soft_wrap=True
        )


@models_app.command()
def serve(
    engine: Annotated[ServingEngine, typer.Option(help="llama runs in this process, vllm beside it.")] = (
        ServingEngine.LLAMA
    ),
    model: Annotated[str, typer.Option(help="A name, a GGUF file, or (vllm) a Hugging Face folder.")] = "embedded",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on the loopback address.")] = 8080,
) -> None:
    """Serve a model at an OpenAI-compatible URL until Ctrl-C. Clients must send PELAGOS_API_KEY if it is set."""
    from agents.models.catalog.catalog import list_entries

    serving = _serve_llama if engine is ServingEngine.LLAMA else _serve_vllm
    _check_port(port)
    folder = Path(model).expanduser()
    path = folder.resolve() if folder.is_dir() else _fetch_servable(model, engine)
    name = model if model in {item.name for item in list_entries()} else path.stem
    with serving(path, name, port) as url:
        make_console().print(
            f"serving at {url}; use it with --model default=openai:{name}@{url}", markup=False, soft_wrap=True
        )
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            make_console().print("stopped")


def _check_port(port: int) -> None:
    """Raises BadInput where the port is not free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise BadInput(f"port {port}: {error.strerror}: choose another with --port") from None


@contextmanager
def _serve_llama(path: Path, name: str, port: int) -> Iterator[str]:
    from agents.models.llama_cpp.llama import Serving, parameters, start
    from agents.models.llama_cpp.threads import count_idle_cores
    from pelagos.settings_sources import load

    models = load(Path.cwd()).models
    key = read_key(os.environ, "PELAGOS_API_KEY")
    threads = models.threads or count_idle_cores()
    serving = Serving(name, port, [key] if key else [])
    server = start(parameters(path, models.slots(local=True), models.context, threads, serving))
    yield f"{server.listening_address}/v1"


@contextmanager
def _serve_vllm(path: Path, name: str, port: int) -> Iterator[str]:
    from agents.models.vllm.server import run_server
    from memory.weights.package_index import cache_folder
    from pelagos.settings_sources import load

    context, log = load(Path.cwd()).models.context, cache_folder() / "vllm-server.log"
    status = make_console().status("converting and starting: some minutes at the first time")
    with ExitStack() as stack:
        with status:
            url = stack.enter_context(run_server(path, name, port, context, log))
        yield url


def _make_row(fit: Fit, recommended: bool) -> dict[str, Any]:
    from agents.models.catalog.locate import find_local

    item, located = fit.item, find_local(fit.item.name)
    return {
        "name": item.name,
        "gb": item.size / 1e9,
        "bytes": item.size,
        "sha256": located.sha256 if located and located.sha256 else item.asset.sha256 if item.asset else "",
        "engine": item.engine,
        "needs_gb": fit.need / 1e9,
        "fits": fit.fits,
        "tokens_s": fit.tokens_s,
        "recommended": recommended,
        "terms": item.terms,
        "licence": item.licence,
        "origin": item.origin,
        "present": located is not None,
        "path": str(located.path) if located else "",
        "about": item.about,
    }


def _make_columns() -> list[Column]:
    from app.live.columns import Column

    right = [Column("GB", right=True), Column("needs", right=True, rank=1)]
    ranked = [Column("here", rank=2), Column("licence", rank=3), Column("", rank=4)]
    return [Column("name"), *right, Column("of"), Column("fits"), Column("tok/s", right=True), *ranked]


def _make_cells(row: dict[str, Any]) -> list[str]:
    speed, memory_kind = row["tokens_s"], {"llama": "memory", "vllm": "card"}[row["engine"]]
    cells = [row["name"], f"{row['gb']:.1f}", f"{row['needs_gb']:.1f}", memory_kind, _format_yes_no(row["fits"])]
    cells.append("–" if speed is None else f"{speed:.0f}" if speed >= 10 else f"{speed:.1f}")
    return [*cells, _format_yes_no(row["present"]), row["terms"], "recommended" if row["recommended"] else ""]


def _format_yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _explain_figures(outlook: Outlook) -> Iterator[str]:
    """Return lines that explain the table's figures and recommend a model."""
    from agents.models.catalog.catalog import DEFAULT
    from agents.models.catalog.choice.advice import MIN_TOKENS_S, usage_command
    from agents.models.catalog.choice.room import CARD_SHARE, reserved_bytes

    card = outlook.card
    yield (
        f"needs: GB with the settings' context; of {outlook.memory / 1e9:.1f} GB of memory that are free here, "
        f"{reserved_bytes() / 1e9:.1f} are kept for prompts and an experiment"
        + (f"; of the {card.total_mb / 1e3:.1f} GB of {card.name}, vLLM takes {CARD_SHARE:.0%}" if card else "")
    )
    yield f"tok/s: about what it writes: {outlook.rate.how}"
    best, reason = outlook.recommended, f"the largest that fits and writes {MIN_TOKENS_S:.0f} tokens/s or more"
    if best is None:
        yield f"none fits and writes {MIN_TOKENS_S:.0f} tokens/s: use an endpoint (--model default=openai:MODEL@URL)"
    elif best.item.name == DEFAULT:
        yield f"recommended: {DEFAULT}, the default: {reason}"
    else:
        yield f"recommended: {best.item.name}, {reason}: {usage_command(best.item)}"


def _fetch_servable(model: str, engine: ServingEngine) -> Path:
    """Return the path of the model to serve, and download it where it is missing. Raises BadInput where the engine
    can't run it."""
    from agents.models.catalog.catalog import find_entry
    from agents.models.catalog.locate import is_path
    from agents.models.vllm.environment import find_python

    if engine is ServingEngine.VLLM:
        find_python()  # before gigabytes are downloaded for it
    elif not is_path(model) and find_entry(model).engine == "vllm":
        raise BadInput(f"model {model!r}: runs on a card by vLLM alone: add --engine vllm")
    return _fetch(model).path


def _fetch(name: str) -> LocatedModel:
    from agents.models.catalog.locate import fetch

    with _show_progress() as progress:
        return fetch(name, progress)


@contextmanager
def _show_progress() -> Iterator[Progress]:
    """Show a bar per stage: parts downloaded, bytes checked, parts joined."""
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    with Bars(transient=True) as bars:
        stages: dict[str, TaskID] = {}

        def update(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage)
            bars.update(stages[stage], completed=done, total=total)

        yield update
