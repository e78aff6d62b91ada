"""One source file for the scan: resolves aliases to full names and evaluates texts composed of constants."""

from __future__ import annotations

import ast
import base64
import binascii
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

DECODERS = frozenset(
    {
        "base64.b64decode", "base64.b85decode", "base64.b32decode", "base64.a85decode", "binascii.unhexlify",
        "bytes.fromhex", "zlib.decompress", "gzip.decompress", "lzma.decompress", "bz2.decompress", "pickle.loads",
        "marshal.loads", "codecs.decode",
    }
)  # fmt: skip


class Finding(NamedTuple):
    """`key` identifies a finding independent of its line, for comparison with the baseline's."""

    key: str
    text: str
    place: str


class Source:
    """`path` is the file's path in the program, `tree` its syntax tree."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        self.path, self.tree = path, tree

    def finding(self, node: ast.AST, text: str) -> Finding:
        return Finding(f"{self.path}: {text}", text, f"{self.path}:{getattr(node, 'lineno', 0)}")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def imported(self) -> dict[str, str]:
        """Name in this file -> full name of the imported object."""
        names: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    names[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return names

    @cached_property
    def aliases(self) -> dict[str, str]:
        names = dict(self.imported)
        for node in self.nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                full = _full_name(node.value, self.imported)
                if full:
                    names.setdefault(node.targets[0].id, full)
        return names

    def full(self, node: ast.AST) -> str:
        """`np.random.seed` -> "numpy.random.seed"; "" if the expression doesn't begin with an imported name."""
        return _full_name(node, self.aliases)

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Each call with the full name of the called object, "" if unknown."""
        for node in self.nodes:
            if isinstance(node, ast.Call):
                yield node, self.full(node.func)

    def references(self) -> Iterator[tuple[ast.AST, str]]:
        """Each reference to an imported object, with its full name."""
        for node in self.nodes:
            if isinstance(node, (ast.Name, ast.Attribute, ast.Call)):
                full = self.full(node)
                if full:
                    yield node, full
            elif isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)

    @cached_property
    def docstrings(self) -> frozenset[int]:
        """The `id()` of each node that is a text alone as a statement."""
        alone = (node.value for node in self.nodes if isinstance(node, ast.Expr))
        return frozenset(id(value) for value in alone if isinstance(value, ast.Constant))

    def texts(self) -> Iterator[tuple[ast.AST, str]]:
        """Each text in the code, including texts composed of constants, without docstrings."""
        for node in self.nodes:
            if isinstance(node, ast.expr) and id(node) not in self.docstrings:
                text = fold(node)
                if text:
                    yield node, text


def fold(node: ast.AST) -> str | None:
    """The text that an expression of constants evaluates to, or None. Evaluates sums, joins, reversals, chr, hex and
    base 64."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bytes):
            return node.value.decode("latin-1")
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = fold(node.left), fold(node.right)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.JoinedStr):
        parts = [fold(value) for value in node.values]
        return "".join(part or "" for part in parts)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        whole, step = fold(node.value), node.slice.step
        return whole[::-1] if whole and isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub) else None
    return _fold_call(node) if isinstance(node, ast.Call) else None


def _fold_call(node: ast.Call) -> str | None:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    first = node.args[0] if node.args else None
    if name in {"decode", "strip", "encode", "lower"} and isinstance(node.func, ast.Attribute):
        return fold(node.func.value)
    if name == "join" and first is not None and isinstance(node.func, ast.Attribute):
        glue = fold(node.func.value)
        return None if glue is None else _fold_join(first, glue)
    if name == "chr" and isinstance(first, ast.Constant) and isinstance(first.value, int):
        return chr(first.value) if 0 <= first.value < 0x110000 else None
    text = None if first is None else fold(first)
    if text is None:
        return None
    if name == "b64decode":
        return _decode_base64(text)
    if name in {"fromhex", "unhexlify"}:
        return _decode_hex(text)
    return text if name in {"str", "Path", "bytes"} else None


def _fold_join(node: ast.AST, glue: str) -> str | None:
    if isinstance(node, (ast.List, ast.Tuple)):
        parts = [fold(part) for part in node.elts]
        return None if None in parts else glue.join(part or "" for part in parts)
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "map" and len(node.args) == 2:
        numbers = node.args[1]
    elif isinstance(node, ast.GeneratorExp) and isinstance(node.elt, ast.Call):
        numbers = node.generators[0].iter
    else:
        return None
    values = getattr(numbers, "elts", ())
    codes = [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, int)]
    return glue.join(map(chr, codes)) if codes and len(codes) == len(values) and max(codes) < 0x110000 else None


def _decode_base64(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        return None


def _decode_hex(text: str) -> str | None:
    try:
        return bytes.fromhex(text).decode("utf-8")
    except ValueError:
        return None


def _full_name(node: ast.AST, names: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        owner = _full_name(node.value, names)
        return f"{owner}.{node.attr}" if owner else ""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Call):
        return _dynamic_name(node, names)
    if isinstance(node, ast.Subscript) and _full_name(node.value, names) == "sys.modules":
        return fold(node.slice) or "sys.modules"
    return ""


def _dynamic_name(node: ast.Call, names: dict[str, str]) -> str:
    """The name reached by `__import__("x")`, `importlib.import_module("x")` or `getattr(x, "y")`, else ""."""
    called = getattr(node.func, "id", "") or _full_name(node.func, names)
    if called in {"__import__", "importlib.import_module"} and node.args:
        return fold(node.args[0]) or ""
    if called == "getattr" and len(node.args) >= 2:
        owner, name = _full_name(node.args[0], names), fold(node.args[1])
        return f"{owner}.{name}" if owner and name else ""
    return ""
