from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pelagos.errors import DiskFull
from pelagos.nouns import OutcomeKind
from sandbox.backends.unsafe import Unsafe, reap
from sandbox.canary.canary import canary
from sandbox.protocol import Limits, Spec
from tests.disks import Disk, small_disk


def test_it_runs_cleans_up_and_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("shown")
    code = "open('y', 'w').write(open('d/data.txt').read() + open('x').read())\nimport os; print(sorted(os.environ)[0])"
    spec = Spec(["python", "-c", code], files={"x": b" given"}, readonly={"d": tmp_path}, collect={"y": 100})
    outcome = Unsafe().run(spec)
    assert outcome.kind is OutcomeKind.OK, outcome.log
    assert outcome.files == {"y": b"shown given"}
    assert outcome.isolation == "unsafe (no isolation)"
    assert 0 < outcome.peak_disk_mb < 1
    assert (tmp_path / "data.txt").exists()
    assert not [
        name for name in os.listdir(tempfile.gettempdir()) if name.startswith("pelagos-") and f"-{os.getpid()}-" in name
    ]


def test_a_daemon_that_doesnt_hide_is_killed() -> None:
    code = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
print(child.pid)
time.sleep(300)
"""
    outcome = Unsafe().run(Spec(["python", "-c", code], limits=Limits(seconds=1)))
    assert outcome.kind is OutcomeKind.TIMEOUT
    status = Path(f"/proc/{int(outcome.log)}/stat")
    assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_reaping_takes_only_what_the_dead_have_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of its own: another process on this machine may leave something in the common one at the time."""
    root = tmp_path
    monkeypatch.setattr(tempfile, "tempdir", str(root))
    space = Path("/proc/self/ns/pid").stat().st_ino
    dead, foreign = root / f"pelagos-{space}-{2**22 + 1}-1-0", root / f"pelagos-{space + 1}-{2**22 + 1}-1-0"
    mine = root / "pelagos-notes"
    for folder in (dead, foreign, mine):
        folder.mkdir()
    assert [line for line in reap() if not line.startswith("process ")] == [f"work folder {dead.name}"]
    assert foreign.exists() and mine.exists() and not dead.exists()


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A small one, on which work folders lie."""
    with small_disk(tmp_path / "disk", 2) as made:
        monkeypatch.setattr(tempfile, "tempdir", str(made.folder))
        yield made


def test_a_program_without_room_on_the_machines_disk_has_no_outcome(disk: Disk) -> None:
    (disk.folder / "others").write_bytes(bytes(1 << 20))
    spec = Spec(["python", "-c", "open('y', 'wb').write(bytes(1_500_000))"], limits=Limits(disk_mb=16))
    with pytest.raises(DiskFull, match=f"no room left at {disk.folder}"):
        Unsafe().run(spec)
    (disk.folder / "others").unlink()
    assert Unsafe().run(spec).kind is OutcomeKind.OK


def test_a_program_that_fails_where_there_is_room_is_its_own_failure(disk: Disk) -> None:
    assert Unsafe().run(Spec(["python", "-c", "raise OSError(28, 'mine')"])).kind is OutcomeKind.ERROR


def test_a_full_disk_says_nothing_about_a_backend(disk: Disk) -> None:
    disk.fill()
    with pytest.raises(DiskFull, match=f"no room left at {disk.folder}"):
        canary(Unsafe())
