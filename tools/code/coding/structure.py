"""Extracts the local structure around a fault from the syntax tree: the code that a model needs to correct it.

Contains the definition that raised and the definitions that the edit changed, in full, because an error often appears
outside the edit. The values at the error are kept apart from the code so that no reply repeats them as code. Imports
and called definitions are in the outline at the start of every prompt. The size is bounded in characters; the faulty
definition is cut last. The result is deterministic.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.code.coding import call_signatures
from tools.code.coding.observed_calls import Functions, format_shapes
from tools.code.coding.traceback import Error, Frame
from tools.code.program.program import Definition, Program, first_line, normalize
from tools.code.program.toplevel import statements


@dataclass(frozen=True)
class Structure:
    """`address` is the definition to correct: the one that raised if the edit changed it, else a changed one; "" if
    neither is known. `text` is the code; `error_context` is the raising line, the values there and the call path."""

    address: str
    text: str
    error_context: str = ""


def extract_structure(
    program: Program, error: Error | None, target: str, budget: int, changed: Sequence[str] = ()
) -> Structure:
    """The structure at the innermost own frame and at the addresses that the edit `changed`. Without a frame (timeout,
    NaN, no effect) the target takes the frame's place. `budget` is in characters."""
    frames = error.frames if error is not None else ()
    definitions = (find_definition_at(program, frame.file, frame.line) for frame in reversed(frames))
    raised = next((address for address in definitions if address), "")
    if not raised and not frames:
        raised = target
    suspects = [address for address in changed if program.node(address) is not None]
    address = raised if raised in suspects or not suspects else suspects[0]
    path = raised.partition("::")[0] or (frames[-1].file if frames else target.partition("::")[0])
    shown = list(dict.fromkeys(_enclosing_definition(program, suspect) for suspect in (raised, *suspects) if suspect))
    code = [
        _format_faulty_code(program, raised, path, frames),
        *(f"# {definition}\n{program.source(definition)}" for definition in shown[bool(raised) :]),
    ]
    signatures = (
        call_signatures.format_signatures(frames[-1].source, error.call_signatures)
        if error is not None and frames
        else ""
    )
    context = [_format_values(frames), signatures, _format_call_path(frames) if len(frames) > 1 else ""]
    return Structure(
        address,
        _fit_to_budget([part for part in code if part], budget),
        _fit_to_budget([part for part in context if part], budget),
    )


def find_changed_definitions(program: Program, baseline: Program) -> list[str]:
    """Addresses of the innermost definitions that are new or differ in meaning from the baseline, in file order; then
    of changed top-level code if it does the program's work or if nothing else differs."""
    differing = [address for address in program.definitions if _differs(program, baseline, address)]
    innermost = [
        candidate for candidate in differing if not any(other.startswith(f"{candidate}.") for other in differing)
    ]
    code = [
        address for path in program.trees if _differs(program, baseline, address := f"{path}::{statements.TOP_LEVEL}")
    ]
    working_code = [
        address
        for address in code
        if statements.does_work(statements.top_level_statements(program.trees[_path(address)]))
    ]
    return [*innermost, *(working_code if innermost else code)]


def _differs(program: Program, baseline: Program, address: str) -> bool:
    if program.node(address) is None or baseline.node(address) is None:
        return program.node(address) is not None
    old, new = (normalize(textwrap.dedent(version.source(address))) for version in (baseline, program))
    return old != new


def _path(address: str) -> str:
    return address.partition("::")[0]


def _enclosing_definition(program: Program, address: str) -> str:
    """The class for a method's address, else the address itself: a method is shown with its class."""
    path, _, name = address.partition("::")
    owner = f"{path}::{name.partition('.')[0]}"
    return owner if owner in program.definitions else address


def find_definition_at(program: Program, path: str, line: int) -> str:
    """The address of the innermost definition at a line, else of the top-level code; "" if the line is in neither."""
    top_level = f"{path}::{statements.TOP_LEVEL}"
    innermost = top_level if path in program.trees and line in program.lines(top_level) else ""
    for address, node in program.definitions.items():
        if address.startswith(f"{path}::") and first_line(node) <= line <= (node.end_lineno or 0):
            innermost = address
    return innermost


