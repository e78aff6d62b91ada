"""The filters of both architectures, run by a small BPF interpreter: the kernel runs only this machine's."""

from __future__ import annotations

import errno
import glob
import platform
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.limits import seccomp

ALLOW, REFUSE, ENOSYS, KILL = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x80000000


def verdict(
    machine: str,
    number: int,
    first: int = 0,
    second: int = 0,
    third: int = 0,
    audit: int | None = None,
    also: tuple[str, ...] = (),
) -> int:
    """What the filter says of one call, given struct seccomp_data."""
    arch = seccomp.TABLES[machine].audit if audit is None else audit
    data = struct.pack("<IIQQQQQQQ", number, arch, 0, first, second, third, 0, 0, 0)
    code = list(struct.iter_unpack("<HBBI", seccomp.build_filter(machine, also)))
    at = accumulator = 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif operation == 0x06:
            return int(value)
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[operation]
            at += if_true if holds else if_false


@pytest.mark.parametrize("machine", seccomp.TABLES)
def test_every_denied_call_is_refused_and_common_ones_pass(machine: str) -> None:
    table = seccomp.TABLES[machine]
    for name, number in table.denied.items():
        assert verdict(machine, number) == REFUSE, name
    common = {"x86_64": [0, 1, 9, 59, 202, 257], "aarch64": [56, 63, 64, 98, 221, 222]}[machine]
    assert {verdict(machine, number) for number in common} == {ALLOW}
    assert verdict(machine, table.clone3) == ENOSYS
    assert verdict(machine, 0, audit=0x40000003) == KILL
    assert verdict(machine, 0x40000000 | 1) == REFUSE


@pytest.mark.parametrize("machine", seccomp.TABLES)
def test_arguments_decide_where_they_must(machine: str) -> None:
    table = seccomp.TABLES[machine]
    assert verdict(machine, table.clone, 0x3D0F00) == ALLOW  # a thread
    for flag in (0x10000000, 0x20000000, 0x40000000, 0x20000, 0x02000000, 0x04000000, 0x08000000):
        assert verdict(machine, table.clone, flag | 17) == REFUSE
    for family in range(64):
        allowed = family in (*seccomp.SOCKETS, seccomp.NETLINK)
        assert verdict(machine, table.socket, family) == (ALLOW if allowed else REFUSE)
        assert verdict(machine, table.socketpair, family) == (ALLOW if family == 1 else REFUSE)
    for protocol in range(300):
        passes = {family for family in (2, 10, 16) if verdict(machine, table.socket, family, third=protocol) == ALLOW}
        assert passes == {0: {2, 10, 16}, 6: {2, 10}, 17: {2, 10}}.get(protocol, set())
    assert [verdict(machine, table.fcntl, 0, command) for command in (1, 6, 36, 37, 38)] == [ALLOW] * 3 + [REFUSE] * 2
    for level, option, said in ((1, 7, 0x50000), (1, 8, ALLOW), (6, 7, ALLOW)):
        assert verdict(machine, table.setsockopt, 3, level, option, also=seccomp.UNCOUNTED_MEMORY_CALLS) == said
        assert verdict(machine, table.setsockopt, 3, level, option) == ALLOW
    assert [verdict(machine, table.personality, kind) for kind in (0, 0xFFFFFFFF, 8)] == [ALLOW, ALLOW, REFUSE]
    assert [verdict(machine, table.ioctl, 0, command) for command in (0x5401, 0x5412, 0x541C, 0x5423)] == [
        ALLOW,
        REFUSE,
        REFUSE,
        REFUSE,
    ]


@given(st.integers(0, 500), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_every_path_ends_and_only_the_table_is_refused(number: int, first: int, second: int) -> None:
    for machine, table in seccomp.TABLES.items():
        special = {table.clone, table.clone3, table.socket, table.socketpair, table.ioctl, table.fcntl}
        special.add(table.personality)
        expected = REFUSE if number in table.denied.values() else ALLOW
        assert number in special or verdict(machine, number, first, second) == expected


def test_an_unknown_machine_has_no_filter() -> None:
    assert seccomp.build_filter("riscv64") == b""
    assert len(seccomp.build_filter(platform.machine())) % 8 == 0


@pytest.mark.parametrize("machine", seccomp.TABLES)
def test_hoards_are_denied_on_request(machine: str) -> None:
    for name, number in seccomp.TABLES[machine].uncounted_memory.items():
        assert name in seccomp.UNCOUNTED_MEMORY_CALLS
        assert (verdict(machine, number), verdict(machine, number, also=(name,))) == (ALLOW, REFUSE)


def test_a_program_can_put_itself_under_the_filter(tmp_path: Path) -> None:
    """As in a container: the file alone, with a Python that has nothing else."""
    (tmp_path / "seccomp.py").write_bytes(Path(seccomp.__file__).read_bytes())
    code = """
import ctypes, seccomp, subprocess, threading
seccomp.install_filter(seccomp.build_filter())
libc = ctypes.CDLL(None, use_errno=True)
print(libc.unshare(0x10000000), ctypes.get_errno())
thread = threading.Thread(target=lambda: print(libc.ptrace(0, 0, 0, 0)))
thread.start()
thread.join()
print(subprocess.run(["unshare", "-U", "true"], stderr=subprocess.DEVNULL).returncode)
try:
    seccomp.install_filter(b"x" * 8)
except OSError as error:
    print(error.errno)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split() == ["-1", "1", "-1", "1", "22"], done.stderr


HEADERS = {"x86_64": "/usr/include/*/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}


@pytest.mark.parametrize("machine", seccomp.TABLES)
def test_numbers_are_the_kernels_own(machine: str) -> None:
    """Against the kernel's headers; a call that is newer than these is passed over."""
    found = [path for path in glob.glob(HEADERS[machine]) if machine != "x86_64" or "x86_64" in path]
    if not found:
        pytest.skip(f"no kernel headers here: {HEADERS[machine]}")
    text = Path(found[0]).read_text()
    kernel = {name: int(number) for name, number in re.findall(r"#define __NR_(\w+)\s+(\d+)\b", text)}
    table = seccomp.TABLES[machine]
    ours = {
        **table.denied,
        **table.uncounted_memory,
        "clone": table.clone,
        "socket": table.socket,
        "ioctl": table.ioctl,
    }
    ours |= {
        "socketpair": table.socketpair,
        "setsockopt": table.setsockopt,
        "fcntl": table.fcntl,
        "personality": table.personality,
    }
    assert {name: number for name, number in ours.items() if kernel.get(name, number) != number} == {}
    assert len(set(ours) & set(kernel)) > 40
