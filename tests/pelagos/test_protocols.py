"""Members are read off a protocol's class; what an object lacks of it is said with the line to write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import pytest

from pelagos.protocols import find_lacking, find_misfits, list_members


class Named(Protocol):
    label: str

    @property
    def name(self) -> str:
        """What it is called."""
        ...


class Dated(Protocol):
    @property
    def date(self) -> str | None: ...


def test_an_attribute_may_be_none_where_the_protocol_says_so() -> None:
    assert find_misfits(make(date=None), Dated) == []
    assert find_lacking(Whole(), Dated) == ["date"]


class Scorer(Named, Protocol):
    def score(self, values: Sequence[float], weight: float = 1.0, *, exact: bool = False) -> float:
        """The sum."""
        ...


class Whole:
    label, name = "l", "n"

    def score(self, values: Sequence[float], weight: float = 1.0, *, exact: bool = False) -> float:
        return 0.0


def make(**members: Any) -> Any:
    return type("Made", (Whole,), members)()


def test_members_are_read_off_the_class_and_its_bases() -> None:
    members = {member.name: member for member in list_members(Scorer)}
    assert list(members) == ["label", "name", "score"]
    assert (members["label"].head, members["name"].head) == ("label: str", "name: str")
    assert members["score"].head == (
        "def score(self, values: Sequence[float], weight: float = 1.0, exact: bool = False) -> float"
    )
    assert members["score"].summary == "The sum."
    assert find_lacking(Whole(), Scorer) == find_misfits(Whole(), Scorer) == []


def test_what_lacks_is_named_with_the_line_to_write() -> None:
    assert find_lacking(object(), Scorer) == ["label", "name", "score"]
    inherited = type("Inherits", (Scorer,), {"label": "l", "name": "n"})()
    assert find_lacking(inherited, Scorer) == ["score"]
    [line] = find_misfits(inherited, Scorer)
    assert line.startswith("lacks score; write `def score(self, values: Sequence[float], weight")
    assert line.endswith("`: The sum.")


@pytest.mark.parametrize(
    ("members", "line"),
    [
        ({"name": 3}, "name is 3; write `name: str`"),
        ({"score": 3}, "score is 3; write `def score("),
        ({"score": lambda self, values: 0.0}, "score can't be called as the protocol's is: too many positional"),
        ({"score": lambda self, values, weight=1.0: 0.0}, "got an unexpected keyword argument 'exact'"),
        ({"score": lambda self, values, weight, *, exact=False: 0.0}, "missing a required argument: 'weight'"),
        ({"score": lambda self, numbers, weight=1.0, *, exact=False: 0.0}, "has a parameter 'numbers' where"),
        ({"score": lambda self, *args, **kwargs: 0.0}, ""),
        ({"score": lambda self, values, weight=1.0, more=2, *, exact=False: 0.0}, ""),
    ],
)
def test_a_member_that_does_not_fit_is_said(members: dict[str, Any], line: str) -> None:
    found = find_misfits(make(**members), Scorer)
    assert bool(found) == bool(line)
    assert line in "".join(found)
