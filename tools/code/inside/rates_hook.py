"""Runs inside the sandbox: summarises a sequence of learning rates while it is produced. Standard library only."""

import weakref

HIGHEST = "share of steps before the highest learning rate"
MAX_RATES = 10_000  # number of distinct rates that are stored
HIGHER_FACTOR = 1 + 1e-9  # a smaller increase is a rounding difference
MAX_STEP_SHARE = 0.1  # largest share of steps with a fall in a stepwise schedule; more falls are a decay


class Rates:
    """First and last rate, number of distinct rates, and shape of the sequence. Each optimizer has its own last rate:
    if several networks are trained, the first rate of the second one is not a rise."""

    def __init__(self) -> None:
        self.steps = 0
        self._first = self._last = 0.0
        self._last_by_optimizer: weakref.WeakKeyDictionary[object, float] = weakref.WeakKeyDictionary()
        self._seen: set[float] = set()
        self._current: weakref.ref[object] = weakref.ref(self)
        self._rises = self._falls = 0
        self._fell_first = False
        self._highest, self._highest_at = 0.0, 0

    def note(self, rate: float, optimizer: object) -> None:
        before = self._last if self._current() is optimizer else self._switch(optimizer, rate)
        if not self.steps:
            self._first = rate
        if rate > before:
            self._rises += 1
            self._fell_first = self._fell_first or bool(self._falls)
        elif rate < before:
            self._falls += 1
        if rate > self._highest * HIGHER_FACTOR:
            self._highest, self._highest_at = rate, self.steps
        self.steps += 1
        self._last = rate
        if len(self._seen) < MAX_RATES:
            self._seen.add(rate)

    def _switch(self, optimizer: object, rate: float) -> float:
        """Change to another optimizer. Returns its last rate, or `rate` if it is new."""
        left = self._current()
        if left is not None:
            self._last_by_optimizer[left] = self._last
        self._current = weakref.ref(optimizer)
        return self._last_by_optimizer.get(optimizer, rate)

    def amounts(self) -> dict[str, float]:
        """The amounts by name; empty if there was no step."""
        if not self.steps:
            return {}
        return {"learning rate at first": self._first, "learning rate at last": self._last,
                "different learning rates": len(self._seen),
                HIGHEST: self._highest_at / self.steps}  # fmt: skip

    def shape(self) -> str:
        if not self.steps or not (self._rises or self._falls):
            return "constant" if self.steps else ""
        if not self._rises:
            return "steps down" if self._falls <= MAX_STEP_SHARE * self.steps else "decay"
        if not self._falls:
            return "rise"
        return "varied" if self._fell_first else "rise, then decay"
