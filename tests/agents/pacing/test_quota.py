"""However lanes take, keep and leave, no more hypotheses are begun than were asked for, and no place is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.pacing.quota import Quota


def test_a_place_is_held_while_a_lane_asks_and_given_back_when_it_ends() -> None:
    quota = Quota(2)
    assert quota.take(0, "h1")
    assert quota.take(0, "h1")  # the same lane again: its first idea was thrown out
    assert quota.take(1, "h2")
    assert not quota.take(2, "h3")
    quota.leave(1)
    assert quota.take(2, "h3")
    quota.keep(2, "h3")
    quota.keep(0, "h1")
    assert not quota.take(1, "h2")


def test_ideas_that_an_earlier_drive_left_have_the_first_places() -> None:
    quota = Quota(2)
    quota.hold(["h1", "h2"])
    assert not quota.take(2, "h3"), "whichever lane is entered first"
    assert quota.take(0, "h1")
    quota.keep(1, "h2")  # its lane goes on behind the idea
    assert not quota.take(2, "h3")
    quota.leave(0)
    assert quota.take(2, "h3")


def test_the_place_of_an_idea_that_is_thrown_out_is_free() -> None:
    quota = Quota(1)
    quota.hold(["h1"])
    quota.drop("h1")
    assert quota.take(0, "h2")


def test_no_bound_bounds_nothing() -> None:
    assert all(Quota(None, ["h1"]).take(lane, "h2") for lane in range(100))


@given(
    limit=st.integers(1, 5),
    moves=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["keep", "thrown out", "leave"])), max_size=40),
)
def test_never_more_are_kept_than_asked_for(limit: int, moves: list[tuple[int, str]]) -> None:
    quota, kept = Quota(limit), 0
    for number, (lane, action) in enumerate(moves):
        if not quota.take(lane, f"h{number}"):
            continue
        if action == "keep":
            quota.keep(lane, f"h{number}")
            kept += 1
        elif action == "leave":
            quota.leave(lane)
    assert kept <= limit
    for lane in range(4):
        quota.leave(lane)
    for number in range(kept, limit):
        assert quota.take(0, "h1")
        quota.keep(0, f"more {number}")
    assert not quota.take(0, "h1")
