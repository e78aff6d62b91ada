"""Applies a model's reply to a program and checks the result: it parses, touches only what may be edited, changes
something in meaning, and addresses what exists. Whatever is wrong is refused with a cause class and one line.

Formats: whole definitions (`path::qualified.name`) or the whole top-level code (`path::top-level`), a whole file,
search/replace blocks; see `formats`.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import libcst as cst

from pelagos.errors import EditRefused
from tools.code.missing_imports import needed, unbound
from tools.code.program import Program
from tools.code.recovery.constants import used_constants
from tools.code.recovery.endings import check_ending
from tools.code.recovery.joined import joined
from tools.code.recovery.meant import meant
from tools.code.recovery.placeholders import filled
from tools.code.recovery.readable import readable
from tools.code.recovery.statements import bound
from tools.code.replies import Block, Replacement, blocks, replacements
from tools.code.splice import Piece, Pieces, completed, methods, parse, pieces, splice
from tools.code.toplevel.place import keeps_output, new_code, placed
from tools.code.toplevel.statements import NAME as TOP_LEVEL
from tools.code.unused_imports import without_unused

MAX_REPLY = 200_000


def apply(program: Program, reply: str, target: str, *, only: Collection[str] | None = None) -> Program:
    """The program with the reply's edit. `target` is where unlabelled code goes; with `only` (addresses) a reply that
    repeats other definitions doesn't change them unless it addresses them. Raises EditRefused."""
    reply = reply[:MAX_REPLY]
    paths = tuple(program.files)
    pairs = replacements(reply, paths)
    changed = _search_all(program, pairs) if pairs else _blocks(program, reply, target, only)
    return _checked(program, changed)


def apply_file(program: Program, reply: str, path: str) -> Program:
    """The program with `path` rewritten whole; other files only where a block is labelled so. A block that lacks some
    of the file's definitions and its entry point is no whole file: what it has is spliced in. Raises EditRefused."""
    changed: dict[str, str] = {}
    for block in sorted(blocks(reply[:MAX_REPLY], tuple(program.files)), key=lambda block: len(block.code)):
        place = _known(program, block.path) if block.path else path
        code = readable(block.code, pieces(parse(program.files[place])).definitions).code
        if not _is_whole(code, program.files[place]):
            part = replace(block, code=code)
            changed[place] = _definitions(changed.get(place, program.files[place]), part, place, "", None)[0]
        else:
            changed[place] = code
    return _checked(program, changed)


def _is_whole(code: str, text: str) -> bool:
    if set(pieces(parse(text)).definitions) <= set(pieces(parse(code)).definitions):
        return keeps_output(parse(text), parse(code))
    return "__main__" in text and "__main__" in code


def _checked(program: Program, changed: Mapping[str, str]) -> Program:
    for path, text in changed.items():
        if path not in program.editable and text != program.files.get(path):
            raise EditRefused("not_editable", f"{path} must not change; editable: {', '.join(program.editable)}")
        parse(text)
    new = _with_imports(program.with_files(changed), list(changed), program)
    if not new.differs(program):
        raise EditRefused("no_change", "comments, docstrings and formatting don't count as a change")
    return new


def _with_imports(program: Program, paths: list[str], before: Program) -> Program:
    for path in paths:
        lines = [
            cst.ensure_type(cst.parse_statement(line), cst.SimpleStatementLine)
            for line in needed(program, path, before)
        ]
        program = program.with_files({path: splice(parse(program.files[path]), {}, (), lines)}) if lines else program
    return program


def _known(program: Program, path: str) -> str:
    """The program's path that is meant: itself, or the only one that ends the same way."""
    if path in program.files:
        return path
    name = path.rpartition("/")[2]
    same = [known for known in program.files if known.rpartition("/")[2] == name]
    if len(same) == 1:
        return same[0]
    raise EditRefused("unknown_address", f"there is no file {path!r}; {_nearest(path, list(program.files))}")