def format_signature(node: Definition) -> str:
    """The head of a definition and the first line of its docstring, as code."""
    first_doc_line = (ast.get_docstring(node) or "").partition("\n")[0]
    docstring = f'\n    """{first_doc_line}"""' if first_doc_line else ""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        methods_found = [item for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))]
        methods = "".join(f"\n    def {item.name}({ast.unparse(item.args)}): ..." for item in methods_found)
        return f"class {node.name}({bases}):{docstring}{methods}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}:{docstring or ' ...'}"


def _format_faulty_code(program: Program, address: str, path: str, frames: Sequence[Frame]) -> str:
    if address:
        enclosing = _enclosing_definition(program, address)
        return f"# {enclosing}\n{_mark_error_line(program, enclosing, frames)}"
    if path not in program.files or not frames:
        return ""
    lines, at = program.files[path].splitlines(), frames[-1].line
    return f"# {path}, lines around {at}\n" + "\n".join(lines[max(0, at - 6) : at + 5])


def _format_values(frames: Sequence[Frame]) -> str:
    """The line that raised and the values there."""
    if not frames:
        return ""
    values = "\n".join(f"  {name} = {value}" for name, value in frames[-1].values.items())
    return f"raised at line: {frames[-1].source.strip()}" + (f"\nvalues there:\n{values}" if values else "")


def _mark_error_line(program: Program, address: str, frames: Sequence[Frame]) -> str:
    """The definition's source with a mark at the line of the innermost own frame."""
    lines = program.lines(address)
    if frames and frames[-1].file == _path(address) and frames[-1].line in lines:
        lines[frames[-1].line] += "  # <-- the error is raised here"
    return "\n".join(lines.values())


def _neighbour_signatures(program: Program, address: str) -> Iterator[str]:
    """Signatures of the definitions that the code at `address` calls and of those that call it, matched by name."""
    node = program.node(address)
    if node is None:
        return
    called, name = _referenced_names(node), getattr(node, "name", "")
    for other, definition in program.definitions.items():
        if _enclosing_definition(program, other) == address:
            continue
        if definition.name in called:
            yield f"# it uses {other}\n{format_signature(definition)}"
        elif "." not in other.partition("::")[2] and name in _referenced_names(definition):
            yield f"# it is used by {other}\n{format_signature(definition)}"


def _referenced_names(node: ast.AST) -> set[str]:
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def _format_call_path(frames: Sequence[Frame]) -> str:
    steps = [f"  {frame.file}:{frame.line} in {frame.function}: {frame.source.strip()}" for frame in frames[-6:]]
    return "how it got there:\n" + "\n".join(steps)


def _fit_to_budget(parts: Sequence[str], budget: int) -> str:
    """Join the parts that fit into the budget, in order. The first part is cut in its middle if it is too long."""
    fitting, remaining = list[str](), budget
    for part in parts:
        if not fitting and len(part) > remaining:
            part = part[: remaining // 2] + "\n# ...\n" + part[-remaining // 2 :]
        if fitting and len(part) > remaining:
            continue
        fitting.append(part)
        remaining -= len(part) + 2
    return "\n\n".join(fitting)


def format_outline(program: Program, path: str, functions: Functions) -> str:
    """One file in outline: imports and constants as they are, definitions as signatures with captured shapes, and the
    top-level code if it does the program's work."""
    parts = []
    code = statements.top_level_statements(program.trees[path])
    working_code = code if statements.does_work(code) else []
    for node in program.trees[path].body:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)):
            parts.append(ast.unparse(node)[:300])
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            shapes = format_shapes(f"{path}::{node.name}", functions)
            parts.append(format_signature(node) + (f"\n{shapes}" if shapes else ""))
        elif node in working_code:
            parts.append(ast.unparse(node)[:1000])
    return "\n".join(parts)


def format_neighbours(program: Program, address: str) -> str:
    """Signatures of the definitions that the code at `address` uses and of those that use it, as code."""
    return "\n\n".join(_neighbour_signatures(program, address))
