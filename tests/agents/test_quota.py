"""However lanes take, keep and leave, no more hypotheses are begun than were asked for, and no place is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.quota import Quota


def test_a_place_is_held_while_a_lane_asks_and_given_back_when_it_ends() -> None:
    quota = Quota(2)
    assert quota.take(0)
    assert quota.take(0)  # the same lane again: its first idea was thrown out
    assert quota.take(1)
    assert not quota.take(2)
    quota.leave(1)
    assert quota.take(2)
    quota.keep(2, "h3")
    quota.keep(0, "h1")
    assert not quota.take(1)


def test_no_bound_bounds_nothing() -> None:
    assert all(Quota(None, ["h1"]).take(lane) for lane in range(100))


@given(
    most=st.integers(1, 5),
    moves=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["keep", "thrown out", "leave"])), max_size=40),
)
def test_never_more_are_kept_than_asked_for(most: int, moves: list[tuple[int, str]]) -> None:
    quota, kept = Quota(most), 0
    for number, (lane, what) in enumerate(moves):
        if not quota.take(lane):
            continue
        if what == "keep":
            quota.keep(lane, f"h{number}")
            kept += 1
        elif what == "leave":
            quota.leave(lane)
    assert kept <= most
    for lane in range(4):
        quota.leave(lane)
    for number in range(kept, most):
        assert quota.take(0)
        quota.keep(0, f"more {number}")
    assert not quota.take(0)
