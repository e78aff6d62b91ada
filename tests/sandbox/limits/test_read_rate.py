from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.limits.read_rate import BURST_BYTES, BYTES_PER_S, ReadRate

CHUNK = 1 << 16


@given(st.lists(st.floats(0, 0.1), max_size=300))
def test_no_flood_is_read_faster_than_its_rate(waits: list[float]) -> None:
    now, read = 100.0, 0
    flow = ReadRate(now)
    for wait in waits:
        now += wait
        while flow.allows_read(now):
            flow.count(CHUNK)
            read += CHUNK
    assert read <= BURST_BYTES + BYTES_PER_S * (now - 100.0) + CHUNK


def test_a_program_that_waited_is_read_again() -> None:
    flow = ReadRate(0.0)
    flow.count(BURST_BYTES + BYTES_PER_S)
    assert not flow.allows_read(0.5)
    assert flow.allows_read(1.1)
