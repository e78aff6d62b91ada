"""Measures the GPU memory of one experiment from outside: its peak, and whether it exceeds its share.

nvidia-smi takes a good part of a second, so it is called in a thread beside the run. Where it doesn't name the
processes (inside some containers), the whole card is measured if it is held exclusively, less what was in use before.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from pelagos.errors import MissingPart
from pelagos.nouns import OutcomeKind
from sandbox.gpu.gpus import list_gpu_processes, list_gpus
from sandbox.protocol import Outcome, Spec

SAMPLE_EVERY_S = 0.5
STOPPED = "gpu memory"
# What CUDA itself and the libraries on it print when a card is full.
_OUT_OF_MEMORY_TEXTS = (
    "CUDA out of memory",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "cudaErrorMemoryAllocation",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "RESOURCE_EXHAUSTED: Out of memory",
    "cupy.cuda.memory.OutOfMemoryError",
)


class GpuMeter:
    """A backend adds `sample` to its meter's and passes its outcome through `with_gpu_use`."""

    def __init__(self, spec: Spec, member: Callable[[int], bool]) -> None:
        self._spec, self._member = spec, member
        self._limit = spec.limits.gpu_memory_mb
        self.peak_mb = 0.0
        self._over = False
        self._before = self._used_by_all() if spec.gpus and self._limit is None else 0.0

    def sample(self) -> str:
        return STOPPED if self._over else ""

    def measure(self) -> None:
        """Measure once."""
        uuids = {gpu.uuid for gpu in list_gpus() if gpu.index in self._spec.gpus}
        own_mb = [process.mb for process in list_gpu_processes() if process.uuid in uuids and self._member(process.pid)]
        used = sum(own_mb) if own_mb or self._limit is not None else self._used_by_all() - self._before
        self.peak_mb = max(self.peak_mb, used)
        self._over = self._over or (self._limit is not None and used > self._limit * len(self._spec.gpus))

    def with_gpu_use(self, outcome: Outcome) -> Outcome:
        """Return the outcome with the peak, and as out of memory where the card's memory ran out."""
        outcome = replace(outcome, peak_gpu_mb=round(self.peak_mb, 1))
        if self._over:
            return replace(outcome, kind=OutcomeKind.OOM, cause=f"more than {self._limit} MB of GPU memory")
        if (
            self._spec.gpus
            and outcome.kind is OutcomeKind.ERROR
            and any(text in outcome.log for text in _OUT_OF_MEMORY_TEXTS)
        ):
            return replace(outcome, kind=OutcomeKind.OOM, cause="the card's memory was used up (CUDA out of memory)")
        return outcome

    def _used_by_all(self) -> float:
        return sum(gpu.used_mb for gpu in list_gpus() if gpu.index in self._spec.gpus)


@contextlib.contextmanager
def gpu_meter(spec: Spec, member: Callable[[int], bool]) -> Iterator[GpuMeter]:
    """Measure while the context is open, at no cost where no card is used. `member` says which pids are the
    experiment's."""
    meter = GpuMeter(spec, member)
    if not spec.gpus:
        yield meter
        return
    done = threading.Event()

    def watch() -> None:
        while True:
            with contextlib.suppress(MissingPart):  # nvidia-smi was too busy this time
                meter.measure()
            if done.wait(SAMPLE_EVERY_S):
                return

    thread = threading.Thread(target=watch, name="gpu-meter", daemon=True)
    thread.start()
    try:
        yield meter
    finally:
        done.set()
        thread.join()
