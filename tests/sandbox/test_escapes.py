"""The escape suite: hostile programs, as data in tests/sandbox/escapes, against every sandbox that stands here.

What counts is what the host sees: bait untouched, nobody left alive, the outcome typed rightly. That the witnesses
see anything at all is shown by the controls: harmless ones of the same programs, without a sandbox.
"""

from __future__ import annotations

import json
import platform
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pelagos.errors import EvaluationError
from pelagos.nouns import Direction, Metric, OutcomeKind
from sandbox.backends.unsafe import Unsafe
from sandbox.choose import BACKENDS
from sandbox.evaluation.evaluator import Evaluator
from sandbox.protocol import Outcome, Sandbox, Spec
from tests.sandbox.conftest import standing
from tests.sandbox.escapes.files import FILES
from tests.sandbox.escapes.grading import POISONS, Poison
from tests.sandbox.escapes.kernel import KERNEL
from tests.sandbox.escapes.limits import LIMITED
from tests.sandbox.escapes.memory import MEMORY
from tests.sandbox.escapes.network import NETWORK
from tests.sandbox.escapes.pretence import PRETENCE
from tests.sandbox.escapes.processes import PROCESSES
from tests.sandbox.escapes.results import RESULTS
from tests.sandbox.escapes.table import Escape
from tests.sandbox.escapes.witness import Host, host

ESCAPES = [*FILES, *NETWORK, *PROCESSES, *MEMORY, *LIMITED, *RESULTS, *KERNEL, *PRETENCE]
CONTROLS = [one for one in ESCAPES if one.control]
ACCURACY = Metric(name="accuracy", direction=Direction.UP, min_effect=0.01)


def _marks(name: str) -> list[pytest.MarkDecorator]:
    if name.startswith(("docker", "podman")):
        return [pytest.mark.docker]
    return [] if name == "bubblewrap" else [pytest.mark.slow]


def _case(one: Escape | Poison) -> object:
    return pytest.param(one, id=one.name, marks=[pytest.mark.slow] if one.slow else [])


@pytest.fixture(scope="module", params=[pytest.param(name, marks=_marks(name), id=name) for name in BACKENDS])
def box(request: pytest.FixtureRequest) -> Sandbox:
    return standing(request.param)


@pytest.fixture(scope="module")
def outside() -> Iterator[Host]:
    with tempfile.TemporaryDirectory(prefix="escapes-") as name, host(Path(name)) as made:
        yield made


def attack(box: Sandbox, one: Escape, outside: Host) -> Outcome:
    files = {"w.json": json.dumps(outside.bait()).encode(), "hostile.py": one.program}
    argv = ["python", "hostile.py", outside.mark]
    return box.run(Spec(argv, files, {"shown": outside.shown}, one.collect, limits=one.limits))


@pytest.mark.parametrize("one", [_case(one) for one in ESCAPES])
def test_nothing_escapes(box: Sandbox, one: Escape, outside: Host) -> None:
    if one.x86 and platform.machine() != "x86_64":
        pytest.skip("machine code for x86-64")
    began = time.monotonic()
    done = attack(box, one, outside)
    took = time.monotonic() - began
    assert outside.breaches(done.log) == []
    assert not any(outside.token.encode() in content for content in done.files.values())
    assert (done.kind in one.kinds, one.said in done.log) == (True, True), (done.kind, done.cause, done.log[-2000:])
    assert re.search(one.cause, done.cause), done.cause
    assert all(one.refused in reason for reason in done.refused.values())
    assert one.kinds != (OutcomeKind.INVALID,) or done.refused
    _held(one, done, took)


def _held(one: Escape, done: Outcome, took: float) -> None:
    """The limits, as measured from outside; wide margins, since the machine may be busy."""
    sampled = "cgroup" not in done.isolation and "rlimit" in done.isolation
    assert done.peak_memory_mb <= one.limits.memory_mb * (2.5 if sampled else 1.1)
    assert done.cpu_seconds <= done.seconds * (4 if sampled else 1.5) + 2
    assert len(done.log.encode()) <= one.limits.log_mb * 1_000_000 + 10_000
    assert "\x1b" not in done.log and "\u202e" not in done.log
    assert done.seconds < one.limits.seconds + 8 and took < one.limits.seconds + 30


@pytest.mark.parametrize("one", CONTROLS, ids=lambda one: one.name)
def test_the_witness_sees_it_where_nothing_isolates(one: Escape, outside: Host) -> None:
    try:
        done = attack(Unsafe(), one, outside)
        assert any(seen.startswith(one.control) for seen in outside.breaches(done.log, patience=0)), done.log
    finally:
        outside.restore()
    assert outside.breaches("") == []


@pytest.mark.parametrize("one", [_case(one) for one in POISONS])
def test_predictions_harm_nobody(box: Sandbox, one: Poison, outside: Host, tmp_path: Path) -> None:
    labels = tmp_path / "labels.npy"
    np.save(labels, np.array([0, 1, 0, 1]))
    outside.bait()
    predictions = one.make(outside.open / "written")
    if one.cause:
        with pytest.raises(EvaluationError) as refused:
            Evaluator(box).score(labels, predictions, ACCURACY)
        assert refused.value.cause == one.cause, refused.value
    else:
        assert Evaluator(box).score(labels, predictions, ACCURACY).score == 0.75
    assert outside.breaches("") == []


def test_there_are_enough_and_their_names_differ() -> None:
    assert len({one.name for one in ESCAPES}) == len(ESCAPES) >= 40
    assert len(CONTROLS) >= 8
