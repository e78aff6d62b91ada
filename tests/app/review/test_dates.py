from __future__ import annotations

import time

from app.review.dates import format_age, format_stamp


def test_ages_are_in_days_from_two_on() -> None:
    now = time.time()
    assert format_age(now - 200) == "3 min 20 s ago"
    assert format_age(now - 5 * 86_400) == "5 days ago"
    assert format_age(now + 500) == "0.0 s ago"
    assert (format_age(0.0), format_stamp(0.0)) == ("–", "–")


def test_a_stamp_is_local_time() -> None:
    at = time.mktime((2026, 11, 29, 18, 5, 7, 0, 0, -1))
    assert format_stamp(at) == "2026-11-29 18:05:07"
