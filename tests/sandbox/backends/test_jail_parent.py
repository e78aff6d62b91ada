from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = (Path(__file__).parents[3] / "sandbox" / "backends" / "jail_parent.py").read_text()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import os; os._exit(0)", 0),
        ("import os; os._exit(137)", 137),
        ("import os; os._exit(255)", 255),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("import os, signal; signal.signal(25, signal.SIG_DFL); os.kill(os.getpid(), 25)", -signal.SIGXFSZ),
        ("import os; os.fork() or os._exit(4); os.wait(); os._exit(3)", 3),
    ],
)
def test_it_says_how_the_program_ended_and_hands_the_code_on(code: str, status: int) -> None:
    ours, theirs = os.pipe()
    words = [sys.executable, "-I", "-S", "-c", SOURCE, str(theirs), sys.executable, "-c", code]
    done = subprocess.run(words, pass_fds=[theirs])
    os.close(theirs)
    with os.fdopen(ours) as told:
        assert os.waitstatus_to_exitcode(int(told.read())) == status
    assert done.returncode == (status if status >= 0 else 128 - status)


def test_the_program_hasnt_its_pipe_and_has_its_signals() -> None:
    ours, theirs = os.pipe()
    code = "ls /proc/self/fd; trap - PIPE; kill -PIPE $$"
    words = [sys.executable, "-I", "-S", "-c", SOURCE, str(theirs), "/bin/sh", "-c", code]
    done = subprocess.run(words, pass_fds=[theirs], capture_output=True, text=True)
    os.close(theirs)
    os.close(ours)
    assert str(theirs) not in done.stdout.split()
    assert done.returncode == 128 + signal.SIGPIPE
