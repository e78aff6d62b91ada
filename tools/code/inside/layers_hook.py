"""Runs inside the sandbox: measures where dropout and normalisation are among the layers that learn. Standard library
only.

Measured in the first training passes only, because a network does not change its order. A network without dropout and
normalisation has no amounts.
"""

from itertools import pairwise
from typing import Any

MAX_PASSES = 50
LEARNING_LAYERS = ("Linear", "Conv1d", "Conv2d", "Conv3d")
DROPOUT, NORM = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d"), ("Norm", "Norm1d", "Norm2d", "Norm3d")


class Layers:
    """Hidden layers are all layers that learn except the last one."""

    def __init__(self) -> None:
        self.left = MAX_PASSES
        self._hidden = 0
        self._counts: dict[str, int] = {}

    def note(self, entered: list[Any]) -> None:
        """Record one pass. `entered` are its modules in the order of their calls, including containers."""
        if not self.left:
            return
        self.left -= 1
        kinds = [
            type(module).__name__
            for module in entered
            if not module._modules and type(module).__module__.startswith("torch.")
        ]
        if kinds and kinds[-1].endswith((*DROPOUT, *NORM)):
            self._add(f"share of passes that end in {kinds[-1]}")
        learning = [position for position, kind in enumerate(kinds) if kind in LEARNING_LAYERS]
        for position, next_position in pairwise(learning):
            self._hidden += 1
            behind = kinds[position + 1 : next_position]
            for kind in set(kinds):
                if kind.endswith(DROPOUT) and kind not in behind:
                    self._add(f"share of hidden layers with no {kind} behind")
                if kind.endswith(NORM) and kind not in behind[:1]:
                    self._add(f"share of hidden layers with no {kind} right behind")

    def amounts(self) -> dict[str, float]:
        return {
            name: count / max(MAX_PASSES - self.left if "passes" in name else self._hidden, 1)
            for name, count in list(self._counts.items())[:20]
        }

    def _add(self, name: str) -> None:
        self._counts[name] = self._counts.get(name, 0) + 1
