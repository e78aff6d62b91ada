"""Applies a model's reply to a program and checks the result: it parses, changes only editable files, differs in
meaning and addresses existing code. Faults are refused with a cause class and one line (EditRefused).

Formats: whole definitions (`path::qualified.name`), the whole top-level code (`path::top-level`), a whole file, or
search/replace blocks; see `tools/code/coding/profiles.py`.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import libcst as cst

from pelagos.errors import EditRefused
from tools.code.program.missing_imports import find_missing_imports, find_unbound_names
from tools.code.program.program import Program
from tools.code.program.recovery.blocks import join_blocks
from tools.code.program.recovery.constants import select_used_constants
from tools.code.program.recovery.definitions import resolve_definitions
from tools.code.program.recovery.endings import check_ending
from tools.code.program.recovery.placeholders import fill_placeholders
from tools.code.program.recovery.statements import find_bound_names
from tools.code.program.recovery.tolerant_parsing import parse_tolerantly
from tools.code.program.replies import Block, Replacement, extract_blocks, extract_replacements
from tools.code.program.splice import (
    CodeParts,
    DefinitionNode,
    collect_methods,
    collect_parts,
    parse,
    restore_signatures,
    splice,
)
from tools.code.program.toplevel.placement import place_top_level, resolve_top_level, still_writes_output
from tools.code.program.toplevel.statements import TOP_LEVEL
from tools.code.program.unused_imports import remove_unused_imports

MAX_REPLY_CHARS = 200_000


def apply(program: Program, reply: str, target: str, *, only: Collection[str] | None = None) -> Program:
    """The program with the reply's edit. `target` is the address of unlabelled code. With `only` (addresses), other
    definitions that the reply repeats are not changed unless a block addresses them. Raises EditRefused."""
    reply = reply[:MAX_REPLY_CHARS]
    paths = tuple(program.files)
    pairs = extract_replacements(reply, paths)
    changed = _apply_replacements(program, pairs) if pairs else _apply_blocks(program, reply, target, only)
    return _check_edit(program, changed)


def apply_file(program: Program, reply: str, path: str) -> Program:
    """The program with the whole file `path` replaced; other files only if a block is labelled with their path. A block
    that lacks definitions of the file and its entry point is not a whole file: its definitions are spliced in. Raises
    EditRefused."""
    changed_files: dict[str, str] = {}
    for block in sorted(
        extract_blocks(reply[:MAX_REPLY_CHARS], tuple(program.files)), key=lambda block: len(block.code)
    ):
        block_path = _resolve_path(program, block.path) if block.path else path
        code = parse_tolerantly(block.code, collect_parts(parse(program.files[block_path])).definitions).code
        if not _is_whole(code, program.files[block_path]):
            part = replace(block, code=code)
            changed_files[block_path] = _splice_block(
                changed_files.get(block_path, program.files[block_path]), part, block_path, "", None
            )[0]
        else:
            changed_files[block_path] = code
    return _check_edit(program, changed_files)


def _is_whole(code: str, text: str) -> bool:
    if set(collect_parts(parse(text)).definitions) <= set(collect_parts(parse(code)).definitions):
        return still_writes_output(parse(text), parse(code))
    return "__main__" in text and "__main__" in code


def _check_edit(program: Program, changed: Mapping[str, str]) -> Program:
    for path, text in changed.items():
        if path not in program.editable and text != program.files.get(path):
            raise EditRefused("not_editable", f"{path} must not change; editable: {', '.join(program.editable)}")
        parse(text)
    new = _add_missing_imports(program.with_files(changed), list(changed), program)
    if not new.differs(program):
        raise EditRefused("no_change", "comments, docstrings and formatting don't count as a change")
    return new


def _add_missing_imports(program: Program, paths: list[str], before: Program) -> Program:
    for path in paths:
        lines = [
            cst.ensure_type(cst.parse_statement(line), cst.SimpleStatementLine)
            for line in find_missing_imports(program, path, before)
        ]
        program = program.with_files({path: splice(parse(program.files[path]), {}, (), lines)}) if lines else program
    return program


def _resolve_path(program: Program, path: str) -> str:
    """The program's path that `path` names: itself, or the only one with the same file name. Raises EditRefused."""
    if path in program.files:
        return path
    name = path.rpartition("/")[2]
    matches = [candidate for candidate in program.files if candidate.rpartition("/")[2] == name]
    if len(matches) == 1:
        return matches[0]
    raise EditRefused("unknown_address", f"there is no file {path!r}; {_suggest_name(path, list(program.files))}")


def _suggest_name(name: str, names: list[str]) -> str:
    matches = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
    return f"the nearest is {matches[0]!r}" if matches else "the program is empty"


def _apply_replacements(program: Program, pairs: list[Replacement]) -> dict[str, str]:
    files = dict(program.files)
    for pair in pairs:
        path = _resolve_path(program, pair.path)
        files[path] = _apply_replacement(files[path], pair, path)
    return {path: text for path, text in files.items() if text != program.files[path]}


