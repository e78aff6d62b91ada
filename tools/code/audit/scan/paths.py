"""Finds paths outside an experiment's data and output folders, and names of files that hold labels."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.code.audit.scan.source import Finding, Source, fold
from tools.code.inside.signs_hook import HARMLESS, OUTSIDE

UPWARDS = re.compile(r"(^|/)\.\.(/|$)")
LABELS = re.compile(
    r"(^|.*/)((sealed|validation|smoke)/(labels|inputs)|labels/labels)\b.*|(?!/tmp/).*\blabels\.npz"
    r"|.*(\.pelagos|_pelagos)\b.*|(.*/)?(_report\.json|evaluate\.py|scoring\.py|sandbox/evaluation/metrics\.py)"
)
WALKERS = frozenset({"os.walk", "os.listdir", "os.scandir", "glob.glob", "glob.iglob", "os.fwalk"})
ROOTS = re.compile(r"/|~.*|\.\.(/.*)?|/\*.*|/(proc|home|root|usr|var|etc|mnt|opt)\b.*")


def find_paths(source: Source) -> Iterator[Finding]:
    for node, text in source.texts():
        if len(text) > 200 or re.search(r"\s", text):
            continue
        if OUTSIDE.match(text) and not HARMLESS.fullmatch(text):
            yield source.finding(node, f"names a path outside its data and output: {text}")
        elif UPWARDS.search(text):
            yield source.finding(node, f"climbs out of its folder: {text}")
        elif LABELS.fullmatch(text):
            yield source.finding(node, f"names a file of the evaluation: {text}")
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in {"parent", "parents"} and _is_data(node.value):
            yield source.finding(node, "climbs out of its data folder")
    yield from _find_searches(source)


def _find_searches(source: Source) -> Iterator[Finding]:
    for call, full in source.calls():
        path = call.func.value if isinstance(call.func, ast.Attribute) and not full else None
        searched = call.args[0] if full in WALKERS and call.args else path
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if searched is None or (path is not None and name not in {"glob", "rglob", "iterdir", "walk"}):
            continue
        root = _search_root(searched, source)
        if root is not None and ROOTS.fullmatch(root):
            yield source.finding(call, f"searches the file system: {root}")


def _search_root(node: ast.AST, source: Source) -> str | None:
    if isinstance(node, ast.Call) and source.full(node.func) in {"pathlib.Path.home", "os.path.expanduser"}:
        return "~"
    return fold(node)


def _is_data(node: ast.AST) -> bool:
    """Whether an expression names the data folder: `data`, `args.data`, `Path(args.data)`."""
    if isinstance(node, ast.Call) and node.args:
        return _is_data(node.args[0])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in {"resolve", "absolute"} and _is_data(node.func.value)
    return getattr(node, "attr", getattr(node, "id", "")) in {"data", "data_dir", "data_folder"}
