from __future__ import annotations

import libcst as cst
from hypothesis import given
from hypothesis import strategies as st

from tools.code.program.recovery.signatures import align_signature, required_arguments

NAMES = st.lists(st.sampled_from(["self", "x", "y", "rate", "hidden"]), unique=True, max_size=4)


@st.composite
def functions(draw: st.DrawFn) -> cst.FunctionDef:
    names = sorted(draw(NAMES), key=lambda name: name != "self")
    spare = draw(st.integers(0, len(names)))
    params = [name if at < spare else f"{name}=0" for at, name in enumerate(names)]
    head = draw(st.sampled_from(["def", "async def"]))
    body = draw(st.sampled_from(["return 1", "return self", "return x"]))
    return cst.ensure_type(cst.parse_statement(f"{head} f({', '.join(params)}):\n    {body}\n"), cst.FunctionDef)


def code(function: cst.FunctionDef) -> str:
    return cst.Module([function]).code


@given(functions(), functions())
def test_an_aligned_function_compiles_and_needs_no_more_than_before(new: cst.FunctionDef, old: cst.FunctionDef) -> None:
    aligned = align_signature(new, old, ["HIDDEN"])
    compile(code(aligned), "reply", "exec")
    assert set(required_arguments(aligned)) <= {*required_arguments(new), "self"}
    assert code(aligned).partition("\n")[2] == code(new).partition("\n")[2]


@given(functions())
def test_a_function_is_aligned_with_itself(function: cst.FunctionDef) -> None:
    assert code(align_signature(function, function)) == code(function)


@given(functions(), functions())
def test_aligning_again_changes_nothing(new: cst.FunctionDef, old: cst.FunctionDef) -> None:
    once = align_signature(new, old, ["HIDDEN"])
    assert code(align_signature(once, old, ["HIDDEN"])) == code(once)
