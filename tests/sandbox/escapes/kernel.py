"""System calls that no experiment needs."""

from __future__ import annotations

from pelagos.nouns import OutcomeKind as Kind
from tests.sandbox.escapes.table import Escape

KERNEL = [
    Escape(
        "io_uring",
        "files and sockets by a ring that filters of calls don't see",
        """
        buffer = ctypes.create_string_buffer(256)
        call("io_uring_setup", 425, 1, buffer)
        call("io_uring_enter", 426, 0, 0, 0, 0, None, 0)
        call("io_uring_register", 427, 0, 0, None, 0)
        """,
    ),
    Escape(
        "nested name spaces",
        "become root in a name space of its own: unshare, clone, clone3, setns",
        """
        flags = {"user": 0x10000000, "mount": 0x20000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x08000000,
                 "uts": 0x04000000, "cgroup": 0x02000000, "time": 0x80}
        for name, flag in flags.items():
            call("unshare " + name, (272, 97), flag)
        for name in ("user", "mount", "pid", "net", "ipc", "uts", "cgroup"):
            number = (56, 220)[platform.machine() == "aarch64"]
            child = libc.syscall(number, flags[name] | 17, None, None, None, None)
            if child == 0:
                os._exit(0)
            if child > 0:
                got("clone " + name)
        arguments = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17, 0, 0, 0)
        child = libc.syscall(435, arguments, 64)
        if child == 0:
            os._exit(0)
        if child > 0 or ctypes.get_errno() not in (errno.ENOSYS, errno.EPERM):
            got("clone3")
        for name in os.listdir("/proc/1/ns") if os.access("/proc/1/ns", os.R_OK) else []:
            try:
                call("setns " + name, (308, 268), os.open("/proc/1/ns/" + name, os.O_RDONLY), 0)
            except OSError:
                pass
        for command in (["unshare", "-Ur", "id"], ["bwrap", "--bind", "/", "/", "id"], ["nsenter", "-t", "1", "-m"]):
            try:
                done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=9)
            except OSError:
                continue
            if done.returncode == 0:
                got(command)
        """,
    ),
    Escape(
        "the kernel's settings",
        "name a program that the kernel starts as root: core_pattern, modprobe, release_agent, binfmt",
        """
        import glob
        names = ["core_pattern", "modprobe", "hotplug", "poweroff_cmd", "randomize_va_space", "dmesg_restrict",
                 "yama/ptrace_scope", "unprivileged_bpf_disabled", "hostname", "domainname"]
        paths = ["/proc/sys/kernel/" + name for name in names]
        paths += ["/proc/sys/vm/overcommit_memory", "/proc/sys/vm/drop_caches", "/proc/sys/fs/binfmt_misc/register",
                  "/proc/sys/fs/file-max", "/proc/sys/net/ipv4/ip_forward", "/proc/sysrq-trigger", "/proc/kcore",
                  "/proc/kmsg", "/proc/mtrr", "/sys/kernel/uevent_helper", "/sys/power/state", "/proc/acpi/wakeup"]
        paths += glob.glob("/sys/fs/cgroup/**/release_agent", recursive=True)[:20]
        paths += glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True)[:50]
        for path in paths:
            attempt(path, lambda: os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        for path in ("/proc/kcore", "/proc/kmsg", "/proc/1/mem", "/proc/timer_list_x"):
            attempt(path, lambda: open(path, "rb", buffering=0).read(8))
        """,
    ),
    Escape(
        "mounts",
        "mount something over something, by the old calls and the new, or take a cover off",
        """
        for kind in (b"tmpfs", b"proc", b"sysfs", b"cgroup", b"cgroup2", b"overlay", b"devtmpfs", b"fuse"):
            call(kind, (165, 40), kind, b"/tmp", kind, 0, None)
        call("bind", (165, 40), b"/", b"/tmp", None, 4096, None)
        call("remount", (165, 40), None, b"/", None, 32, None)
        call("umount", (166, 39), b"/proc", 2)
        call("fsopen", 430, b"tmpfs", 0)
        call("open_tree", 428, -100, b"/", 1)
        call("move_mount", 429, 0, b"", -100, b"/tmp", 4)
        call("fspick", 433, -100, b"/", 0)
        call("mount_setattr", 442, -100, b"/", 0, None, 0)
        """,
    ),
    Escape(
        "keyrings",
        "read and leave keys that name spaces don't separate",
        """
        call("add_key", (248, 217), b"user", W["mark"].encode(), b"x", 1, -4)
        call("request_key", (249, 218), b"user", b"x", None, 0)
        call("keyctl", (250, 219), 0, -3, 1, 0, 0)
        call("keyctl describe", (250, 219), 6, -4, None, 0, 0)
        """,
    ),
    Escape(
        "bpf and perf",
        "load a program into the kernel, count its events, catch its faults",
        """
        buffer = ctypes.create_string_buffer(256)
        for command in range(6):
            call("bpf", (321, 280), command, buffer, 128)
        attributes = ctypes.create_string_buffer(bytes([1, 0, 0, 0, 112]) + bytes(200))
        call("perf_event_open", (298, 241), attributes, 0, -1, -1, 0)
        call("userfaultfd", (323, 282), 1)
        call("userfaultfd", (323, 282), 0)
        attempt("userfaultfd", os.open, "/dev/userfaultfd", os.O_RDWR)
        """,
    ),
    Escape(
        "the terminal's input",
        "type into the terminal that started us",
        """
        import fcntl
        letter = ctypes.create_string_buffer(b"x")
        masters = [0, 1, 2]
        try:
            masters += os.openpty()
        except OSError:
            pass
        for number in masters:
            for command in (0x5412, 0x541C):
                call("ioctl", (16, 29), number, command, letter)
                call("ioctl", (16, 29), number, ctypes.c_uint64(command | 1 << 32), letter)
        attempt("tty", os.open, "/dev/tty", os.O_RDWR)
        """,
    ),
    Escape(
        "the machine itself",
        "load a module, another kernel, set the clock, the name, swap, accounting; restart",
        """
        call("init_module", (175, 105), b"", 0, b"")
        call("finit_module", (313, 273), 0, b"", 0)
        call("delete_module", (176, 106), b"none", 0)
        call("kexec_load", (246, 104), 0, 0, None, 0)
        call("kexec_file_load", (320, 294), -1, -1, 0, b"", 0)
        call("reboot", (169, 142), 0, 0, 0, None)
        call("settimeofday", (164, 170), None, None)
        call("clock_settime", (227, 112), 0, None)
        call("clock_adjtime", (305, 266), 0, None)
        call("swapon", (167, 224), b"/none", 0)
        call("acct", (163, 89), None)
        call("quotactl", (179, 60), 0, None, 0, None)
        call("syslog", (103, 116), 3, None, 0)
        call("sethostname", (170, 161), b"x", 1)
        call("setdomainname", (171, 162), b"x", 1)
        call("fanotify_init", (300, 262), 0, 0)
        call("lookup_dcookie", (212, 18), 0, None, 0)
        call("iopl", (172, -1), 3)
        call("ioperm", (173, -1), 0, 1, 1)
        call("modify_ldt", (154, -1), 0, None, 0)
        """,
    ),
    Escape(
        "calls of another architecture",
        "make the calls by the x32 table, whose numbers a careless filter doesn't know",
        """
        call("x32 ptrace", 0x40000000 | 521, 0, 0, 0, 0)
        call("x32 getpid", 0x40000000 | 39)
        call("x32 io_uring", 0x40000000 | 425, 1, None)
        """,
        x86=True,
    ),
    Escape(
        "the 32-bit gate",
        "make the calls by int 0x80, with the numbers of another table",
        """
        import mmap
        page = mmap.mmap(-1, 4096, prot=7)
        page.write(bytes([0x53, 0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0x5B, 0xC3]))
        at = ctypes.addressof(ctypes.c_char.from_buffer(page))
        pid = ctypes.CFUNCTYPE(ctypes.c_int)(at)()
        if pid == os.getpid():
            got("a 32-bit call")
        """,
        kinds=(Kind.ERROR,),
        cause="SIGSYS|SIGSEGV|exit code 1",
        said="SPACE",
        x86=True,
    ),
    Escape(
        "privileges regained",
        "take capabilities back, undo the filter, or add one that lies",
        """
        libc.prctl(38, 0, 0, 0, 0)
        if libc.prctl(39, 0, 0, 0, 0) != 1:
            got("no_new_privs")
        for capability in (0, 1, 7, 12, 19, 21):
            if libc.prctl(47, 2, capability, 0, 0) == 0:
                got("ambient capability", capability)
        if libc.prctl(22, 0, 0, 0, 0) == 0 or libc.prctl(21, 0, 0, 0, 0) not in (2, -1):
            got("the filter")
        status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
        if status["Seccomp"].strip() != "2" or int(status["CapEff"], 16) or int(status["CapPrm"], 16):
            got("capabilities", status["CapEff"], status["CapPrm"])
        """,
    ),
]
