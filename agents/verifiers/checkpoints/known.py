"""Reads known.toml: which public checkpoints there are, and how each lays out and reads its step scores."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from pelagos.errors import BadInput

Kind = Literal["classes", "tag_logits", "value", "scalar", "implicit"]
Form = Literal["chat", "turns", "text", "ids"]
BY_ARCHITECTURE = {"Qwen2ForProcessRewardModel": "qwen"}


@dataclass(frozen=True)
class Layout:
    """Where the step scores stand; the fields are explained in known.toml."""

    name: str
    kind: Kind
    form: Form
    tag: str
    positive: str = ""
    negative: str = ""
    after: str = ""
    label: str = ""
    system: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """`name` is a repository of the hub, or a folder; `reference` and `beta` belong to implicit reward models."""

    name: str
    layout: Layout
    aggregate: str = "min"
    reference: str = ""
    beta: float = 0.05
    note: str = ""


@cache
def layouts() -> dict[str, Layout]:
    return {name: Layout(name, **fields) for name, fields in _read()["layout"].items()}


@cache
def known_checkpoints() -> dict[str, Checkpoint]:
    """Repository name -> checkpoint."""
    rows = [dict(row) for row in _read()["checkpoint"]]
    checkpoints = [Checkpoint(row.pop("repository"), layouts()[row.pop("layout")], **row) for row in rows]
    return {checkpoint.name: checkpoint for checkpoint in checkpoints}


def resolve_checkpoint(name: str, layout: str = "", kind: str = "") -> Checkpoint:
    """Return how the checkpoint `name` is read: a repository's name, or a folder of the user's own.

    A folder is read by `layout` and `kind` where they are given, else by a known repository of the folder's name, else
    by the architecture that its config names. Raises BadInput, which lists what there is, where nothing tells.
    """
    checkpoint = _find(name) or _from_folder(Path(name).expanduser(), name, layout)
    if layout:
        checkpoint = replace(checkpoint, layout=_named(layout, layouts(), f"{name}: layout"))
    if kind:
        checkpoint = replace(checkpoint, layout=replace(checkpoint.layout, kind=_check_kind(name, kind)))
    if checkpoint.layout.kind == "tag_logits" and not checkpoint.layout.positive:
        labelled = _list(each.name for each in layouts().values() if each.positive)
        raise BadInput(
            f"{name}: layout {checkpoint.layout.name!r} has no labels for kind tag_logits; with labels {labelled}"
        )
    return checkpoint


def _find(name: str) -> Checkpoint | None:
    """Return the known checkpoint of a repository's name, or of a folder with the last part of it."""
    known = known_checkpoints()
    last = Path(name).expanduser().resolve().name.lower()
    same = (replace(entry, name=name) for entry in known.values() if entry.name.split("/")[1].lower() == last)
    return known.get(name) or (next(same, None) if Path(name).expanduser().is_dir() else None)


def _from_folder(folder: Path, name: str, layout: str) -> Checkpoint:
    if not folder.is_dir():
        near = difflib.get_close_matches(name, known_checkpoints(), 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known_checkpoints())}"
        raise BadInput(f"checkpoint {name!r}: neither a folder nor a known repository; {hint}")
    architecture = _architecture(folder, name)
    guess = layout or BY_ARCHITECTURE.get(architecture, "")
    if not guess:
        raise BadInput(
            f"checkpoint {name!r}: its config ({architecture or 'no architecture'}) doesn't tell where the step scores "
            f"stand: name its layout, one of {', '.join(layouts())}"
        )
    return Checkpoint(name, _named(guess, layouts(), f"{name}: layout"))


def _architecture(folder: Path, name: str) -> str:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"checkpoint {name!r}: no config.json that can be read: {error}") from None
    named = config.get("architectures") if isinstance(config, dict) else None
    return str(named[0]) if isinstance(named, list) and named else ""


def _named(name: str, entries: dict[str, Layout], where: str) -> Layout:
    if name not in entries:
        raise BadInput(f"{where} {name!r}: no such one: {_list(entries)}")
    return entries[name]


def _check_kind(name: str, kind: str) -> Kind:
    kinds: tuple[Kind, ...] = get_args(Kind)
    matching = [each for each in kinds if each == kind]
    if not matching:
        raise BadInput(f"{name}: kind {kind!r}: no such one: {_list(kinds)}")
    return matching[0]


def _list(names: Iterable[str]) -> str:
    return f"there are {', '.join(names)}"


def _read() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("known.toml").read_text("utf-8"))
