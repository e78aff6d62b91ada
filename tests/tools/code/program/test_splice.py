"""Splicing: what is meant to change changes, at its place, and every other byte stays."""

from __future__ import annotations

import ast

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pelagos.errors import EditRefused
from tools.code.program.splice import collect_methods, collect_parts, parse, restore_signatures, splice

PARTS = {
    "f": "# about f\n@wraps\ndef f(a,  b):  # odd\n    return a+b\n",
    "A": "class A(Base):\n    x  = 1\n\n    # about m\n    def m(self):\n        return 1\n\n    def n(self): return 2\n",
    "g": "async def g():\n    '''Doc.'''\n    await h()\n",
    "B": "class B: pass\n",
    "K": "K = {  'a':1 }\n",
    "run": "if __name__ == '__main__':\n    f(1, 2)\n",
}
NAMES = list(PARTS)
FRESH = {
    "f": "def f(z):\n    return z\n",
    "A": "class A:\n    y = 2\n",
    "g": "def g():\n    return 0\n",
    "B": "class B:\n    z = 3\n",
}
HEAD = "'''A file.'''\n\nfrom __future__ import annotations\n\nimport os\n\n\n"


def file(order: list[str]) -> str:
    return HEAD + "\n\n".join(PARTS[name] for name in order)


def piece(code: str) -> cst.FunctionDef | cst.ClassDef:
    return next(iter(collect_parts(parse(code)).definitions.values()))


def text_of(node: cst.CSTNode) -> str:
    return parse("").code_for_node(node)


def imports(code: str) -> list[cst.SimpleStatementLine]:
    return collect_parts(parse(code)).imports


def constants(code: str) -> dict[str, cst.SimpleStatementLine]:
    return collect_parts(parse(code)).constants


@settings(max_examples=25)
@given(st.permutations(NAMES))
def test_nothing_to_do_changes_no_byte(order: list[str]) -> None:
    assert splice(parse(file(order)), {}, ()) == file(order)


@settings(max_examples=25)
@given(st.permutations(NAMES), st.sets(st.sampled_from(list(FRESH)), min_size=1))
def test_what_is_replaced_changes_alone_and_keeps_the_comments_above(order: list[str], which: set[str]) -> None:
    text = splice(parse(file(order)), {name: piece(FRESH[name]) for name in which}, ())
    parts = dict(PARTS)
    for name in which:
        parts[name] = ("# about f\n" if name == "f" else "") + FRESH[name]
    assert text == HEAD + "\n\n".join(parts[name] for name in order)


def named(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return str(getattr(node, "name", "run"))


@settings(max_examples=25)
@given(st.permutations(NAMES), st.sets(st.sampled_from(list(FRESH))))
def test_what_is_added_stands_before_the_first_definition_that_is_replaced(order: list[str], which: set[str]) -> None:
    added = [piece("x = 1\n# why\ndef one():\n    return 1\n"), piece("class Two:\n    pass\n")]
    fresh = {name: piece(FRESH[name]) for name in which}
    text = splice(parse(file(order)), fresh, added, constants=constants("N = 5\n"))
    defined = [name for name in order if name in FRESH]
    first = order.index(next((name for name in defined if name in which), defined[0]))
    assert [named(node) for node in ast.parse(text).body[3:]] == [*order[:first], "N", "one", "Two", *order[first:]]
    assert "\nN = 5\n\n\n# why\ndef one():\n    return 1\n\n\nclass Two:\n    pass\n" in text


def test_without_definitions_what_is_new_goes_to_the_end() -> None:
    assert splice(parse("x = f()\n"), {}, [piece("def f(): pass\n")]) == "x = f()\n\n\ndef f(): pass\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import a\nimport b\nx = 1\n", "import a\nimport b\nimport new\nx = 1\n"),
        ("'''Doc.'''\nx = 1\n", "'''Doc.'''\nimport new\nx = 1\n"),
        ("x = 1\n'''No doc.'''\n", "import new\nx = 1\n'''No doc.'''\n"),
        ("f()\n", "import new\nf()\n"),
        ("x = 1\nfrom a import b\ny = 2\n", "x = 1\nfrom a import b\nimport new\ny = 2\n"),
        ("if x:\n    import a\ny = 2\n", "import new\nif x:\n    import a\ny = 2\n"),
        ("import a\nimport new  # there\n", "import a\nimport new  # there\n"),
    ],
)
def test_imports_go_behind_the_last_one_once(code: str, expected: str) -> None:
    assert splice(parse(code), {}, (), imports("# why\nimport new\n")) == expected


def test_a_constant_takes_the_place_of_its_namesake_with_the_comments_above() -> None:
    code = "# wide\nHIDDEN = 1\nRATE: float = 2.0\n\n\ndef f(): pass\n"
    text = splice(parse(code), {}, (), (), constants("# mine\nHIDDEN = 3\nRATE = 4.0\nNEW = 5\n"))
    assert text == "# wide\nHIDDEN = 3\nRATE = 4.0\n\nNEW = 5\n\n\ndef f(): pass\n"


