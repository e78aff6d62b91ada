"""Cards in a sandbox: what a program sees, what is measured, and how a full card is reported."""

from __future__ import annotations

import dataclasses
import stat
import uuid
from pathlib import Path

import pytest

from pelagos.errors import MissingPart, SandboxError
from pelagos.nouns import OutcomeKind
from sandbox.backends.unsafe import Unsafe
from sandbox.gpu import gpus
from sandbox.host.machine import gpu_shortfalls
from sandbox.protocol import Limits, Sandbox, Spec
from tests.sandbox.conftest import ENGINES, SMALL
from tests.sandbox.fake_smi import FakeSmi, mb, on_path

SEE = "import os; print(os.environ.get('CUDA_VISIBLE_DEVICES') or 'none')"
ONE = dataclasses.replace(SMALL, gpus=1)


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSmi:
    return on_path(tmp_path, monkeypatch, cards=3)


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> str:
    """A real device that a jail doesn't have by itself stands for the card's."""
    there = [name for name in ("/dev/fuse", "/dev/net/tun", "/dev/loop-control") if Path(name).is_char_device()]
    if not there:
        pytest.skip("no device here to bind")
    monkeypatch.setattr(gpus, "device_nodes", lambda picked: there[:1] if picked else [])
    return there[0]


def test_a_program_sees_its_cards_only(sandbox: Sandbox, smi: FakeSmi, node: str) -> None:
    if sandbox.name in ENGINES:
        pytest.skip(f"{sandbox.name} hands over real cards only: python -m benchmarks.gpu_check")
    code = f"{SEE}\nimport stat; print(stat.S_ISCHR(os.stat('{node}').st_mode))"
    outcome = sandbox.run(Spec(["python", "-c", code], limits=SMALL, gpus=(2, 0)))
    assert outcome.kind is OutcomeKind.OK, outcome.log
    assert outcome.log.split() == ["GPU-2,GPU-0", "True"]


def test_without_cards_none_is_seen(sandbox: Sandbox, smi: FakeSmi, node: str) -> None:
    code = f"{SEE}\nprint(os.path.exists('{node}'))"
    assert sandbox.run(Spec(["python", "-c", code], limits=SMALL)).log.split() == ["none", "False"]


def test_unsafe_hides_the_others_too(smi: FakeSmi) -> None:
    assert Unsafe().run(Spec(["python", "-c", SEE], limits=SMALL, gpus=(1,))).log.strip() == "GPU-1"
    assert Unsafe().run(Spec(["python", "-c", SEE], limits=SMALL)).log.strip() == "none"


def test_a_card_that_is_not_there(sandbox: Sandbox, smi: FakeSmi) -> None:
    with pytest.raises(SandboxError, match="card 7: not on this machine"):
        sandbox.run(Spec(["python", "-c", SEE], limits=SMALL, gpus=(7,)))


def test_a_driver_without_its_device_nodes_is_named(best: Sandbox, smi: FakeSmi) -> None:
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has a card")
    with pytest.raises(SandboxError, match="/dev/nvidia0, /dev/nvidiactl, /dev/nvidia-uvm: the driver made no such"):
        best.run(Spec(["python", "-c", SEE], limits=SMALL, gpus=(0,)))


@pytest.mark.parametrize("backend", ["jail", "unsafe"])
def test_more_than_its_allowance_is_out_of_memory(backend: str, best: Sandbox, smi: FakeSmi, node: str) -> None:
    mark = f"mark{uuid.uuid4().hex}"
    smi.mark(mark, 900)
    limits = dataclasses.replace(ONE, gpu_memory_mb=800)
    spec = Spec(["python", "-c", f"import time; '{mark}'; time.sleep(15)"], limits=limits, gpus=(0,))
    died = (best if backend == "jail" else Unsafe()).run(spec)
    assert (died.kind, died.cause) == (OutcomeKind.OOM, "more than 800 MB of GPU memory")
    assert died.peak_gpu_mb >= mb(900) - 1
    assert died.seconds < 12


def test_within_its_allowance_the_peak_is_measured(best: Sandbox, smi: FakeSmi, node: str) -> None:
    mark = f"mark{uuid.uuid4().hex}"
    smi.mark(mark, 500)
    limits = dataclasses.replace(ONE, gpu_memory_mb=4000)
    outcome = best.run(Spec(["python", "-c", f"import time; '{mark}'; time.sleep(2)"], limits=limits, gpus=(0,)))
    assert outcome.kind is OutcomeKind.OK
    assert outcome.peak_gpu_mb >= mb(500) - 1


def test_others_on_the_card_are_not_charged(best: Sandbox, smi: FakeSmi, node: str) -> None:
    smi.used = [9_000, 0, 0]
    smi.tell((0, 1, 9_000))
    limits = dataclasses.replace(ONE, gpu_memory_mb=800)
    outcome = best.run(Spec(["python", "-c", "import time; time.sleep(1.5)"], limits=limits, gpus=(0,)))
    assert (outcome.kind, outcome.peak_gpu_mb) == (OutcomeKind.OK, 0.0)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB", OutcomeKind.OOM),
        ("jaxlib.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate", OutcomeKind.OOM),
        ("ValueError: bad", OutcomeKind.ERROR),
    ],
)
def test_what_cuda_says_of_a_full_card_is_typed(said: str, kind: OutcomeKind, smi: FakeSmi) -> None:
    code = ["python", "-c", f"raise SystemExit({said!r})"]
    assert Unsafe().run(Spec(code, limits=SMALL, gpus=(0,))).kind is kind
    assert Unsafe().run(Spec(code, limits=SMALL)).kind is OutcomeKind.ERROR, "no card, no card's memory"


def test_no_card_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPart, match="asks for 1, this machine has no graphics card to be seen") as raised:
        gpu_shortfalls(Limits(gpus=1))
    assert raised.value.exit_code == 4
    assert "\n" not in str(raised.value)
    assert gpu_shortfalls(Limits()) == []


def test_a_driver_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "nvidia-smi"
    broken.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed: no driver'\nexit 9\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(MissingPart, match="NVIDIA-SMI has failed: no driver"):
        gpus.list_gpus()


def test_too_much_of_a_card_is_said(smi: FakeSmi) -> None:
    assert "this machine has 3; lower it to 3" in gpu_shortfalls(Limits(gpus=4))[0]
    assert "asks for 99999, the card has 10486" in gpu_shortfalls(Limits(gpus=1, gpu_memory_mb=99_999))[0]
    assert gpu_shortfalls(Limits(gpus=3, gpu_memory_mb=10_000)) == []
