"""Runs inside the sandbox: evaluates short expressions about a new program and the old one. Standard library only.

It reads the programs and never executes them: nothing that a program does can answer for it.

`python check_hook.py CHECKS.json RESULTS.json`. Each expression is evaluated with `new` as the new program and once
more with the old one in its place: what holds for both says nothing about the change. Code on lines that a run
didn't reach doesn't count, so dead code satisfies no check.
"""

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPOUND = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, *FUNCTIONS, ast.ClassDef)
BUILTINS = {f.__name__: f for f in (abs, all, any, bool, float, int, isinstance, len, max, min, set, sorted, str, sum)}


TOP_LEVEL = "top-level"  # the name of a file's statements that are neither imports nor definitions


class View:
    """A program, or one definition in it; attributes are the definitions inside."""

    def __init__(self, program: "Source", path: str, name: str, nodes: list[ast.AST]) -> None:
        self._program, self._path, self._name, self._nodes = program, path, name, nodes

    def __getattr__(self, name: str) -> "View":
        if name.startswith("__"):
            raise AttributeError(name)
        return self._program.find(f"{self._name}.{name}" if self._name else name)


class Source:
    """One program's files and the lines that ran (None: not known, so all count)."""

    def __init__(self, files: dict[str, str], ran: "dict[str, list[int]] | None") -> None:
        self.ran = ran
        self.trees = {path: ast.parse(text) for path, text in files.items() if path.endswith(".py")}

    def whole(self) -> View:
        return View(self, "", "", list(self.trees.values()))

    def find(self, name: str) -> View:
        path, _, inner = name.rpartition("::")
        for file, tree in self.trees.items():
            if path in ("", file) and inner == TOP_LEVEL:
                return View(self, file, inner, [top_level(tree)])
            if path in ("", file):
                node: Any = tree
                for part in inner.split("."):
                    node = next((n for n in getattr(node, "body", ()) if getattr(n, "name", None) == part), None)
                if node is not None:
                    return View(self, file, inner, [node])
        raise LookupError(f"no definition named {name!r}")

    def reached(self, path: str, node: ast.AST) -> "Iterator[ast.AST]":
        """Nodes below `node` whose statement ran."""
        ran = None if self.ran is None else set(self.ran.get(path, ()))
        for child in ast.iter_child_nodes(node):
            if ran is not None and isinstance(child, ast.stmt) and not isinstance(child, COMPOUND):
                span = range(child.lineno, (child.end_lineno or child.lineno) + 1)
                if not ran.intersection(span):
                    continue
            yield child
            yield from self.reached(path, child)


