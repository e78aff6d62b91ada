from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sandbox.border.analysis import Results, read_findings, read_results
from sandbox.border.reading import Invalid

ROW: dict[str, Any] = {
    "entity": "MAPT", "effect": 1.2, "low": 0.8, "high": None, "statistic": 5, "df": 80.0, "p": 0.001, "q": 0.01, "n": 90,
    "r": 0.5, "r_low": 0.3, "r_high": 0.6, "members": ["a"], "extra": {"unit": "log2", "events": 3.0},
}  # fmt: skip


def results(**change: Any) -> bytes:
    return json.dumps({"tables": {"0": [ROW | change]}, "states": ["log2"]}).encode()


def test_a_table_is_read() -> None:
    read = read_results(results())
    assert isinstance(read, Results)
    assert read.tables["0"][0].entity == "MAPT"
    assert read.tables["0"][0].extra == {"unit": "log2", "events": 3.0}


@pytest.mark.parametrize(
    "raw",
    [
        results(p=1.5), results(p="0.01"), results(r=-2), results(n=-1), results(effect="up"), results(members="a"),
        results(extra={"x": [1]}), results().replace(b"0.001", b"NaN"), results().replace(b'"0"', b'"x"'), b"", b"[]",
        json.dumps({"figures": {"0": base64.b64encode(b"GIF89a").decode()}}).encode(),
        json.dumps({"failed": {"call": 0, "kind": "fine", "message": ""}}).encode(),
    ],
)  # fmt: skip
def test_what_is_no_result_is_invalid_with_one_line(raw: bytes) -> None:
    read = read_results(raw)
    assert isinstance(read, Invalid)
    assert "\n" not in read.reason


def test_texts_of_a_tool_are_cleaned() -> None:
    read = read_results(results(entity="a\x1b[31m\nb"))
    assert isinstance(read, Results)
    assert "\x1b" not in read.tables["0"][0].entity
    assert "\n" not in read.tables["0"][0].entity
    assert read_findings(b'{"t": ["x\\ny"]}') == {"t": ["x y"]}
    assert isinstance(read_findings(b'{"t": "x"}'), Invalid)