def _apply_replacement(text: str, pair: Replacement, path: str) -> str:
    """Replace the only occurrence, exact or equal except for trailing blanks. Raises EditRefused."""
    if pair.search.strip() and text.count(pair.search) == 1:
        return text.replace(pair.search, pair.replace)
    lines, search_lines = text.splitlines(keepends=True), [line.rstrip() for line in pair.search.splitlines()]
    starts = [
        start
        for start in range(len(lines) - len(search_lines) + 1)
        if search_lines and [line.rstrip() for line in lines[start : start + len(search_lines)]] == search_lines
    ]
    if len(starts) == 1:
        start = starts[0]
        return "".join([*lines[:start], pair.replace, *lines[start + len(search_lines) :]])
    first_line = search_lines[0].strip() if search_lines else ""
    count = "more than once" if starts or text.count(pair.search) > 1 else "nowhere"
    suggestion = _suggest_name(first_line, [line.strip() for line in lines if line.strip()])
    raise EditRefused(
        "unknown_address", f"{path}: the lines to replace occur {count}; to {first_line!r} {suggestion}"[:300]
    )


def _apply_blocks(program: Program, reply: str, target: str, only: Collection[str] | None) -> dict[str, str]:
    """The files that the blocks change, path -> text. A block that can't be parsed and has no address is an example or
    output: it is left out if another block has the target and uses no name of it. Raises EditRefused."""
    files = dict(program.files)
    path, _, name = target.partition("::")
    required = collect_parts(parse(files[path])).definitions if only is None else {name.partition(".")[0]}
    readable, unread = join_blocks(extract_blocks(reply, tuple(program.files)), required)
    for block, refused in unread:
        if block.name or only is None:
            raise refused
    changed_something = False
    for block in readable:
        block_path = _resolve_path(program, block.path) if block.path else path
        address = block.name or (name if block_path == path else "")
        files[block_path], has_definition = _splice_block(files[block_path], block, block_path, address, only)
        changed_something = changed_something or has_definition
    if unread and not (changed_something and _needs_nothing_of(files[path], [block.code for block, _ in unread])):
        raise unread[0][1]
    if not changed_something:
        raise EditRefused("unknown_address", f"the reply has no definition of {target}: write the whole of it")
    changed = {path: text for path, text in files.items() if text != program.files[path]}
    return {path: remove_unused_imports(text, program.files[path]) for path, text in changed.items()}


def _needs_nothing_of(text: str, left_out: Sequence[str]) -> bool:
    """Whether no name that is unbound in the file is bound by the parts left out of the reply."""
    return not {name for code in left_out for name in find_bound_names(code)} & set(find_unbound_names(ast.parse(text)))


def _splice_block(text: str, block: Block, path: str, name: str, only: Collection[str] | None) -> tuple[str, bool]:
    """The file's text with the block's parts spliced in, and whether a definition or constant was among them."""
    if name == TOP_LEVEL:
        return _splice_top_level(text, parse(block.code), path, only)
    module = parse(text)
    file_parts = collect_parts(module)
    existing = _index_definitions(file_parts)
    reply_parts = collect_parts(parse(block.code))
    if block.name and name not in existing:
        if name.rpartition(".")[2] not in reply_parts.definitions:
            raise EditRefused("unknown_address", f"{path} has no {name!r}; {_suggest_name(name, sorted(existing))}")
        name = ""
    if block.open:
        check_ending(reply_parts, file_parts, name)
    reply_parts = resolve_definitions(reply_parts, file_parts, name)
    owner = name.rpartition(".")[0]
    definitions = {
        n: restore_signatures(d, existing[n]) if n in existing else d for n, d in reply_parts.definitions.items()
    }
    replaced = {n: d for n, d in definitions.items() if n in existing or (owner and n.startswith(f"{owner}."))}
    if only is not None and name:
        allowed = {owner or name, *(address.removeprefix(f"{path}::") for address in only)}
        replaced = {n: d for n, d in replaced.items() if n in allowed or n.partition(".")[0] in allowed}
    replaced = {n: fill_placeholders(d, existing[n]) if n in existing else d for n, d in replaced.items()}
    added = [d for n, d in definitions.items() if n not in existing and n not in replaced]
    constants = select_used_constants(reply_parts.constants, file_parts.constants, [*replaced.values(), *added])
    if name and not replaced and not constants:
        return (text if added else splice(module, {}, (), reply_parts.imports)), False
    return splice(module, replaced, added, reply_parts.imports, constants), bool(replaced or added or constants)


def _splice_top_level(text: str, block: cst.Module, path: str, only: Collection[str] | None) -> tuple[str, bool]:
    """Like `_splice_block`, for top-level code. Existing definitions change only if `only` allows it."""
    existing, reply_parts = collect_parts(parse(text)).definitions, collect_parts(block)
    code = resolve_top_level(parse(text), block, path)
    definitions = {n: d for n, d in reply_parts.definitions.items() if d not in code}
    replaced = {n: restore_signatures(d, existing[n]) for n, d in definitions.items() if n in existing}
    allowed = {n: d for n, d in replaced.items() if only is None or f"{path}::{n}" in only}
    added = [d for n, d in definitions.items() if n not in existing]
    if not code:
        return splice(parse(text), allowed, (), reply_parts.imports), bool(allowed)
    return place_top_level(parse(splice(parse(text), allowed, ())), code, added, reply_parts.imports), True


def _index_definitions(parts: CodeParts) -> dict[str, DefinitionNode]:
    """Qualified name -> definition or method."""
    methods = {f"{c}.{m}": node for c, d in parts.definitions.items() for m, node in collect_methods(d).items()}
    return {**parts.definitions, **methods}
