from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pelagos.nouns import OutcomeKind
from sandbox.protocol import Limits, Spec
from sandbox.unsafe import Unsafe, reap


def test_it_runs_cleans_up_and_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("shown")
    code = "open('y', 'w').write(open('d/data.txt').read() + open('x').read())\nimport os; print(sorted(os.environ)[0])"
    spec = Spec(["python", "-c", code], files={"x": b" given"}, readonly={"d": tmp_path}, collect={"y": 100})
    done = Unsafe().run(spec)
    assert done.kind is OutcomeKind.OK, done.log
    assert done.files == {"y": b"shown given"}
    assert done.isolation == "unsafe (no isolation)"
    assert 0 < done.peak_disk_mb < 1
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
    done = Unsafe().run(Spec(["python", "-c", code], limits=Limits(seconds=1)))
    assert done.kind is OutcomeKind.TIMEOUT
    status = Path(f"/proc/{int(done.log)}/stat")
    assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_reaping_takes_only_what_the_dead_have_left() -> None:
    root = Path(tempfile.gettempdir())
    space = Path("/proc/self/ns/pid").stat().st_ino
    dead, foreign = root / f"pelagos-{space}-{2**22 + 1}-1-0", root / f"pelagos-{space + 1}-{2**22 + 1}-1-0"
    mine = root / "pelagos-notes"
    for folder in (dead, foreign, mine):
        folder.mkdir(exist_ok=True)
    try:
        assert reap() == [f"work folder {dead.name}"]
        assert foreign.exists() and mine.exists() and not dead.exists()
    finally:
        foreign.rmdir()
        mine.rmdir()
