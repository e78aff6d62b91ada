"""Memory and time of the host that no counter of the tree shows, needless system calls, and false exit codes."""

from __future__ import annotations

import dataclasses

from pelagos.nouns import OutcomeKind as Kind
from tests.sandbox.escapes.table import LIMITS, Escape

TIGHT = dataclasses.replace(LIMITS, memory_mb=100)
ENOUGH = r"more than \d+ MB of memory"

# Sends until nothing more is taken or 400 MB are queued, and stays a moment so that it's seen.
FILL = """
socket.setdefaulttimeout(5)
held, queued = [], 0
def fill(sender, size, *address):
    global queued
    sender.setblocking(False)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
    try:
        for _ in range(200):
            queued += sender.sendto(b"x" * size, *address) if address else sender.send(b"x" * size)
    except OSError:
        pass
"""


def chosen_exit(code: int) -> Escape:
    return Escape(
        f"exit code {code}",
        "look like a program that a signal killed, by choosing the code that shells report for one",
        f'print("TRIED", flush=True)\nos._exit({code})',
        (Kind.ERROR,),
        f"^exit code {code}$",
    )


LIMITED = [
    Escape(
        "network socket buffers",
        "leave megabytes in the queues of TCP sockets on the loopback, in little pieces",
        FILL
        + """
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
try:
    while queued < 400_000_000 and len(held) < 3000:
        one = socket.create_connection(listener.getsockname())
        held += [one, listener.accept()[0]]
        fill(one, 100_000)
except OSError:
    pass
time.sleep(1)
if queued > 250_000_000:
    got("queued", queued)
""",
        kinds=(Kind.OK, Kind.OOM),
        said="SPACE",
        limits=TIGHT,
    ),
    Escape(
        "UNIX socket buffers",
        "the same in pairs of sockets that are no network's",
        FILL
        + """
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    try:
        while queued < 400_000_000 and len(held) < 4000:
            held += socket.socketpair(socket.AF_UNIX, kind)
            fill(held[-1], 100_000)
    except OSError:
        pass
time.sleep(1)
if queued > 250_000_000:
    got("queued", queued)
""",
        kinds=(Kind.OOM,),
        cause=ENOUGH,
        said="SPACE",
        limits=TIGHT,
    ),
    Escape(
        "file locks",
        "hold locks without end, which no control group counts",
        """
        import fcntl
        files = [open(f"f{number}", "wb") for number in range(1000)]
        for start in range(0, 2000, 2):
            for file in files:
                fcntl.lockf(file, fcntl.LOCK_EX, 1, start)
        got("a million locks")
        """,
        kinds=(Kind.OOM,),
        cause=r"more than \d+ file locks",
        said="SPACE",
    ),
    Escape(
        "temporary file systems that nobody counts",
        "fill every mounted file system that can be written to, but the three that are meant for it",
        """
        meant = {os.getcwd(), "/tmp", "/dev/shm", "/job"}
        for line in open("/proc/self/mountinfo"):
            place = line.split()[4]
            if place in meant or not os.path.isdir(place):
                continue
            for name in (place + "/written", place + "/pts/written", place + "/written.d/x"):
                attempt(name, lambda: open(name, "wb").write(bytes(1_000_000)))
        """,
    ),
    Escape(
        "a log faster than anybody reads",
        "keep a processor of the host busy with reading what is printed",
        """
        began, sent = time.monotonic(), 0
        while (passed := time.monotonic() - began) < 1.5:
            sent += os.write(1, b"f" * 9_999 + b"\\n")
        print()
        if sent > 8_000_000 + 16_000_000 * passed:  # and what pipes hold
            got("printed", sent, passed)
        """,
    ),
    Escape(
        "calls that nobody needs",
        "flush the host's disks, take its asynchronous input and output, move its pages, change its memory's layout",
        """
        buffer = ctypes.create_string_buffer(256)
        call("sync", (162, 81))
        call("syncfs", (306, 267), os.open(".", os.O_RDONLY))
        call("io_setup", (206, 0), 1, buffer)
        call("vmsplice", (278, 75), os.pipe()[1], buffer, 0, 0)
        call("migrate_pages", (256, 238), 0, 0, None, None)
        call("move_pages", (279, 239), 0, 0, None, None, None, 0)
        call("remap_file_pages", (216, 234), None, 0, 0, 0, 0)
        for layout in (0x0040000, 0x0400000, 8):
            call("personality", (135, 92), layout)
        call("process_madvise", 440, os.pidfd_open(os.getpid()), None, 0, 4, 0)
        """,
    ),
    Escape(
        "odd sockets",
        "every family, every protocol of the network's, and netlink beyond the list of interfaces",
        """
        for family in range(3, 64):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
                if family not in (socket.AF_INET6, 16):
                    attempt(f"family {family}", socket.socket, family, kind, 0)
        for protocol in range(1, 32):
            attempt(f"netlink {protocol}", socket.socket, 16, socket.SOCK_RAW, protocol)
        for protocol in (1, 2, 33, 46, 115, 132, 136, 255, 256, 262):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
                attempt(f"protocol {protocol}", socket.socket, socket.AF_INET, kind, protocol)
        """,
    ),
    chosen_exit(137),
    chosen_exit(153),
    Escape(
        "the signal of a file too large",
        "say that the disk was full, where nothing was written",
        'print("TRIED", flush=True)\nsignal.signal(25, signal.SIG_DFL)\nos.kill(os.getpid(), 25)',
        (Kind.ERROR,),
        "died of SIGXFSZ",
    ),
]
