from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.flow import BURST, RATE, Flow

CHUNK = 1 << 16


@given(st.lists(st.floats(0, 0.1), max_size=300))
def test_no_flood_is_read_faster_than_its_rate(waits: list[float]) -> None:
    now, read = 100.0, 0
    flow = Flow(now)
    for wait in waits:
        now += wait
        while flow.is_open(now):
            flow.took(CHUNK)
            read += CHUNK
    assert read <= BURST + RATE * (now - 100.0) + CHUNK


def test_a_program_that_waited_is_read_again() -> None:
    flow = Flow(0.0)
    flow.took(BURST + RATE)
    assert not flow.is_open(0.5)
    assert flow.is_open(1.1)
