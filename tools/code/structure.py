"""The local structure around a fault, by syntax tree: what a model needs to see and nothing else. Deterministic.

The definition that raised and those that the edit changed, whole (an error often shows up where the edit was not), and
apart from them, so that no reply repeats it as code, what was seen when it raised. What the definitions call and the
imports stand in the outline that every prompt begins with. Bounded in characters; the definition itself is cut last.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.code import libraries
from tools.code.program import Definition, Program, first_line, meaning
from tools.code.shapes import Functions, comment
from tools.code.toplevel import statements
from tools.code.traceback import Error, Frame


@dataclass(frozen=True)
class Structure:
    """`address` is the definition to correct: the one that raised if the edit changed it, else one that it changed;
    "" where neither is known. `text` is the code, `seen` what was seen when it raised."""

    address: str
    text: str
    seen: str = ""


def around(program: Program, error: Error | None, target: str, budget: int, changed: Sequence[str] = ()) -> Structure:
    """The structure at the innermost own frame and at what the edit `changed` (addresses); without a frame (timeout,
    NaN, no effect) at the target and what was changed."""
    frames = error.frames if error is not None else ()
    raised = next((found for frame in reversed(frames) if (found := at_line(program, frame.file, frame.line))), "")
    if not raised and not frames:
        raised = target
    suspects = [address for address in changed if program.node(address) is not None]
    address = raised if raised in suspects or not suspects else suspects[0]
    path = raised.partition("::")[0] or (frames[-1].file if frames else target.partition("::")[0])
    shown = [*dict.fromkeys(_outer(program, one) for one in (raised, *suspects) if one)]
    code = [
        _faulty(program, raised, path, frames),
        *(f"# {one}\n{program.source(one)}" for one in shown[bool(raised) :]),
    ]
    called = libraries.comment(frames[-1].source, error.libraries) if error is not None and frames else ""
    seen = [_seen(frames), called, _calls(frames) if len(frames) > 1 else ""]
    return Structure(
        address, _fit([part for part in code if part], budget), _fit([part for part in seen if part], budget)
    )


def changed_definitions(program: Program, baseline: Program) -> list[str]:
    """Addresses of innermost definitions whose meaning differs from the baseline's or that are new, in file order, then
    of the top-level code where it does a program's work or nothing else differs."""
    differing = [address for address in program.definitions if _differs(program, baseline, address)]
    inner = [one for one in differing if not any(other.startswith(f"{one}.") for other in differing)]
    code = [address for path in program.trees if _differs(program, baseline, address := f"{path}::{statements.NAME}")]
    working = [address for address in code if statements.works(statements.statements(program.trees[_path(address)]))]
    return [*inner, *(working if inner else code)]


def _differs(program: Program, baseline: Program, address: str) -> bool:
    if program.node(address) is None or baseline.node(address) is None:
        return program.node(address) is not None
    old, new = (meaning(textwrap.dedent(one.source(address))) for one in (baseline, program))
    return old != new


def _path(address: str) -> str:
    return address.partition("::")[0]


def _outer(program: Program, address: str) -> str:
    """A method is shown with its class."""
    path, _, name = address.partition("::")
    owner = f"{path}::{name.partition('.')[0]}"
    return owner if owner in program.definitions else address


def at_line(program: Program, path: str, line: int) -> str:
    """The address of the innermost definition at a line, else of the top-level code; "" where it is neither."""
    code = f"{path}::{statements.NAME}"
    found = code if path in program.trees and line in program.lines(code) else ""
    for address, node in program.definitions.items():
        if address.startswith(f"{path}::") and first_line(node) <= line <= (node.end_lineno or 0):
            found = address
    return found


def signature(node: Definition) -> str:
    """The head of a definition and the first line of its docstring, as code."""
    doc = (ast.get_docstring(node) or "").partition("\n")[0]
    note = f'\n    """{doc}"""' if doc else ""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        inner = [item for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))]
        methods = "".join(f"\n    def {item.name}({ast.unparse(item.args)}): ..." for item in inner)
        return f"class {node.name}({bases}):{note}{methods}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}:{note or ' ...'}"


def _faulty(program: Program, address: str, path: str, frames: Sequence[Frame]) -> str:
    if address:
        whole = _outer(program, address)
        return f"# {whole}\n{_marked(program, whole, frames)}"
    if path not in program.files or not frames:
        return ""
    lines, at = program.files[path].splitlines(), frames[-1].line
    return f"# {path}, lines around {at}\n" + "\n".join(lines[max(0, at - 6) : at + 5])


def _seen(frames: Sequence[Frame]) -> str:
    """The line that raised and the values there."""
    if not frames:
        return ""
    values = "\n".join(f"  {name} = {value}" for name, value in frames[-1].values.items())
    return f"raised at line: {frames[-1].source.strip()}" + (f"\nvalues there:\n{values}" if values else "")


def _marked(program: Program, address: str, frames: Sequence[Frame]) -> str:
    """The definition with a mark at the line where the innermost own frame stands."""
    lines = program.lines(address)
    if frames and frames[-1].file == _path(address) and frames[-1].line in lines:
        lines[frames[-1].line] += "  # <-- the error is raised here"
    return "\n".join(lines.values())


def _neighbours(program: Program, address: str) -> Iterator[str]:
    """Signatures of what the definition or the top-level code calls, then of what calls it, by name."""
    node = program.node(address)
    if node is None:
        return
    called, name = _names(node), getattr(node, "name", "")
    for other, definition in program.definitions.items():
        if _outer(program, other) == address:
            continue
        if definition.name in called:
            yield f"# it uses {other}\n{signature(definition)}"
        elif "." not in other.partition("::")[2] and name in _names(definition):
            yield f"# it is used by {other}\n{signature(definition)}"


def _names(node: ast.AST) -> set[str]:
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def _calls(frames: Sequence[Frame]) -> str:
    steps = [f"  {frame.file}:{frame.line} in {frame.function}: {frame.source.strip()}" for frame in frames[-6:]]
    return "how it got there:\n" + "\n".join(steps)


def _fit(parts: Sequence[str], budget: int) -> str:
    """The first parts that fit, in order of use; the first one is cut in its middle if it alone is too long."""
    kept, left = list[str](), budget
    for part in parts:
        if not kept and len(part) > left:
            part = part[: left // 2] + "\n# ...\n" + part[-left // 2 :]
        if kept and len(part) > left:
            continue
        kept.append(part)
        left -= len(part) + 2
    return "\n\n".join(kept)


def outline(program: Program, path: str, known: Functions) -> str:
    """One file's imports and constants as they are, and its definitions as signatures with captured shapes; all of its
    top-level code where that does a program's work."""
    parts = []
    code = statements.statements(program.trees[path])
    working = code if statements.works(code) else []
    for node in program.trees[path].body:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)):
            parts.append(ast.unparse(node)[:300])
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            told = comment(f"{path}::{node.name}", known)
            parts.append(signature(node) + (f"\n{told}" if told else ""))
        elif node in working:
            parts.append(ast.unparse(node)[:1000])
    return "\n".join(parts)


def users(program: Program, address: str) -> str:
    """Signatures of what a definition uses and of what uses it, as code."""
    return "\n\n".join(_neighbours(program, address))
