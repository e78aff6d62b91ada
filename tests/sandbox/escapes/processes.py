"""Outliving the limit, multiplying, and reaching other processes."""

from __future__ import annotations

import dataclasses

from pelagos.nouns import OutcomeKind as Kind
from tests.sandbox.escapes.table import LIMITS, SHORT, Escape

BRIEF = dataclasses.replace(LIMITS, seconds=SHORT)
LATE = "still running after|of processor time"

PROCESSES = [
    Escape(
        "the host's environment",
        "read keys in the environment and the arguments of every process in sight",
        """
        import glob
        for pattern in ("environ", "cmdline"):
            for path in glob.glob("/proc/[0-9]*/" + pattern) + glob.glob("/proc/[0-9]*/task/*/" + pattern):
                try:
                    seen = open(path, "rb").read()
                except OSError:
                    continue
                if W["half"].encode() in seen or b"PELAGOS_ESCAPE" in seen:
                    print(seen)
        """,
        control="secret in the log",
    ),
    Escape(
        "a fork bomb",
        "fork without end",
        """
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """,
        kinds=(Kind.PIDS, Kind.TIMEOUT, Kind.OOM),
        said="SPACE",
        limits=BRIEF,
    ),
    Escape(
        "a thread bomb",
        "start threads without end",
        """
        import threading
        while True:
            threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
        """,
        # Without the kernel's counter a bomb that ends between two samples is told by its error alone.
        kinds=(Kind.PIDS, Kind.ERROR),
        said="start new thread",
    ),
    Escape(
        "zombies",
        "fill the process table with children that nobody waits for",
        """
        while True:
            if not os.fork():
                os._exit(0)
        """,
        kinds=(Kind.PIDS, Kind.ERROR),
        said="Resource temporarily unavailable",
    ),
    Escape(
        "a daemon",
        "a double fork in a session of its own, to live on after the limit",
        """
        if not os.fork():
            os.setsid()
            if not os.fork():
                os.closerange(0, 3)
                os.execve(sys.executable, ["python", "-c", "import time; time.sleep(300)", W["mark"]], {})
            os._exit(0)
        print("STARTED", flush=True)
        time.sleep(300)
        """,
        kinds=(Kind.TIMEOUT,),
        cause=LATE,
        said="STARTED",
        limits=BRIEF,
        control="a survivor",
    ),
    Escape(
        "a daemon of a good program",
        "end well and leave somebody behind",
        """
        for _ in range(3):
            if not os.fork():
                os.setsid()
                if os.fork():
                    os._exit(0)
                os.closerange(0, 3)
                while True:
                    time.sleep(1)
        """,
    ),
    Escape(
        "deaf to signals",
        "ignore every signal that can be ignored",
        """
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        print("DEAF", flush=True)
        while True:
            time.sleep(1)
        """,
        kinds=(Kind.TIMEOUT,),
        cause=LATE,
        said="DEAF",
        limits=BRIEF,
    ),
    Escape(
        "a moving target",
        "hop from process to process faster than anyone kills them",
        """
        def hop():
            while True:
                try:
                    if os.fork():
                        os._exit(0)
                except OSError:
                    pass
        for _ in range(6):
            try:  # those that hop already may hold all there are
                if not os.fork():
                    hop()
            except OSError:
                pass
        time.sleep(300)
        """,
        kinds=(Kind.TIMEOUT, Kind.PIDS),
        said="SPACE",
        limits=BRIEF,
        slow=True,
    ),
    Escape(
        "exec without end",
        "become another program again and again",
        """
        if "again" not in sys.argv:
            print("AGAIN", flush=True)
        os.execv("/bin/sh", ["sh", "-c", 'exec /bin/sh -c "$0" "$0" again', 'exec /bin/sh -c "$0" "$0" again'])
        """,
        kinds=(Kind.TIMEOUT,),
        cause=LATE,
        said="AGAIN",
        limits=BRIEF,
        slow=True,
    ),
    Escape(
        "the supervisor stopped",
        "stop and freeze everybody in sight, so that nobody is left to end it",
        """
        for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN):
            for pid in (1, os.getppid(), -1, W["victim"]):
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
        """,
        kinds=(Kind.OK, Kind.TIMEOUT, Kind.KILLED),
        said="SPACE",
        limits=BRIEF,
    ),
    Escape(
        "a stranger stopped",
        "stop a process of the host by its number",
        """
        try:
            os.kill(W["victim"], signal.SIGSTOP)
        except OSError:
            pass
        """,
        control="the bystander was stopped",
    ),
    Escape(
        "the supervisor killed",
        "kill everybody in sight, the parents first",
        """
        for pid in (os.getppid(), 1, -1, W["victim"]):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        """,
        kinds=(Kind.OK, Kind.KILLED, Kind.ERROR),
        said="SPACE",
    ),
    Escape(
        "every signal to the supervisor",
        "send each signal there is to the first process and to its parent, which may have a handler for one of them",
        """
        for pid in {1, os.getppid()} - {os.getpid(), 0}:
            for number in range(1, 65):
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
        time.sleep(0.2)
        print("TRIED", flush=True)
        os._exit(3)
        """,
        kinds=(Kind.ERROR,),
        cause="exit code 3",
    ),
    Escape(
        "asleep for good",
        "stop itself",
        "os.kill(os.getpid(), signal.SIGSTOP)",
        kinds=(Kind.TIMEOUT,),
        cause=LATE,
        said="SPACE",
        limits=BRIEF,
        slow=True,
    ),
    Escape(
        "silent",
        "close what it prints to and work on",
        """
        print("CLOSING", flush=True)
        os.closerange(0, 64)
        time.sleep(300)
        """,
        kinds=(Kind.TIMEOUT,),
        cause=LATE,
        said="CLOSING",
        limits=BRIEF,
        slow=True,
    ),
    Escape(
        "a reaper of its own",
        "gather orphans as a subreaper, under another name",
        """
        libc.prctl(36, 1, 0, 0, 0)
        libc.prctl(15, b"kworker/0:1", 0, 0, 0)
        for _ in range(4):
            if not os.fork():
                os.setsid()
                if os.fork():
                    os._exit(0)
        time.sleep(300)
        """,
        kinds=(Kind.TIMEOUT,),
        cause=LATE,
        said="SPACE",
        limits=BRIEF,
        slow=True,
    ),
    Escape(
        "the runner traced",
        "trace its parents, write their memory, take their descriptors",
        """
        buffer = ctypes.create_string_buffer(256)
        for pid in (1, os.getppid(), W["victim"]):
            call("attach", (101, 117), 16, pid, 0, 0)
            call("seize", (101, 117), 0x4206, pid, 0, 0)
            call("process_vm_readv", (310, 270), pid, buffer, 1, buffer, 1, 0)
            call("process_vm_writev", (311, 271), pid, buffer, 1, buffer, 1, 0)
            call("kcmp", (312, 272), os.getpid(), pid, 0, 0, 0)
            try:
                open(f"/proc/{pid}/mem", "r+b")
                status = open(f"/proc/{pid}/status").read()
            except OSError:
                continue
            if "Seccomp:\t2" not in status:  # under the filter it is no more than we are
                got("the memory of", pid)
        call("trace me", (101, 117), 0, 0, 0, 0)
        call("pidfd_getfd", 438, os.pidfd_open(os.getpid()), 0, 0)
        """,
    ),
    Escape(
        "more than its share",
        "raise its limits, its priority, and its safety from the out-of-memory killer",
        """
        import resource
        for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
            soft, hard = resource.getrlimit(limit)
            attempt("limit", resource.setrlimit, limit, (hard, hard + 1 if hard != -1 else hard - 5))
        attempt("nice", os.nice, -5)
        attempt("real time", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))
        attempt("safe", lambda: open("/proc/self/oom_score_adj", "w").write("-1000") and open("/none"))
        try:
            handle = open("/proc/self/oom_score_adj", "r+")
            handle.write("-1000")
            handle.flush()
            got("safe from the killer")
        except OSError:
            pass
        """,
    ),
    Escape(
        "all processors",
        "burn on more processors and longer than allowed",
        """
        for _ in range(8):
            if not os.fork():
                while True:
                    pass
        while True:
            pass
        """,
        kinds=(Kind.TIMEOUT,),
        cause=LATE,
        said="SPACE",
        limits=BRIEF,
        slow=True,
    ),
]
