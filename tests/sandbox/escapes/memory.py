"""Taking more memory or disk than allowed, of every kind."""

from __future__ import annotations

import dataclasses

from pelagos.nouns import OutcomeKind as Kind
from tests.sandbox.escapes.table import LIMITS, Escape

BRIEF = dataclasses.replace(LIMITS, seconds=3)
ROOMY = dataclasses.replace(LIMITS, disk_mb=400)
OOM = r"more than \d+ MB of memory"

MEMORY = [
    Escape(
        "a memory bomb",
        "allocate without end",
        "blocks = []\nwhile True: blocks.append(bytearray(1_000_000))",
        kinds=(Kind.OOM,),
        cause=OOM,
        said="SPACE",
    ),
    Escape(
        "a bomb in a child",
        "let a child take the memory while the parent lives on",
        """
        if not os.fork():
            blocks = []
            while True:
                blocks.append(bytearray(1_000_000))
        os.wait()
        """,
        # Where only the child dies, what was asked for wasn't lost.
        kinds=(Kind.OK, Kind.OOM),
        said="SPACE",
    ),
    Escape(
        "shared memory",
        "allocate memory that counts as nobody's: anonymous and shared",
        """
        import mmap
        maps = []
        while True:
            maps.append(mmap.mmap(-1, 4_000_000))
            maps[-1].write(b"x" * 4_000_000)
        """,
        kinds=(Kind.OOM,),
        cause=OOM,
        said="SPACE",
    ),
    Escape(
        "memory files",
        "fill files in memory that no folder shows",
        """
        held = []
        while len(held) < 100:
            held.append(os.memfd_create("x"))
            for _ in range(10):
                os.write(held[-1], bytes(1_000_000))
        """,
        kinds=(Kind.OOM, Kind.ERROR, Kind.DISK),
        said="SPACE",
    ),
    Escape(
        "System V segments",
        "leave shared segments behind, attached to nobody",
        """
        libc.shmat.restype = ctypes.c_void_p
        libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
        libc.shmdt.argtypes = [ctypes.c_void_p]
        for key in range(100):
            segment = libc.shmget(W["key"] + key, 10_000_000, 0o1666)
            if segment == -1:
                raise OSError(ctypes.get_errno(), "no segment")
            at = libc.shmat(segment, None, 0)
            ctypes.memset(at, 1, 10_000_000)
            libc.shmdt(at)
        """,
        kinds=(Kind.OOM, Kind.ERROR),
        said="SPACE",
    ),
    Escape(
        "page tables",
        "touch so thinly that the tables themselves fill the memory",
        """
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        size = 1 << 38
        at = libc.mmap(None, size, 1, 0x4022, -1, 0)
        if at in (None, 2**64 - 1):
            raise MemoryError
        for offset in range(0, size, 1 << 21):
            ctypes.string_at(at + offset, 1)
        """,
        kinds=(Kind.OOM, Kind.ERROR),
        said="SPACE",
    ),
    Escape(
        "every temporary folder",
        "fill all the temporary file systems together",
        """
        for place in (".", "/tmp", "/dev/shm"):
            with open(place + "/big", "wb") as file:
                for _ in range(100):
                    file.write(bytes(1_000_000))
        """,
        kinds=(Kind.OOM,),
        cause=OOM,
        said="SPACE",
        limits=ROOMY,
    ),
    Escape(
        "a full disk",
        "write until nothing fits",
        "file = open('big', 'wb')\nwhile True: file.write(bytes(1_000_000))",
        kinds=(Kind.DISK,),
        cause=r"more than 16 MB of files",
        said="SPACE",
    ),
    Escape(
        "a full /dev/shm",
        "fill the memory file system that jails often forget",
        """
        for number in range(100):
            open(f"/dev/shm/{number}", "wb").write(bytes(1_000_000))
        """,
        kinds=(Kind.DISK, Kind.OOM),
        said="SPACE",
    ),
    Escape(
        "no inodes left",
        "make empty files without end, which no size counts",
        """
        for number in range(10_000_000):
            os.close(os.open(f"/dev/shm/{number}", os.O_CREAT | os.O_WRONLY))
        """,
        kinds=(Kind.TIMEOUT, Kind.OOM, Kind.DISK),
        said="SPACE",
        limits=BRIEF,
    ),
    Escape(
        "many small files",
        "leave so many small files that cleaning up takes for ever",
        """
        for number in range(10_000_000):
            with open(f"f{number}", "w") as file:
                file.write("x")
        """,
        kinds=(Kind.DISK, Kind.TIMEOUT, Kind.OOM),
        said="SPACE",
        limits=BRIEF,
        slow=True,
    ),
    Escape(
        "a bottomless folder",
        "nest folders deeper than any path is long",
        """
        for _ in range(4000):
            os.mkdir("d" * 100)
            os.chdir("d" * 100)
        """,
        kinds=(Kind.OK,),
    ),
]