class Words:
    """The vocabulary of checks, over one pair of programs."""

    def __init__(self, new: Source, old: Source) -> None:
        self.new, self.old = new, old

    def names(self) -> dict[str, Any]:
        words = {name: getattr(self, name) for name in VOCABULARY}
        return {**words, "has_keyword": self.keyword, "new": self.new.whole(), "old": self.old.whole()}

    def _nodes(self, where: "View | str") -> "Iterator[ast.AST]":
        view = self.new.find(where) if isinstance(where, str) else where
        if view._path:
            for node in view._nodes:
                yield from view._program.reached(view._path, node)
        else:
            for path, tree in view._program.trees.items():
                yield from view._program.reached(path, tree)

    def calls(self, where: "View | str", name: str) -> bool:
        """Whether a call of `name` (its last parts, as in `optim.AdamW`) ran in `where`."""
        found = (dotted(node.func) for node in self._nodes(where) if isinstance(node, ast.Call))
        return any(ends(text, name) for text in found)

    def keyword(self, where: "View | str", name: str, value: object = ...) -> bool:
        """Whether a call with keyword `name` ran in `where`, with that constant value if one is given."""
        for node in self._nodes(where):
            if isinstance(node, ast.keyword) and node.arg == name and (value is ... or constant(node.value) == value):
                return True
        return False

    def uses(self, where: "View | str", name: str) -> bool:
        """Whether `name` is read in `where` as a variable, attribute, keyword or text."""
        return any(name_of(node) == name.rpartition(".")[2] for node in self._nodes(where))

    def defines(self, name: str) -> bool:
        """Whether the new program has a definition or top-level constant of that name."""
        if any(name_in(tree, name) for tree in self.new.trees.values()):
            return True
        try:
            self.new.find(name)
        except LookupError:
            return False
        return True

    def constant(self, where: "View | str", name: Any = "") -> Any:
        """The literal value of a constant (`constant("EPOCHS")`, `constant(old, "EPOCHS")`), or whether it is the one
        given (`constant("EPOCHS", 40)`)."""
        if isinstance(where, str) and name != "":
            return bool(self.constant(where) == name)
        source = where._program if isinstance(where, View) else self.new
        wanted = name or str(where)
        nodes = [tree for tree in source.trees.values()]
        for node in (child for tree in nodes for child in ast.walk(tree)):
            if isinstance(node, ast.Assign) and any(getattr(t, "id", None) == wanted for t in node.targets):
                return constant(node.value)
        raise LookupError(f"no constant named {wanted!r}")

    def changed(self, where: "View | str") -> bool:
        """Whether the definition differs in meaning from the old program's, or is new."""
        name = where if isinstance(where, str) else (f"{where._path}::{where._name}" if where._path else "")
        if not name:
            return any(meaning(t) != meaning(self.old.trees.get(p)) for p, t in self.new.trees.items())
        try:
            before = self.old.find(name)._nodes[0]
        except LookupError:
            before = None
        return meaning(self.new.find(name)._nodes[0]) != meaning(before)

    def mentions(self, *names: str) -> bool:
        """Whether one of the names or numbers is used in the new program and not in the old one."""
        wanted = {name.rpartition(".")[2].lower() if not name[:1].isdigit() else name for name in names}
        here = {name_of(node).lower() for node in self._nodes(self.new.whole())}
        return bool(wanted & (here - {name_of(node).lower() for node in self._nodes(self.old.whole())}))


VOCABULARY = ("calls", "keyword", "uses", "defines", "constant", "changed", "mentions")


def top_level(tree: ast.Module) -> ast.Module:
    left_out = (ast.Import, ast.ImportFrom, *FUNCTIONS, ast.ClassDef)
    return ast.Module([node for node in tree.body if not isinstance(node, left_out)], [])


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def ends(text: str, name: str) -> bool:
    """`torch.optim.AdamW` ends with `AdamW`, `optim.AdamW`; and a shorter spelling (import from) ends the name."""
    return bool(text) and (f".{text}".endswith(f".{name}") or f".{name}".endswith(f".{text}"))


def name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    for field in ("id", "attr", "arg", "name"):
        text = getattr(node, field, None)
        if isinstance(text, str):
            return text
    return ""


def name_in(tree: ast.Module, name: str) -> bool:
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return any(getattr(target, "id", None) == name for target in targets)


def constant(node: ast.AST) -> Any:
    return ast.literal_eval(node)


def meaning(node: "ast.AST | None") -> str:
    if node is None:
        return ""
    node = ast.parse(ast.unparse(node))
    for part in ast.walk(node):
        if isinstance(part, (*FUNCTIONS, ast.ClassDef, ast.Module)) and ast.get_docstring(part) is not None:
            part.body = part.body[1:] or [ast.Pass()]
    return ast.dump(node)


def evaluate(expression: str, new: Source, old: Source) -> tuple["bool | None", str]:
    try:
        code = compile(expression, "check", "eval")
        return bool(eval(code, {"__builtins__": BUILTINS, **Words(new, old).names()})), ""  # noqa: S307
    except Exception as error:  # border: the expression is a model's; whatever it raises is its answer
        return None, f"{type(error).__name__}: {error}"[:200]


def main(path: str, results: str) -> None:
    asked = json.loads(Path(path).read_text("utf-8"))
    new = Source(asked["new"], asked["new_lines"])
    old = Source(asked["old"], asked["old_lines"])
    told = []
    for expression in asked["expressions"]:
        holds, error = evaluate(expression, new, old)
        told.append({"holds": holds, "error": error, "before": evaluate(expression, old, old)[0]})
    Path(results).write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
