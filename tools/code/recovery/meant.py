"""Which of a reply's definitions are meant for the target: methods of its class, the target under another name."""

from __future__ import annotations

import difflib

import libcst as cst

from pelagos.errors import EditRefused
from tools.code.splice import Piece, Pieces, methods


def meant(found: Pieces, have: Pieces, name: str) -> Pieces:
    """`found` with the names under which its definitions go into a file that holds `have`, for the target `name`
    ("": none). Raises EditRefused(unknown_address)."""
    owner, _, method = name.rpartition(".")
    if owner:
        return _as_methods(found, have, owner, method)
    if name and name not in found.definitions and len(found.definitions) == 1:
        return _kept_name(found, have, name)
    return found


def _as_methods(found: Pieces, have: Pieces, owner: str, method: str) -> Pieces:
    """Definitions of a reply to `Class.method`: the class's methods, or a bare function that takes `self`."""
    definitions = dict(found.definitions)
    whole = definitions.pop(owner, None)
    if whole is not None:
        definitions |= {f"{owner}.{name}": piece for name, piece in methods(whole).items()}
    if method in definitions and method not in have.definitions:
        definitions[f"{owner}.{method}"] = definitions.pop(method)
    return Pieces(definitions, found.imports, found.constants)


def _kept_name(found: Pieces, have: Pieces, name: str) -> Pieces:
    """A reply with one new function and no target: taken for the target where it is called alike (nothing would call
    it otherwise), refused where only its name is nearly the target's. Any other is a helper."""
    (only,) = found.definitions
    if only in have.definitions:
        return found
    new, old = found.definitions[only], have.definitions.get(name)
    if isinstance(new, cst.FunctionDef) and isinstance(old, cst.FunctionDef) and _required(new) == _required(old):
        renamed: Piece = new.with_changes(name=cst.Name(name))
        return Pieces({name: renamed}, found.imports, found.constants)
    if not difflib.get_close_matches(only, [name], cutoff=0.6):
        return found
    raise EditRefused("unknown_address", f"the definition must keep the name {name!r}; the reply has {only!r}")


def _required(function: cst.FunctionDef) -> list[str]:
    """The names of the arguments a call must give."""
    return [param.name.value for param in function.params.params if param.default is None]
