"""GPU memory of one experiment, watched from outside: its peak, and the end of one that takes more than its share.

nvidia-smi takes a good part of a second, so it is asked in a thread beside the run. Where it doesn't name the
processes (inside some containers) a card that is held alone is measured whole, less what was in use before.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from pelagos.errors import MissingPart
from pelagos.nouns import OutcomeKind
from sandbox.gpus import cards, uses
from sandbox.protocol import Outcome, Spec

EVERY = 0.5
STOPPED = "gpu memory"
# What CUDA itself and the libraries on it print when a card is full.
_FULL = (
    "CUDA out of memory",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "cudaErrorMemoryAllocation",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "RESOURCE_EXHAUSTED: Out of memory",
    "cupy.cuda.memory.OutOfMemoryError",
)


class GpuMeter:
    """Satisfies nothing by itself: a backend adds `sample` to its meter's and sends its outcome through `typed`."""

    def __init__(self, spec: Spec, member: Callable[[int], bool]) -> None:
        self._spec, self._member = spec, member
        self._limit = spec.limits.gpu_memory_mb
        self.peak_mb = 0.0
        self._over = False
        self._before = self._whole() if spec.gpus and self._limit is None else 0.0

    def sample(self) -> str:
        return STOPPED if self._over else ""

    def look(self) -> None:
        """Ask once."""
        uuids = {card.uuid for card in cards() if card.index in self._spec.gpus}
        mine = [use.mb for use in uses() if use.uuid in uuids and self._member(use.pid)]
        used = sum(mine) if mine or self._limit is not None else self._whole() - self._before
        self.peak_mb = max(self.peak_mb, used)
        self._over = self._over or (self._limit is not None and used > self._limit * len(self._spec.gpus))

    def typed(self, made: Outcome) -> Outcome:
        """`made` with the peak, and as out of memory where it was the card's that ran out."""
        made = replace(made, peak_gpu_mb=round(self.peak_mb, 1))
        if self._over:
            return replace(made, kind=OutcomeKind.OOM, cause=f"more than {self._limit} MB of GPU memory")
        if self._spec.gpus and made.kind is OutcomeKind.ERROR and any(text in made.log for text in _FULL):
            return replace(made, kind=OutcomeKind.OOM, cause="the card's memory was used up (CUDA out of memory)")
        return made

    def _whole(self) -> float:
        return sum(card.used_mb for card in cards() if card.index in self._spec.gpus)


@contextlib.contextmanager
def gpu_meter(spec: Spec, member: Callable[[int], bool]) -> Iterator[GpuMeter]:
    """Watches while it is open; costs nothing where no card is used. `member` says which pids are the experiment's."""
    meter = GpuMeter(spec, member)
    if not spec.gpus:
        yield meter
        return
    done = threading.Event()

    def watch() -> None:
        while True:
            with contextlib.suppress(MissingPart):  # nvidia-smi was too busy this once
                meter.look()
            if done.wait(EVERY):
                return

    thread = threading.Thread(target=watch, name="gpu-meter", daemon=True)
    thread.start()
    try:
        yield meter
    finally:
        done.set()
        thread.join()
