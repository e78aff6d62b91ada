"""Builds the system-call filter: a classic BPF program that bubblewrap installs before the untrusted code starts.

It refuses what a jail of namespaces alone permits: ptrace, the mount family, new namespaces, keyrings, bpf, perf,
userfaultfd, io_uring, kexec, modules, reading another process's memory, file handles, flushing the host's disks, every
socket family but UNIX and INET (vsock reaches the hypervisor in any network namespace) and every protocol but TCP and
UDP, and typing into a terminal. Locks of an open file are refused as well: the kernel doesn't count the memory of
locks, and sandbox/limits/kernel_memory.py sees only those that have a process. Tables exist for x86-64 and aarch64;
elsewhere there is no filter and the canary refuses the backend.
"""

from __future__ import annotations

import errno
import os
import platform
import struct
from collections.abc import Collection
from dataclasses import dataclass

CLONE_NEW = 0x7E020000
SOCKETS = (1, 2, 10)  # UNIX, INET, INET6
NETLINK, ROUTE = 16, 0  # programs such as torch.distributed list the interfaces with it
PROTOCOLS = (0, 6, 17)  # the type's own, TCP, UDP
PAIRS = (1,)  # UNIX
TTY_INJECTION = (0x5412, 0x541C, 0x5423)  # TIOCSTI, TIOCLINUX, TIOCSETD
FILE_LOCKS = (37, 38)  # F_OFD_SETLK, F_OFD_SETLKW
SEND_BUFFER = (1, 7)  # SOL_SOCKET, SO_SNDBUF
PERSONALITIES = (0, 0xFFFFFFFF)  # the normal one, and the query for the current one

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARG0, _ARG1, _ARG2 = 0, 4, 16, 24, 32
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_REFUSE = _ERRNO | errno.EPERM
_X32_BIT = 0x40000000
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER_MODE = 38, 22, 2
UNCOUNTED_MEMORY_CALLS = ("memfd_create", "shmget", "msgget")

