"""Slots on cards: real lock files and real processes that are killed; only nvidia-smi is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from pelagos.errors import MissingPart, SandboxError
from sandbox.gpu import gpu_slots
from tests.sandbox.fake_smi import FakeSmi, mb, on_path

HOLDER = """
import sys
from sandbox.gpu.gpu_slots import take
with take(1, int(sys.argv[1]) or None, lambda reason: print(reason, flush=True)) as held:
    print("held", held, flush=True)
    sys.stdin.read()
"""


class GaveUpError(Exception):
    pass


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSmi:
    monkeypatch.setattr(gpu_slots, "POLL_S", 0.05)
    return on_path(tmp_path, monkeypatch)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSmi:
    return on_path(tmp_path, monkeypatch, cards=2)


def give_up(reason: str) -> None:
    raise GaveUpError(reason)


def holder(memory: int = 0) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held (0,)\n"
    return child


def test_alone_by_default(smi: FakeSmi) -> None:
    with gpu_slots.take(1, None, give_up) as held:
        assert held == (0,)
        with pytest.raises(GaveUpError, match="0: held alone by an experiment"), gpu_slots.take(1, None, give_up):
            pass
        with pytest.raises(GaveUpError, match="held alone"), gpu_slots.take(1, 100, give_up):
            pass
    with gpu_slots.take(1, None, give_up):
        pass


def test_shared_while_the_amounts_fit(smi: FakeSmi) -> None:
    with gpu_slots.take(1, 5000, give_up), gpu_slots.take(1, 5000, give_up):
        with pytest.raises(GaveUpError, match="486 MB free of the 1000 MB asked for"), gpu_slots.take(1, 1000, give_up):
            pass
        with pytest.raises(GaveUpError, match="shared by experiments"), gpu_slots.take(1, None, give_up):
            pass


def test_a_model_server_on_the_card_is_counted(smi: FakeSmi) -> None:
    smi.used = [8_000]
    smi.tell((0, 1, 8_000))
    with pytest.raises(GaveUpError, match="2097 MB free of the 3000 MB"), gpu_slots.take(1, 3000, give_up):
        pass
    with pytest.raises(GaveUpError, match="used by process 1; with limits"), gpu_slots.take(1, None, give_up):
        pass
    with gpu_slots.take(1, 2000, give_up):
        pass


def test_what_an_experiment_really_uses_is_not_counted_twice(smi: FakeSmi) -> None:
    with gpu_slots.take(1, 6000, give_up):
        child = subprocess.Popen(["sleep", "60"])
        try:
            smi.used = [5_000]
            smi.tell((0, child.pid, 5_000))
            with gpu_slots.take(1, 4000, give_up):
                pass
        finally:
            child.kill()
            child.wait()


@pytest.mark.parametrize("memory", [0, 8_000])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_hold_ends_with_its_holder_however_it_dies(memory: int, number: int, smi: FakeSmi) -> None:
    child = holder(memory)
    with pytest.raises(GaveUpError), gpu_slots.take(1, 8_000, give_up):
        pass
    os.kill(child.pid, number)
    child.wait()
    with gpu_slots.take(1, None, give_up):
        assert [hold.pid for hold in gpu_slots.list_holds()] == [os.getpid()]
    assert gpu_slots.list_holds() == []
    assert [path.name for path in gpu_slots._folder().iterdir()] == ["guard"]


def test_who_waits_gets_it_when_it_is_free(smi: FakeSmi) -> None:
    told: list[str] = []
    got = threading.Event()

    def wait() -> None:
        with gpu_slots.take(1, None, told.append):
            got.set()

    child = holder()
    thread = threading.Thread(target=wait)
    thread.start()
    while not told:
        time.sleep(0.01)
    assert not got.is_set()
    child.kill()
    child.wait()
    thread.join(30)
    assert got.is_set()


def test_several_at_once_or_none(two: FakeSmi) -> None:
    with ExitStack() as stack:
        assert stack.enter_context(gpu_slots.take(1, None, give_up)) == (0,)
        with pytest.raises(GaveUpError), gpu_slots.take(2, None, give_up):
            pass
        assert stack.enter_context(gpu_slots.take(1, None, give_up)) == (1,)
    with gpu_slots.take(2, None, give_up) as both:
        assert both == (0, 1)


def test_the_emptiest_card_first(two: FakeSmi) -> None:
    two.used = [3_000, 1_000]
    two.tell()
    with gpu_slots.take(1, 2_000, give_up) as held:
        assert held == (1,)


def test_more_cards_than_there_are(smi: FakeSmi) -> None:
    with pytest.raises(MissingPart, match="2 cards are wanted, this machine has 1"), gpu_slots.take(2, None, give_up):
        pass


def test_somebody_elses_runtime_folder_is_refused(smi: FakeSmi, tmp_path: Path) -> None:
    (tmp_path / "run" / "pelagos-cards").mkdir(mode=0o777)
    (tmp_path / "run" / "pelagos-cards").chmod(0o777)
    with pytest.raises(SandboxError, match="others may write there"), gpu_slots.take(1, None, give_up):
        pass


def test_sizes_are_ours_not_nvidias(smi: FakeSmi) -> None:
    from sandbox.gpu.gpus import list_gpus as there

    assert there()[0].total_mb == pytest.approx(mb(10_000))
