"""How many hypotheses a run may still begin, over all of its lanes."""

from __future__ import annotations

import threading
from collections.abc import Iterable


class Quota:
    """`most` hypotheses, None for no bound; `kept` are the ids that count already. Thread-safe.

    A lane that asks for an idea holds a place until its idea is kept or the lane ends, so that no more are begun than
    were asked for. What a stop cut short doesn't count: nobody lost it by intent.
    """

    def __init__(self, most: int | None, kept: Iterable[str] = ()) -> None:
        self.most = most
        self._kept, self._asking = set(kept), set[int]()
        self._lock = threading.Lock()

    def take(self, lane: int) -> bool:
        """Whether the lane may ask for one more."""
        with self._lock:
            if self.most is not None and len(self._kept) + len(self._asking - {lane}) >= self.most:
                self._asking.discard(lane)
                return False
            self._asking.add(lane)
            return True

    def keep(self, lane: int, hypothesis: str) -> None:
        """The lane's idea is carried out."""
        with self._lock:
            self._asking.discard(lane)
            self._kept.add(hypothesis)

    def leave(self, lane: int) -> None:
        """The lane ends without one."""
        with self._lock:
            self._asking.discard(lane)