def _nearest(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
    return f"the nearest is {close[0]!r}" if close else "the program is empty"


def _search_all(program: Program, pairs: list[Replacement]) -> dict[str, str]:
    files = dict(program.files)
    for pair in pairs:
        path = _known(program, pair.path)
        files[path] = _search(files[path], pair, path)
    return {path: text for path, text in files.items() if text != program.files[path]}


def _search(text: str, pair: Replacement, path: str) -> str:
    """One exact occurrence, or one that is equal but for trailing blanks."""
    if pair.search.strip() and text.count(pair.search) == 1:
        return text.replace(pair.search, pair.replace)
    lines, wanted = text.splitlines(keepends=True), [line.rstrip() for line in pair.search.splitlines()]
    places = [
        at
        for at in range(len(lines) - len(wanted) + 1)
        if wanted and [line.rstrip() for line in lines[at : at + len(wanted)]] == wanted
    ]
    if len(places) == 1:
        at = places[0]
        return "".join([*lines[:at], pair.replace, *lines[at + len(wanted) :]])
    first = wanted[0].strip() if wanted else ""
    count = "more than once" if places or text.count(pair.search) > 1 else "nowhere"
    near = _nearest(first, [line.strip() for line in lines if line.strip()])
    raise EditRefused("unknown_address", f"{path}: the lines to replace occur {count}; to {first!r} {near}"[:300])


def _blocks(program: Program, reply: str, target: str, only: Collection[str] | None) -> dict[str, str]:
    """The files that the blocks change. A block that can't be read and has no address is an example or output, and is
    left out, if another one holds the target and needs nothing of it."""
    files = dict(program.files)
    path, _, name = target.partition("::")
    wanted_whole = pieces(parse(files[path])).definitions if only is None else {name.partition(".")[0]}
    readable_blocks, unread = joined(blocks(reply, tuple(program.files)), wanted_whole)
    for block, refused in unread:
        if block.name or only is None:
            raise refused
    touched = False
    for block in readable_blocks:
        place = _known(program, block.path) if block.path else path
        wanted = block.name or (name if place == path else "")
        files[place], hit = _definitions(files[place], block, place, wanted, only)
        touched = touched or hit
    if unread and not (touched and _needs_none(files[path], [block.code for block, _ in unread])):
        raise unread[0][1]
    if not touched:
        raise EditRefused("unknown_address", f"the reply has no definition of {target}: write the whole of it")
    changed = {path: text for path, text in files.items() if text != program.files[path]}
    return {path: without_unused(text, program.files[path]) for path, text in changed.items()}


def _needs_none(text: str, left_out: Sequence[str]) -> bool:
    """Whether no name that the file lacks stands in what was left out of the reply."""
    return not {name for code in left_out for name in bound(code)} & set(unbound(ast.parse(text)))


def _definitions(text: str, block: Block, path: str, name: str, only: Collection[str] | None) -> tuple[str, bool]:
    """The file with the block's parts spliced in, and whether there was a definition or constant among them."""
    if name == TOP_LEVEL:
        return _top_level(text, parse(block.code), path, only)
    module = parse(text)
    have = pieces(module)
    known = _addressed(have)
    found = pieces(parse(block.code))
    if block.name and name not in known:
        if name.rpartition(".")[2] not in found.definitions:
            raise EditRefused("unknown_address", f"{path} has no {name!r}; {_nearest(name, sorted(known))}")
        name = ""
    if block.open:
        check_ending(found, have, name)
    found = meant(found, have, name)
    owner = name.rpartition(".")[0]
    definitions = {n: completed(d, known[n]) if n in known else d for n, d in found.definitions.items()}
    replaced = {n: d for n, d in definitions.items() if n in known or (owner and n.startswith(f"{owner}."))}
    if only is not None and name:
        taken = {owner or name, *(address.removeprefix(f"{path}::") for address in only)}
        replaced = {n: d for n, d in replaced.items() if n in taken or n.partition(".")[0] in taken}
    replaced = {n: filled(d, known[n]) if n in known else d for n, d in replaced.items()}
    added = [d for n, d in definitions.items() if n not in known and n not in replaced]
    constants = used_constants(found.constants, have.constants, [*replaced.values(), *added])
    if name and not replaced and not constants:
        return (text if added else splice(module, {}, (), found.imports)), False
    return splice(module, replaced, added, found.imports, constants), bool(replaced or added or constants)


def _top_level(text: str, block: cst.Module, path: str, only: Collection[str] | None) -> tuple[str, bool]:
    """As `_definitions`, for the statements between them. Definitions that there are change where `only` allows it."""
    known, found = pieces(parse(text)).definitions, pieces(block)
    code = new_code(parse(text), block, path)
    beside = {n: d for n, d in found.definitions.items() if d not in code}
    replaced = {n: completed(d, known[n]) for n, d in beside.items() if n in known}
    taken = {n: d for n, d in replaced.items() if only is None or f"{path}::{n}" in only}
    added = [d for n, d in beside.items() if n not in known]
    if not code:
        return splice(parse(text), taken, (), found.imports), bool(taken)
    return placed(parse(splice(parse(text), taken, ())), code, added, found.imports), True


def _addressed(have: Pieces) -> dict[str, Piece]:
    """The definitions and methods there are, by qualified name."""
    inside = {f"{c}.{m}": piece for c, d in have.definitions.items() for m, piece in methods(d).items()}
    return {**have.definitions, **inside}
