"""Any bytes as predictions give an array of the promised kind, or a reason; never an exception."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from sandbox.border.arrays import MAX_DIMENSIONS, read_array
from sandbox.border.reading import REASON_CHARS, Invalid
from tests.sandbox.border.conftest import mutants, tried


def written(array: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(array))
    return file.getvalue()


def headed(header: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    line = header.encode("utf-8", "surrogatepass") + b"\n"
    return b"\x93NUMPY" + version + len(line).to_bytes(2 if version[:1] == b"\x01" else 4, "little") + line + body


def shaped(shape: str, descr: str = "'<f8'", body: bytes = b"") -> bytes:
    return headed(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}", body)


def holds(raw: bytes) -> None:
    array = read_array(raw)
    if isinstance(array, Invalid):
        assert array.reason and len(array.reason.splitlines()) == 1 and len(array.reason) <= REASON_CHARS
        array.reason.encode()
        return
    assert 1 <= array.ndim <= MAX_DIMENSIONS
    assert all(type(size) is int and size <= len(raw) for size in array.shape)
    assert array.dtype.kind in "biufU" and array.nbytes <= len(raw)
    assert array.tolist() is not None
    if array.dtype.kind == "f":
        np.isfinite(array).all()


HUGE = ["0, 9223372036854775807", f"0, {2**63}", f"0, {10**30}", "4, 1000000000000000000", f"{2**62}, {2**62}, 0",
        "999999999, 0", "0, 999999999", "999, 999, 0"]  # fmt: skip
SHAPES = [
    *HUGE, "True,", "False, 4", "2, True", "-4,", "4.0,", "1e3,", "'4',", "4j,", "None,", "(4,),", "[4],", "", "4",
    ", ".join(["1"] * 64) + ",", ", ".join(["1"] * 65) + ",", ", ".join(["0"] * 65) + ",", "1_0,", "0x4,", "007,", "*x,",
    f"{'9' * 5000},", "4, , 4", "4 4,", "nan,", "4 if 1 else 2,",
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("body", [b"", bytes(32)])
def test_a_shape_that_is_none_is_a_reason(shape: str, body: bytes) -> None:
    raw = shaped(f"({shape})", body=body)
    holds(raw)
    assert isinstance(read_array(raw), Invalid)


@pytest.mark.parametrize(
    "descr",
    ["'O'", "'|O'", "'V8'", "'<U0'", "'<U999999999999'", "'<f1000'", "'<c16'", "'<M8[s]'", "'<f8,<f8'", "f8", "3", "None",
     "[('a', '<f8')]", "('<f8', (2, 2))", "{'names': ['a']}", "'<f8' 'x'", "'\\x3cf8'", "'<f\ud8008'", "'S4'", "True"],
)  # fmt: skip
def test_a_type_that_is_none_is_a_reason(descr: str) -> None:
    holds(shaped("(4,)", descr, bytes(32)))
    assert isinstance(read_array(shaped("(4,)", descr, bytes(32))), Invalid)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff", b"\x93NUMPY\x03\x00" + bytes(50), b"PK\x03\x04" + bytes(50),
     headed("(" * 400), headed("-" * 500 + "1"), headed("{" * 250 + "}" * 250), headed("__import__('os')"), headed("\0"),
     headed("{'shape': (4,)}"), headed("{}"), shaped("(4,)", body=bytes(31)), shaped("(4,)", body=bytes(33)),
     headed("{'descr': '<f8', 'descr': '<f8', 'fortran_order': 3, 'shape': (4,)}", bytes(32)),
     headed("{'descr': '<f8', 'fortran_order': False, 'shape': (4,), 'x': 1}", bytes(32)),
     headed("{'descr': '<f8', 'fortran_order': False, 'shape': (4,)} # no", bytes(32))],
)  # fmt: skip
def test_bytes_that_are_no_array_are_a_reason(raw: bytes) -> None:
    holds(raw)
    assert isinstance(read_array(raw), Invalid)


@given(
    arrays_of.arrays(
        st.sampled_from(["f8", "f4", "f2", "i8", "u1", "?", "U5", ">i2"]), arrays_of.array_shapes(max_dims=3)
    )
)
def test_what_numpy_writes_is_read_back(array: np.ndarray) -> None:
    for one in (array, np.asfortranarray(array)):
        back = read_array(written(one))
        assert not isinstance(back, Invalid), back
        assert (back.dtype, back.shape) == (one.dtype, one.shape)
        assert np.array_equal(back, one, equal_nan=one.dtype.kind == "f")


PIECES = st.sampled_from(
    ["'descr'", "'shape'", "'fortran_order'", ":", ",", "{", "}", "(", ")", "[", "]", "'<f8'", "'O'", "'U4'", "'?'", "4",
     "-1", "0", str(2**63), "True", "False", "None", " ", "\n", "'", "\\", "1e9", "lambda: 0", "é", "\x00", "L"]
)  # fmt: skip
LISTS = st.lists(PIECES, max_size=25).map("".join)
BODIES = st.binary(max_size=64) | st.sampled_from([bytes(8), bytes(32), b"\xff" * 32])
HEADERS = st.one_of(
    st.builds(headed, LISTS, BODIES, st.sampled_from([b"\x01\x00", b"\x02\x00", b"\x03\x00"])),
    st.builds(shaped, LISTS | st.sampled_from([f"({shape})" for shape in SHAPES]), body=BODIES),
    st.builds(shaped, st.tuples(st.integers(), st.integers()).map(str), st.sampled_from(["'<f8'", "'U3'"]), BODIES),
    st.builds(shaped, st.just("(4,)"), LISTS, BODIES),
    st.binary(max_size=300),
)


def test_any_header_is_an_array_or_a_reason(inputs: int) -> None:
    tried(HEADERS, holds, inputs)


def test_any_mutant_of_a_sound_file_is_an_array_or_a_reason(inputs: int) -> None:
    sound = [written(np.arange(4.0)), written(np.zeros((3, 4), "f4")), written(np.array(["a", "bcd"]))]
    sound += [written(np.zeros((0, 3))), written(np.float64(3)), written(np.asfortranarray(np.ones((2, 3), "i1")))]
    tokens = [b"(", b")", b"True", b"9" * 20, b"-", b"'O'", b", ", b"\x02\x00", b"\xff" * 8, b"1" * 6000, b"0, "]
    for raw in mutants(sound, tokens, inputs):
        holds(raw)
