"""Resolves which of a reply's definitions are meant for the target: methods of its class, or a renamed target."""

from __future__ import annotations

import difflib

import libcst as cst
import libcst.matchers as m

from pelagos.errors import EditRefused
from tools.code.program.recovery.signatures import align_signature, required_arguments
from tools.code.program.splice import CodeParts, DefinitionNode, collect_methods

_VERBS = {"make", "create", "build", "get", "new", "init", "setup", "define"}


def resolve_definitions(reply: CodeParts, file: CodeParts, name: str) -> CodeParts:
    """`reply` with the names under which its definitions go into `file`, and with the signature of the target `name`
    ("": none) aligned with its callers. Raises EditRefused(unknown_address)."""
    owner, _, method = name.rpartition(".")
    if owner:
        return _resolve_method(reply, file, owner, method)
    old_definition = file.definitions.get(name)
    if isinstance(old_definition, cst.ClassDef) and name not in reply.definitions:
        reply = _resolve_class(reply, file, name, old_definition)
    elif name and name not in reply.definitions:
        reply = _resolve_function(reply, file, name)
    new_definition = reply.definitions.get(name)
    if isinstance(new_definition, cst.FunctionDef) and isinstance(old_definition, cst.FunctionDef):
        definitions = {**reply.definitions, name: align_signature(new_definition, old_definition, file.constants)}
        return CodeParts(definitions, reply.imports, reply.constants)
    return reply


def _resolve_method(reply: CodeParts, file: CodeParts, owner: str, method: str) -> CodeParts:
    """Resolve the definitions of a reply for `Class.method`: methods of the class, or a bare function."""
    definitions = dict(reply.definitions)
    whole_class = definitions.pop(owner, None)
    if whole_class is not None:
        definitions |= {f"{owner}.{name}": node for name, node in collect_methods(whole_class).items()}
    if method in definitions and method not in file.definitions:
        definitions[f"{owner}.{method}"] = definitions.pop(method)
    old_methods = collect_methods(file.definitions[owner]) if owner in file.definitions else {}
    for name, node in old_methods.items():
        new_method = definitions.get(f"{owner}.{name}")
        if isinstance(new_method, cst.FunctionDef):
            definitions[f"{owner}.{name}"] = align_signature(new_method, node)
    return CodeParts(definitions, reply.imports, reply.constants)


def _resolve_class(reply: CodeParts, file: CodeParts, name: str, old: cst.ClassDef) -> CodeParts:
    """Resolve a reply for a class that consists of bare functions: those that take `self` and have the name of a method
    of the class replace that method."""
    old_methods = collect_methods(old)
    definitions = {
        f"{name}.{n}" if n in old_methods and n not in file.definitions and _takes_self(node) else n: node
        for n, node in reply.definitions.items()
    }
    return CodeParts(definitions, reply.imports, reply.constants)


def _takes_self(node: DefinitionNode) -> bool:
    return isinstance(node, cst.FunctionDef) and required_arguments(node)[:1] == ["self"]


def _resolve_function(reply: CodeParts, file: CodeParts, name: str) -> CodeParts:
    """Resolve a reply with new functions and without the target: the only one that can be called like the target and
    that no other definition uses is taken as the target, since nothing would call it otherwise. Raises EditRefused if
    the only new definition has nearly the target's name. All others are helpers."""
    new_definitions, old = (
        {n: node for n, node in reply.definitions.items() if n not in file.definitions},
        file.definitions.get(name),
    )
    if isinstance(old, cst.FunctionDef):
        matches = [
            n for n, node in new_definitions.items() if _is_called_alike(node, old, name) and not _is_used(n, reply)
        ]
        if len(matches) == 1:
            return _rename_definition(reply, matches[0], name)
    single_name = next(iter(new_definitions)) if len(new_definitions) == 1 and len(reply.definitions) == 1 else ""
    if not difflib.get_close_matches(single_name, [name], cutoff=0.6):
        return reply
    raise EditRefused("unknown_address", f"the definition must keep the name {name!r}; the reply has {single_name!r}")


def _is_called_alike(node: DefinitionNode, old: cst.FunctionDef, name: str) -> bool:
    """Whether a definition has the same required arguments as the old one (if there are none, a word of the name in
    common), returns a value if the old one does, and does not call it."""
    if not isinstance(node, cst.FunctionDef) or required_arguments(node) != required_arguments(old):
        return False
    if not required_arguments(old) and not _name_words(node.name.value) & _name_words(name):
        return False
    return _returns_value(node) >= _returns_value(old) and not m.findall(node.body, m.Name(name))


def _name_words(name: str) -> set[str]:
    return {*name.lower().split("_")} - _VERBS


def _returns_value(function: cst.FunctionDef) -> bool:
    returns = m.findall(function.body, m.Return())
    return any(isinstance(statement, cst.Return) and statement.value is not None for statement in returns)


def _is_used(name: str, reply: CodeParts) -> bool:
    """Whether a definition of the reply refers to the name, including itself."""
    return any(m.findall(node.body, m.Name(name)) for node in reply.definitions.values())


def _rename_definition(reply: CodeParts, old: str, name: str) -> CodeParts:
    definitions = dict(reply.definitions)
    definitions[name] = definitions.pop(old).with_changes(name=cst.Name(name))
    return CodeParts(definitions, reply.imports, reply.constants)
