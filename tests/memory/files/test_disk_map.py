"""A dictionary on disk does what a dictionary does, and its memory doesn't grow."""

from __future__ import annotations

import math
import threading
from enum import StrEnum
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from memory.files import disk_map
from memory.files.disk_map import DiskMaps
from pelagos.errors import DamagedRun, DiskFull


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Item(NamedTuple):
    name: str
    number: float | None
    colour: Colour


KEYS = st.text("abc'\";é\n", max_size=3)
ITEMS = st.builds(Item, st.text(max_size=5), st.none() | st.floats(allow_nan=False), st.sampled_from(Colour))


class LikeADictionary(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        maps = DiskMaps()
        self.map, self.other = maps.make("items", tuple[Item, ...]), maps.make("others", str)
        self.expected: dict[str, tuple[Item, ...]] = {}

    @rule(key=KEYS, value=st.lists(ITEMS, max_size=3).map(tuple))
    def put(self, key: str, value: tuple[Item, ...]) -> None:
        self.map[key] = self.expected[key] = value

    @rule(key=KEYS)
    def look_up(self, key: str) -> None:
        assert self.map.get(key) == self.expected.get(key) and (key in self.map) == (key in self.expected)

    @invariant()
    def is_equal(self) -> None:
        assert list(self.map.items()) == list(self.expected.items()) and len(self.map) == len(self.expected)
        assert self.map.newest(2) == list(self.expected.values())[::-1][:2] and not self.other


LikeADictionary.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLikeADictionary = LikeADictionary.TestCase


def test_values_keep_their_types() -> None:
    items = DiskMaps().make("items", Item)
    items["a"] = Item("x", math.inf, Colour.BLUE)
    assert items["a"] == Item("x", math.inf, Colour.BLUE) and items["a"].colour is Colour.BLUE
    with pytest.raises(KeyError):
        items["b"]


def test_threads_may_share_it() -> None:
    numbers = DiskMaps().make("numbers", int)

    def put(first: int) -> None:
        for number in range(50):
            numbers[f"{first}/{number}"] = number

    threads = [threading.Thread(target=put, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 200 and sum(numbers.values()) == 4 * sum(range(50))


def test_a_full_disk_is_said() -> None:
    maps = DiskMaps()
    texts = maps.make("texts", str)
    texts["0"] = "x" * 1000
    maps._raw.execute("PRAGMA max_page_count=20")
    with pytest.raises(DiskFull, match="temporary files"):
        texts["1"] = "x" * 100_000
    assert dict(texts) == {"0": "x" * 1000}


def test_another_fault_of_the_file_says_what_to_do() -> None:
    maps = DiskMaps()
    maps._raw.execute("PRAGMA query_only=ON")
    with pytest.raises(
        DamagedRun, match=r"temporary files \(.*\): attempt to write a readonly database; name one that can be written"
    ):
        maps.make("texts", str)


def test_its_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_map, "CACHE_KIB", 256)
    texts = DiskMaps().make("texts", str)
    before = resident_mb()
    for number in range(30_000):
        texts[str(number)] = "x" * 1000
    assert len(texts) == 30_000 and resident_mb() - before < 8  # the values are 30 MB


def resident_mb() -> float:
    with open("/proc/self/status", encoding="ascii") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024
