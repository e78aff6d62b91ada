"""Where a digest begins."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.report.digest.span import find_beginning
from pelagos.errors import BadInput

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "hours"), [("90m", 1.5), ("24h", 24), ("1.5 H", 1.5), ("7d", 168), ("2w", 336), ("0m", 0)]
)
def test_a_span_ends_now(text: str, hours: float) -> None:
    assert find_beginning(text, NOW) == NOW - hours * 3600


@pytest.mark.parametrize("text", ["2026-11-28T12:00:00+00:00", "2026-11-28T12:00Z", "2026-11-28 13:00+01:00"])
def test_a_date_with_a_zone(text: str) -> None:
    assert find_beginning(text, NOW) == NOW - 86_400


def test_a_date_without_a_zone_is_local_time() -> None:
    assert find_beginning("2026-11-28", NOW) == datetime(2026, 11, 28).timestamp()


@given(st.text(max_size=30))
def test_anything_is_a_time_before_now_or_one_line(text: str) -> None:
    with contextlib.suppress(BadInput):
        assert find_beginning(text, NOW) <= NOW


@pytest.mark.parametrize("text", ["", "24", "h", "-3h", "1e9h", "24h ago", "2026-13-01", "infh", "9999999999d"])
def test_bad_spans(text: str) -> None:
    with pytest.raises(BadInput, match="write a span such as 90m"):
        find_beginning(text, NOW)
