"""The definition of a hostile program, and the lines that all of them begin with."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from pelagos.nouns import OutcomeKind as Kind
from sandbox.protocol import Limits

LIMITS = Limits(seconds=15, memory_mb=150, pids=24, cpus=1, disk_mb=16, log_mb=0.1)
SHORT = 1.5

# `W` is what the host has laid out; `got` says from inside that something worked which must not.
PRELUDE = """
import ctypes, errno, json, os, platform, signal, socket, subprocess, sys, time
W = json.load(open("w.json"))
libc = ctypes.CDLL(None, use_errno=True)
print("SPACE", os.readlink("/proc/self/ns/pid"), flush=True)
def got(*what): print("ESCAPED", *what, flush=True)
def attempt(what, call, *arguments):
    try:
        result = call(*arguments)
    except (OSError, ValueError, ImportError):
        return
    got(what, str(result)[:200])
def call(what, numbers, *arguments):
    # A system call by number, (x86-64, aarch64): anything but a refusal is an escape.
    number = numbers if isinstance(numbers, int) else numbers[platform.machine() == "aarch64"]
    ctypes.set_errno(0)
    if number >= 0 and libc.syscall(number, *arguments) != -1 or ctypes.get_errno() == errno.EFAULT:
        got(what, os.strerror(ctypes.get_errno()))
"""


@dataclass(frozen=True)
class Escape:
    """`code` runs after the prelude. An escape is an `ESCAPED` line, or what the host's witnesses see afterwards.

    `kinds` are the outcomes that are right, `cause` a pattern that the cause matches. `said` must be in the log: by
    it the program proves that it came to its end. `control`: harmless, so it's run without a sandbox too, where the
    witness that is named must see it. `x86`: machine code for x86-64 only.
    `slow`: it runs to its time limit and is near another one that the default suite has.
    """

    name: str
    tries: str
    code: str
    kinds: tuple[Kind, ...] = (Kind.OK,)
    cause: str = ""
    said: str = "TRIED"
    limits: Limits = LIMITS
    collect: Mapping[str, int] = field(default_factory=dict)
    refused: str = ""
    control: str = ""
    x86: bool = False
    slow: bool = False

    @property
    def program(self) -> bytes:
        last = '\nprint("TRIED", flush=True)\n' if self.said == "TRIED" else "\n"
        return (PRELUDE + textwrap.dedent(self.code) + last).encode()
