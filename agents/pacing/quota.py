"""Bounds the number of hypotheses of a run over all of its lanes."""

from __future__ import annotations

import threading
from collections.abc import Iterable


class Quota:
    """`limit` hypotheses, None for no bound; `kept` are the ids that count already. Thread-safe.

    A lane that asks for an idea holds a place until its idea is kept or the lane ends, so that lanes never begin more
    hypotheses than the limit. Ideas that an earlier drive left unscreened hold places until their lane screens them,
    since lanes start in any order. The caller leaves hypotheses out of `kept` that a stop cut short.
    """

    def __init__(self, limit: int | None, kept: Iterable[str] = ()) -> None:
        self.limit = limit
        self._kept, self._asking, self._unscreened = set(kept), set[int](), set[str]()
        self._lock = threading.Lock()

    def hold(self, ids: Iterable[str]) -> None:
        """Reserve places for ideas of an earlier drive that aren't screened yet."""
        with self._lock:
            self._unscreened = set(ids)

    def take(self, lane: int, hypothesis: str) -> bool:
        """Take a place for one more hypothesis. Returns whether the lane may ask for it."""
        with self._lock:
            self._unscreened.discard(hypothesis)
            others = len(self._kept | self._unscreened) + len(self._asking - {lane})
            if self.limit is not None and others >= self.limit:
                self._asking.discard(lane)
                return False
            self._asking.add(lane)
            return True

    def keep(self, lane: int, hypothesis: str) -> None:
        """Count the lane's idea, which is carried out."""
        with self._lock:
            self._asking.discard(lane)
            self._unscreened.discard(hypothesis)
            self._kept.add(hypothesis)

    def drop(self, hypothesis: str) -> None:
        """Release an idea that was thrown out. Its lane keeps its place and asks for another."""
        with self._lock:
            self._unscreened.discard(hypothesis)

    def leave(self, lane: int) -> None:
        """Release the place of a lane that ends without an idea."""
        with self._lock:
            self._asking.discard(lane)
