"""Which of a reply's definitions are meant for the target: methods of its class, the target under another name."""

from __future__ import annotations

import difflib

import libcst as cst
import libcst.matchers as m

from pelagos.errors import EditRefused
from tools.code.recovery.signatures import aligned, required
from tools.code.splice import Piece, Pieces, methods

_VERBS = {"make", "create", "build", "get", "new", "init", "setup", "define"}


def meant(found: Pieces, have: Pieces, name: str) -> Pieces:
    """`found` with the names under which its definitions go into a file that holds `have`, for the target `name`
    ("": none), whose signature fits its callers. Raises EditRefused(unknown_address)."""
    owner, _, method = name.rpartition(".")
    if owner:
        return _as_methods(found, have, owner, method)
    old = have.definitions.get(name)
    if isinstance(old, cst.ClassDef) and name not in found.definitions:
        found = _of_class(found, have, name, old)
    elif name and name not in found.definitions:
        found = _kept_name(found, have, name)
    new = found.definitions.get(name)
    if isinstance(new, cst.FunctionDef) and isinstance(old, cst.FunctionDef):
        definitions = {**found.definitions, name: aligned(new, old, have.constants)}
        return Pieces(definitions, found.imports, found.constants)
    return found


def _as_methods(found: Pieces, have: Pieces, owner: str, method: str) -> Pieces:
    """Definitions of a reply to `Class.method`: the class's methods, or a bare function that takes `self`."""
    definitions = dict(found.definitions)
    whole = definitions.pop(owner, None)
    if whole is not None:
        definitions |= {f"{owner}.{name}": piece for name, piece in methods(whole).items()}
    if method in definitions and method not in have.definitions:
        definitions[f"{owner}.{method}"] = definitions.pop(method)
    old = methods(have.definitions[owner]) if owner in have.definitions else {}
    for name, piece in old.items():
        new = definitions.get(f"{owner}.{name}")
        if isinstance(new, cst.FunctionDef):
            definitions[f"{owner}.{name}"] = aligned(new, piece)
    return Pieces(definitions, found.imports, found.constants)


def _of_class(found: Pieces, have: Pieces, name: str, old: cst.ClassDef) -> Pieces:
    """A reply about a class that has bare functions instead: those that take `self` and are called like methods of the
    class are meant for them."""
    known = methods(old)
    definitions = {
        f"{name}.{n}" if n in known and n not in have.definitions and _takes_self(piece) else n: piece
        for n, piece in found.definitions.items()
    }
    return Pieces(definitions, found.imports, found.constants)


def _takes_self(piece: Piece) -> bool:
    return isinstance(piece, cst.FunctionDef) and required(piece)[:1] == ["self"]


def _kept_name(found: Pieces, have: Pieces, name: str) -> Pieces:
    """A reply with new functions and no target: the only one that is called as the target is and that nothing else in
    the reply uses is taken for it (nothing would call it otherwise). Refused where the only new definition just has
    nearly the target's name. Any other is a helper."""
    new, old = (
        {n: piece for n, piece in found.definitions.items() if n not in have.definitions},
        have.definitions.get(name),
    )
    if isinstance(old, cst.FunctionDef):
        alike = [n for n, piece in new.items() if _called_alike(piece, old, name) and not _used(n, found)]
        if len(alike) == 1:
            return _renamed(found, alike[0], name)
    only = next(iter(new)) if len(new) == 1 and len(found.definitions) == 1 else ""
    if not difflib.get_close_matches(only, [name], cutoff=0.6):
        return found
    raise EditRefused("unknown_address", f"the definition must keep the name {name!r}; the reply has {only!r}")


def _called_alike(piece: Piece, old: cst.FunctionDef, name: str) -> bool:
    """Whether it takes the same required arguments (where there are none, a word of the name must be the same), returns
    something where the old one does, and isn't a caller."""
    if not isinstance(piece, cst.FunctionDef) or required(piece) != required(old):
        return False
    if not required(old) and not _words(piece.name.value) & _words(name):
        return False
    return _returns(piece) >= _returns(old) and not m.findall(piece.body, m.Name(name))


def _words(name: str) -> set[str]:
    return {*name.lower().split("_")} - _VERBS


def _returns(function: cst.FunctionDef) -> bool:
    found = m.findall(function.body, m.Return())
    return any(isinstance(one, cst.Return) and one.value is not None for one in found)


def _used(name: str, found: Pieces) -> bool:
    """Whether a definition of the reply names it, itself among them."""
    return any(m.findall(piece.body, m.Name(name)) for piece in found.definitions.values())


def _renamed(found: Pieces, old: str, name: str) -> Pieces:
    definitions = dict(found.definitions)
    definitions[name] = definitions.pop(old).with_changes(name=cst.Name(name))
    return Pieces(definitions, found.imports, found.constants)