def test_methods_are_replaced_and_new_ones_stand_at_the_end_of_their_class() -> None:
    code = PARTS["A"] + "\n\nclass Other:\n    def m(self):\n        return 3\n"
    new = {"A.m": piece("def m(self):\n    return 9\n"), "A.fresh": piece("def fresh(self):\n    return 8\n")}
    assert splice(parse(code), new, ()) == (
        "class A(Base):\n    x  = 1\n\n    # about m\n    def m(self):\n        return 9\n\n    def n(self): return 2\n"
        "\n    def fresh(self):\n        return 8\n\n\nclass Other:\n    def m(self):\n        return 3\n"
    )


def test_what_stands_inside_another_definition_stays() -> None:
    inner = "def f():\n    def g():\n        return 1\n    class C:\n        def m(self): return 1\n    return g\n"
    code = inner + "\n\ndef g():\n    return 2\n"
    assert splice(parse(code), {"g": piece("def g():\n    return 3\n")}, ()) == code.replace("return 2", "return 3")
    nested = "class A:\n    class B:\n        def m(self): return 1\n\n    def m(self): return 2\n"
    new = {"A.m": piece("def m(self): return 7\n"), "B.new": piece("def new(self): pass\n")}
    assert splice(parse(nested), new, ()) == nested.replace("return 2", "return 7")


def test_pieces_of_a_block() -> None:
    code = (
        "import a; import b\nfrom c import d\nx = 1\ny: int = 2\nz: int\np, q = 1, 2\no.n = 3\nw += 1\nprint(x)\n"
        "def f():\n    return 1\ndef f(): ...\ndef f():\n    return 2\nclass A:\n    def m(self): ...\n"
        "import e; v = 1\nif x:\n    t = 1\n"
    )
    found = collect_parts(parse(code))
    assert sorted(found.definitions) == ["A", "f"]
    assert "return 2" in text_of(found.definitions["f"])
    assert [text_of(line).strip() for line in found.imports] == ["import a; import b", "from c import d"]
    assert sorted(found.constants) == ["x", "y", "z"]


def test_a_signature_does_not_replace_a_definition_but_is_one_where_there_is_no_other() -> None:
    assert list(collect_parts(parse("def f(): ...\n")).definitions) == ["f"]
    for code in ("def f(): ...\ndef f():\n    return 1\n", "def f():\n    return 1\ndef f(): ...\n"):
        assert "return 1" in text_of(collect_parts(parse(code)).definitions["f"])


OLD = "class A:\n    def m(self):\n        return 1\n\n    def n(self):\n        return 2\n"
ONE, TWO = "def f():\n    return 1\n", "def f():\n    return 2\n"


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        ("def f(): ...\n", ONE, ONE),
        ("def f():\n    '''Doc.'''\n    pass\n", ONE, ONE),
        (TWO, ONE, TWO),
        ("def f():\n    5\n", ONE, "def f():\n    5\n"),
        ("def f():\n    def g(): ...\n", ONE, "def f():\n    def g(): ...\n"),
        ("class A:\n    def m(self): ...\n    def n(self): pass\n", OLD, OLD),
        ("class A:\n    x = 1\n    def m(self): ...\n    def k(self): ...\n", OLD,
         "class A:\n    x = 1\n    def m(self):\n        return 1\n    def k(self): ...\n"),
        ("class A:\n    x = 1\n    def m(self):\n        return 3\n", OLD,
         "class A:\n    x = 1\n    def m(self):\n        return 3\n"),
    ],
)  # fmt: skip
def test_what_only_repeats_a_signature_is_the_old_one(new: str, old: str, expected: str) -> None:
    assert ast.dump(ast.parse(text_of(restore_signatures(piece(new), piece(old))))) == ast.dump(ast.parse(expected))


def test_methods_of_a_class_and_of_nothing_else() -> None:
    assert list(collect_methods(piece(OLD))) == ["m", "n"]
    assert collect_methods(piece("def f():\n    def g(): pass\n")) == {}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1\ny = (\n", "line 2: '(' was never closed: y = ("),
        ("def f():\n  x\n y\n", "line 3: unindent does not match any outer indentation level: y"),
        ("x = '\x00'", "line None: "),
        ("return 1", "line 1: 'return' outside function: return 1"),
    ],
)
def test_what_is_no_python_says_where(code: str, said: str) -> None:
    with pytest.raises(EditRefused) as refused:
        parse(code)
    assert said in str(refused.value)
    assert refused.value.cause == "syntax"


def test_a_very_long_line_at_fault_is_cut() -> None:
    with pytest.raises(EditRefused) as refused:
        parse("x = (" + "1, " * 500)
    assert len(str(refused.value)) <= 310
