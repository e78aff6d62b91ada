"""Results as JSON lines; one that is there already is not computed again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

P = ParamSpec("P")


class Results:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines: list[dict[str, Any]] = (
            [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        )
        self._keys = {line["key"] for line in self.lines}

    def has(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str, **values: object) -> None:
        """Append and print one line."""
        line = {"key": key, **values}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        self.lines.append(line)
        self._keys.add(key)

    def once(self, key: str, compute: Callable[P, dict[str, Any]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Add `compute(...)` unless there is a line of this key."""
        if not self.has(key):
            self.add(key, **compute(*args, **kwargs))

    def under(self, *parts: str) -> list[dict[str, Any]]:
        """Lines whose key begins with these parts, joined by "/"."""
        start = "/".join(parts) + "/"
        return [line for line in self.lines if line["key"].startswith(start)]
