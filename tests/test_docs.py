"""The pages that name functions and files name those that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("CONTRIBUTING.md", "docs/plugins.md", "docs/walk.md")
ADDRESS = re.compile(r"`([\w./-]+\.py)::(\w+(?:\.\w+)?)`")
FILE = re.compile(r"`([\w-]+(?:/[\w.-]+)*\.(?:py|j2|toml|md|yaml))`")


def defined(path: Path) -> set[str]:
    """Names at the top of a module, and `Class.member`."""
    found = set[str]()
    for node in ast.parse(path.read_text("utf-8")).body:
        names = _names(node)
        found |= names
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{member}" for part in node.body for member in _names(part)}
    return found


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize("page", PAGES)
def test_each_address_is_defined_and_each_file_is_there(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    addresses = ADDRESS.findall(text)
    assert addresses
    assert [f"{path}::{name}" for path, name in addresses if name not in defined(ROOT / path)] == []
    assert [
        path for path in FILE.findall(text) if "/" in path and "AREA" not in path and not (ROOT / path).exists()
    ] == []


ROOMS = ("agents", "app", "memory", "pelagos", "sandbox", "tools", "tools/code", "tools/analysis")
SPLIT = {"tools/code", "tools/analysis"}  # shown by their own rooms


def test_the_picture_shows_every_room_and_no_other() -> None:
    picture = (ROOT / "docs/rooms.svg").read_text("utf-8")
    shown = {address for address in re.findall(r'<g id="([\w/]+)">', picture) if "/" in address}
    rooms = {
        f"{parent}/{folder.name}"
        for parent in ROOMS
        for folder in (ROOT / parent).iterdir()
        if any(folder.glob("*.py")) and f"{parent}/{folder.name}" not in SPLIT
    }
    assert shown == rooms
