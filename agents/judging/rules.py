"""Holds what is fixed before the first result is seen: thresholds, looks, and which versions go on to the next stage.

Everything that a verdict depends on besides the scores stands here, so that nothing is chosen afterwards. The constants
were chosen by simulation (docs/judging.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pelagos.settings import Judge

GROWTH = 1.6
FUTILE_P = 0.3
"""Validation p-value above which a version gets no further seeds."""
PROMISING_P = 0.2
"""Validation p-value up to which a version is promising; the best of them is tested on sealed data at the end."""
AT_ONCE_P = 0.01
"""Validation p-value up to which a promising version is tested on sealed data as soon as it is judged."""


@dataclass(frozen=True)
class Rules:
    """`looks`: seed counts at which validation evidence is read."""

    looks: tuple[int, ...]

    @classmethod
    def from_settings(cls, settings: Judge, seeds: int) -> Rules:
        """Return looks from `min_seeds` to `max_seeds`, or to the number of `seeds` if that is smaller."""
        last = min(settings.max_seeds, seeds)
        return cls(space_looks(min(settings.min_seeds, last), last))

    def next_look(self, seeds: int) -> int | None:
        """Return the seed count of the first look after `seeds`; None after the last."""
        return next((look for look in self.looks if look > seeds), None)


def space_looks(first: int, last: int) -> tuple[int, ...]:
    """Return seed counts that grow by about 1.6, such as 3, 5, 8."""
    looks = []
    look = first
    while look < last:
        looks.append(look)
        look = math.ceil(look * GROWTH)
    return (*looks, last)
