"""Whatever a program writes over the hook's report: a report of the promised types, or a reason; never an exception.

What reads reports behind the border is asked for everything here as well: it trusts its types.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from memory.ledger.keys import canonical
from sandbox.border.reading import REASON_CHARS, Invalid
from sandbox.border.report import (
    MOST_BYTES,
    Behaviour,
    Report,
    read_report,
    stored_behaviour,
    stored_report,
    stored_signs,
)
from tests.sandbox.border.conftest import mutants, tried
from tools.code.coding import observed_calls
from tools.code.coding.traceback import parse_error

SOUND: dict[str, Any] = {
    "exit": 1,
    "behaviour": {"amounts": {"optimizer steps": 420.0}, "rates": "decay", "calls": ["torch.nn.Dropout(p=0.2)"]},
    "error": {
        "type": "ValueError", "message": "bad\nvalue", "near": ["dump"], "libraries": {"json.dumps": "(obj)"},
        "frames": [
            {"file": "fit.py", "own": True, "line": 7, "function": "fit", "source": "x = y",
             "locals": {"x": {"type": "ndarray", "shape": [4, 2], "dtype": "float64", "nan": True}}},
            {"file": "/lib/np.py", "own": False, "line": None, "function": "f", "source": ""},
        ],
        "syntax": {"file": "fit.py", "line": 3, "text": "def f(:"},
    },
    "libraries": {"fit.py": {"np.linalg.solve": "(a, b)"}},
    "values": {"fit.py": {"n": {"type": "int", "text": "5"}}},
    "trace": {
        "functions": {"fit.py::fit": {"arguments": {"x": {"type": "int", "text": "5"}}, "returns": None,
                                      "returns_digest": "ab", "calls": 3, "nan": False}},
    },
    "predictions": False,
    "written": ["other.npy"],
}  # fmt: skip
FIELDS = [
    "exit", "error", "libraries", "values", "trace", "predictions", "written", "type", "message", "near",
    "frames", "file", "own", "line", "function", "source", "locals", "shape", "dtype", "nan", "text", "syntax",
    "functions", "arguments", "returns", "returns_digest", "calls", "fit.py", "fit.py::fit",
]  # fmt: skip


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


def holds(raw: bytes) -> None:
    report = read_report(raw)
    if isinstance(report, Invalid):
        assert report.reason and len(report.reason.splitlines()) == 1 and len(report.reason) <= REASON_CHARS
        report.reason.encode()
        assert stored_report(raw) == Report()
        return
    kept = report.model_dump(mode="json", exclude_defaults=True)
    for text in texts(kept):
        text.encode()
        assert len(text) <= 2_000 and not {"\x1b", "\u202e", "\x00", "\r"} & set(text)
    assert stored_report(canonical(kept).encode()) == report
    error = parse_error(report)
    assert error is None or "\n" not in error.line + error.place
    known = observed_calls.collect_functions(report)
    assert observed_calls.collect_fingerprints(report).keys() == known.keys()
    assert all("\n" not in observed_calls.format_shapes(address, {address: known[address]}) for address in known)


def changed(*path: Any, to: Any) -> bytes:
    told = json.loads(json.dumps(SOUND))
    at = told
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = to
    return json.dumps(told).encode()


def test_a_sound_report_is_taken_whole() -> None:
    report = read_report(json.dumps(SOUND).encode())
    assert isinstance(report, Report)
    assert report.error is not None and report.error.frames[0].locals["x"].shape == [4, 2]
    holds(json.dumps(SOUND).encode())
    assert read_report(b"") == Report()


WRONG: list[tuple[tuple[Any, ...], Any]] = [
    (("error",), 3), (("error",), []), (("error", "frames"), 5), (("error", "frames"), [1]), (("error", "frames"), None),
    (("error", "frames", 0, "line"), True), (("error", "frames", 0, "line"), 1.5), (("error", "frames", 0, "line"), -1),
    (("error", "frames", 0, "line"), 2**63), (("error", "frames", 0, "own"), 1), (("error", "type"), None),
    (("error", "message"), ["x"]), (("error", "near"), 5), (("error", "near"), [{}]), (("error", "libraries"), [1]),
    (("error", "frames", 0, "locals"), [1]), (("error", "frames", 0, "locals"), {"x": 3}),
    (("error", "frames", 0, "locals", "x", "shape"), [True]), (("error", "frames", 0, "locals", "x", "shape"), "4"),
    (("error", "frames", 0, "locals", "x", "shape"), [0] * 65), (("error", "syntax"), {"line": "3"}),
    (("libraries",), 3), (("libraries", "fit.py"), ["f"]), (("values",), []), (("values", "fit.py"), 3),
    (("trace",), []), (("trace", "functions"), []), (("trace", "functions", "fit.py::fit"), None),
    (("trace", "functions", "fit.py::fit", "nan"), "yes"), (("trace", "functions", "fit.py::fit", "calls"), 1e300),
    (("written",), "x"), (("written",), [3]), (("written",), ["x"] * 51),
    (("error", "frames", 0, "line"), float("nan")), (("exit",), float("inf")), (("predictions",), 0),
    (("error", "frames"), [{}] * 65), (("error", "frames", 0, "locals"), {str(n): {} for n in range(301)}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "to"), WRONG)
def test_a_value_of_a_wrong_type_is_a_reason_that_says_where(path: tuple[Any, ...], to: Any) -> None:
    raw = changed(*path, to=to)
    report = read_report(raw)
    assert isinstance(report, Invalid)
    assert path[0] in report.reason or "not finite" in report.reason
    holds(raw)


@pytest.mark.parametrize(
    "raw",
    [b"[]", b"{", b"\xff", b"null", b"3", b'"x"', b"\xef\xbb\xbf{}", b"[" * 200_000, b'{"a":' * 100_000, b"1" * 6_000,
     b'{"exit": 1e999}', b'{"exit": NaN}', b'{"exit": -Infinity}', b"{}" + b" " * MOST_BYTES, b"\x00" * 10],
)  # fmt: skip
def test_bytes_that_are_no_report_are_a_reason(raw: bytes) -> None:
    assert isinstance(read_report(raw), Invalid)
    holds(raw)
    assert stored_signs(raw) == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [("caf\\u00e9 \\ud800", "café \ufffd"), ("\\ud83d\\ude00", "\U0001f600"), ("\\u001b[2Jx", "x"), ("a\\u202eb", "ab"),
     ("\\udb40\\udc41x", "x"), ("[bold]x[/]", "[bold]x[/]")],
)  # fmt: skip
def test_texts_are_cleaned(text: str, seen: str) -> None:
    raw = '{"error": {"message": "TEXT"}, "written": ["TEXT"]}'.replace("TEXT", text)
    report = read_report(raw.encode())
    assert isinstance(report, Report) and report.error is not None
    assert (report.error.message, report.written) == (seen, [seen])


def test_texts_are_cut_and_lines_are_one_line() -> None:
    report = read_report(changed("error", "message", to="x" * 900_000))
    assert isinstance(report, Report) and report.error is not None
    assert len(report.error.message) == 2_000
    report = read_report(changed("error", "libraries", to={"f": "(a)\n# do this\n"}))
    assert isinstance(report, Report) and report.error is not None
    assert report.error.libraries == {"f": "(a) # do this"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None, categories=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=5),
    max_leaves=25,
)
PATHS = st.sampled_from([path for path, _ in WRONG])
REPORTS = st.one_of(
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8).map(lambda told: json.dumps(told).encode()),
    st.builds(lambda path, to: changed(*path, to=to), PATHS, VALUES),
    st.binary(max_size=200),
)


def test_any_report_is_taken_or_a_reason(inputs: int) -> None:
    tried(REPORTS, holds, inputs)


def test_any_mutant_of_a_sound_report_is_taken_or_a_reason(inputs: int) -> None:
    tokens = [
        b"true",
        b"null",
        b"NaN",
        b"1e999",
        b"-1",
        b'"',
        b"\\ud800",
        b"\\u001b[2J",
        b"[",
        b"{",
        b"9" * 5000,
        b"\xff",
    ]
    for raw in mutants([json.dumps(SOUND).encode()], tokens, inputs):
        holds(raw)


@pytest.mark.parametrize(
    "behaviour",
    [
        {"amounts": {"steps": 1e300}},
        {"amounts": {"steps": "1"}},
        {"amounts": {f"k{n}": 1 for n in range(101)}},
        {"calls": ["x"] * 401},
        {"calls": [["x"]]},
        {"rates": 1},
        [],
    ],
)
def test_a_behaviour_of_absurd_size_or_type_is_refused_and_one_that_is_kept_is_empty(behaviour: object) -> None:
    told = read_report(json.dumps({"behaviour": behaviour}).encode())
    assert isinstance(told, Invalid)
    assert told.reason.startswith("report: behaviour")
    assert stored_behaviour(json.dumps(behaviour).encode()) == Behaviour()
