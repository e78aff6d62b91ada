"""Collects what a conformance check finds: an exception of others' code becomes a line and ends its step alone."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

MESSAGE_CHARS = 300


@dataclass
class Findings:
    """What is to be mended, a line each."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        self.lines.append(" ".join(line.split()))

    def demand(self, held: bool, line: str) -> None:
        """Note the line unless what it is about holds."""
        if not held:
            self.add(line)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Note an exception as `what` raises it, with the line of code that did."""
        try:
            yield
        except Exception as error:  # the border to other people's code: whatever it raises is a finding
            frames = traceback.extract_tb(error.__traceback__)
            place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
            message = f"{type(error).__name__}: {error}"[:MESSAGE_CHARS]
            self.add(f"{what} raises {message}{place}")