# The same on every architecture since Linux 5.1.
_SINCE_5_1 = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
    "process_mrelease": 448,
    "open_tree_attr": 467,
}
_X86_64 = {
    "ptrace": 101, "syslog": 103, "vhangup": 153, "modify_ldt": 154, "pivot_root": 155, "chroot": 161, "acct": 163,
    "adjtimex": 159, "settimeofday": 164, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168,
    "reboot": 169, "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173, "init_module": 175,
    "delete_module": 176, "quotactl": 179, "nfsservctl": 180,
    "lookup_dcookie": 212, "clock_settime": 227, "kexec_load": 246, "add_key": 248, "request_key": 249,
    "keyctl": 250, "unshare": 272, "perf_event_open": 298, "name_to_handle_at": 303, "open_by_handle_at": 304,
    "fanotify_init": 300, "fanotify_mark": 301, "clock_adjtime": 305,
    "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "finit_module": 313,
    "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
    "sync": 162, "syncfs": 306, "io_setup": 206, "remap_file_pages": 216, "uselib": 134, "migrate_pages": 256,
    "move_pages": 279, "vmsplice": 278,
}  # fmt: skip
_AARCH64 = {
    "lookup_dcookie": 18, "umount2": 39, "mount": 40, "pivot_root": 41, "nfsservctl": 42, "chroot": 51,
    "vhangup": 58, "quotactl": 60, "acct": 89, "unshare": 97, "kexec_load": 104, "init_module": 105,
    "delete_module": 106, "clock_settime": 112, "syslog": 116, "ptrace": 117, "reboot": 142,
    "sethostname": 161, "setdomainname": 162, "settimeofday": 170, "adjtimex": 171,
    "add_key": 217, "request_key": 218, "keyctl": 219, "swapon": 224, "swapoff": 225, "perf_event_open": 241,
    "name_to_handle_at": 264, "open_by_handle_at": 265, "fanotify_init": 262,
    "fanotify_mark": 263, "clock_adjtime": 266, "setns": 268, "process_vm_readv": 270,
    "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "bpf": 280, "userfaultfd": 282,
    "kexec_file_load": 294,
    "io_setup": 0, "vmsplice": 75, "sync": 81, "remap_file_pages": 234, "migrate_pages": 238, "move_pages": 239,
    "syncfs": 267,
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """One architecture: its audit number, the calls that are always denied, and the calls whose arguments are checked.

    `uncounted_memory` are calls that hold memory which no process shows: denied where the kernel doesn't count it.
    """

    audit: int
    denied: dict[str, int]
    clone: int
    socket: int
    socketpair: int
    ioctl: int
    fcntl: int
    personality: int
    setsockopt: int
    uncounted_memory: dict[str, int]
    clone3: int = 435


TABLES = {
    "x86_64": Table(
        0xC000003E,
        _X86_64 | _SINCE_5_1,
        clone=56,
        socket=41,
        socketpair=53,
        ioctl=16,
        fcntl=72,
        personality=135,
        setsockopt=54,
        uncounted_memory={"memfd_create": 319, "shmget": 29, "msgget": 68},
    ),
    "aarch64": Table(
        0xC00000B7,
        _AARCH64 | _SINCE_5_1,
        clone=220,
        socket=198,
        socketpair=199,
        ioctl=29,
        fcntl=25,
        personality=92,
        setsockopt=208,
        uncounted_memory={"memfd_create": 279, "shmget": 194, "msgget": 186},
    ),
}


def build_filter(machine: str | None = None, also: Collection[str] = ()) -> bytes:
    """Return the filter for `machine` (default: this one) as an array of `struct sock_filter`; empty where there is no
    table.

    `also` names calls of UNCOUNTED_MEMORY_CALLS to deny; with any, the buffers of sockets keep their size.
    """
    table = TABLES.get(machine or platform.machine())
    if table is None:
        return b""
    code = [
        _instruction(_LOAD, _ARCH),
        _instruction(_EQUAL, table.audit, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER),
    ]
    code += [_instruction(_AT_LEAST, _X32_BIT, 0, 1), _instruction(_RETURN, _REFUSE)]
    for number in [*table.denied.values(), *(table.uncounted_memory[name] for name in also)]:
        code += _on_call(number, [_instruction(_RETURN, _REFUSE)])
    # ENOSYS and not EPERM: the C library then falls back to clone, whose flags the filter can read.
    code += _on_call(table.clone3, [_instruction(_RETURN, _ERRNO | errno.ENOSYS)])
    code += _on_call(
        table.clone, [_instruction(_LOAD, _ARG0), _instruction(_ANY_BIT, CLONE_NEW, 0, 1), *_refuse_or_allow()]
    )
    code += _on_call(
        table.socket, [*_netlink_route_only(), *_refuse_others(_ARG0, SOCKETS), *_allow_only(_ARG2, PROTOCOLS)]
    )
    code += _on_call(table.socketpair, _allow_only(_ARG0, PAIRS))
    code += _on_call(table.personality, _allow_only(_ARG0, PERSONALITIES))
    code += _on_call(table.ioctl, _refuse_any(_ARG1, TTY_INJECTION))
    code += _on_call(table.fcntl, _refuse_any(_ARG1, FILE_LOCKS))
    code += _on_call(table.setsockopt, _ignore_send_buffer()) if also else []
    return b"".join([*code, _instruction(_RETURN, _ALLOW)])


def install_filter(code: bytes) -> None:
    """Put the calling thread, and everything that it starts, permanently under a filter. Raises OSError.

    For a supervisor inside a container: this file needs only the standard library and is imported alone.
    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    program = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HxxxxxxP", len(code) // 8, ctypes.addressof(program))
    for call in ((_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (_SET_SECCOMP, _FILTER_MODE, header, 0, 0)):
        if libc.prctl(*call):
            number = ctypes.get_errno()
            raise OSError(number, f"the filter can't be installed: {os.strerror(number)}")


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def _on_call(number: int, body: list[bytes]) -> list[bytes]:
    """Run `body`, which must return, when the call is `number`; the accumulator holds the number before and after."""
    return [_instruction(_EQUAL, number, 0, len(body)), *body]


def _refuse_or_allow() -> list[bytes]:
    return [_instruction(_RETURN, _REFUSE), _instruction(_RETURN, _ALLOW)]


def _netlink_route_only() -> list[bytes]:
    tests = [_instruction(_EQUAL, NETLINK, 0, 4), _instruction(_LOAD, _ARG2), _instruction(_EQUAL, ROUTE, 1, 0)]
    return [_instruction(_LOAD, _ARG0), *tests, *_refuse_or_allow()]


def _ignore_send_buffer() -> list[bytes]:
    """Pretend success for a request for a larger buffer: programs treat a refusal as an error."""
    level, option = SEND_BUFFER
    tests = [
        _instruction(_EQUAL, level, 0, 3),
        _instruction(_LOAD, _ARG2),
        _instruction(_EQUAL, option, 0, 1),
        _instruction(_RETURN, _ERRNO),
    ]
    return [_instruction(_LOAD, _ARG1), *tests, _instruction(_RETURN, _ALLOW)]


def _refuse_others(argument: int, allowed: tuple[int, ...]) -> list[bytes]:
    """Refuse every other value of the argument, else continue."""
    tests = [_instruction(_EQUAL, value, len(allowed) - index, 0) for index, value in enumerate(allowed)]
    return [_instruction(_LOAD, argument), *tests, _instruction(_RETURN, _REFUSE)]


def _allow_only(argument: int, allowed: tuple[int, ...]) -> list[bytes]:
    return [*_refuse_others(argument, allowed), _instruction(_RETURN, _ALLOW)]


def _refuse_any(argument: int, refused: tuple[int, ...]) -> list[bytes]:
    tests = [_instruction(_EQUAL, value, len(refused) - 1 - index, 0) for index, value in enumerate(refused[:-1])]
    last = _instruction(_EQUAL, refused[-1], 0, 1)
    return [_instruction(_LOAD, argument), *tests, last, *_refuse_or_allow()]
