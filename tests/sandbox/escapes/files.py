"""Reading and writing files of the host."""

from __future__ import annotations

from tests.sandbox.escapes.table import Escape

FILES = [
    Escape(
        "system secrets",
        "read the host's password hashes and keys",
        """
        for path in ["/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/var/log/auth.log", "/proc/1/root/etc/shadow"]:
            attempt(path, lambda: open(path).read())
        for path in ["/root/.ssh", "/root/.bash_history", "/root/.profile", "/root/.config", "/var/lib/dpkg"]:
            attempt(path, os.stat, path)
        """,
    ),
    Escape(
        "a readable secret",
        "read a file that everybody on the host may read, by its path and by the roots of other processes",
        """
        for root in ["", "/proc/1/root", "/proc/self/root", f"/proc/{os.getppid()}/root", "/proc/1/cwd/../../.."]:
            try:
                print(open(root + W["secret"]).read())
            except OSError:
                pass
        """,
        control="secret in the log",
    ),
    Escape(
        "out by descriptors",
        "climb out of the work folder by open descriptors, inherited ones too",
        """
        climb = "/".join([".."] * 40)
        for number in os.listdir("/proc/self/fd"):
            for path in (climb + W["secret"], W["secret"].lstrip("/")):
                try:
                    print(os.read(os.open(path, os.O_RDONLY, dir_fd=int(number)), 1000))
                except OSError:
                    pass
            target = os.readlink(f"/proc/self/fd/{number}") if os.path.lexists(f"/proc/self/fd/{number}") else ""
            known = ("pipe:", "/dev/null", "/proc/", "socket:")
            if int(number) > 2 and target and not target.startswith(known):
                got("an inherited descriptor", number, target)
        """,
    ),
    Escape(
        "a folder open to all",
        "write where everybody on the host may write",
        """
        for root in ["", "/proc/1/root", "/proc/self/root"]:
            try:
                open(root + W["open"] + "/written", "w").write("by the sandbox")
            except OSError:
                pass
        """,
        control="written in the open folder",
    ),
    Escape(
        "the interpreter changed",
        "write into Python, its packages and the system's libraries, so that the next run is ours",
        """
        import site, sysconfig
        places = [sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), os.path.dirname(os.__file__), "/usr/lib",
                  "/usr/bin", "/lib", "/etc", "/", "/usr/local/lib", *sys.path[1:]]
        for place in places:
            attempt(place, lambda: open(place + "/sitecustomize.py", "x"))
            attempt(place, lambda: os.mkdir(place + "/__pycache__x"))
        for file in [os.__file__, sys.executable, json.__file__, "/etc/ld.so.cache", "/usr/bin/env"]:
            attempt(file, lambda: open(file, "r+b"))
            attempt(file, lambda: os.chmod(file, 0o777))
            attempt(file, lambda: os.rename(file, file + "x"))
        """,
    ),
    Escape(
        "Pelagos itself",
        "read the project: its tasks with their labels, its runs, its hypothesis bank",
        """
        for name in ["tasks", "sandbox", "pelagos", "runs", "bank", ".pelagos", "tests", "pyproject.toml"]:
            attempt(name, os.stat, os.path.join(W["project"], name))
        for module in ["pelagos", "sandbox.evaluation.scoring", "tasks", "tools.code.task.code_task", "memory.bank.bank"]:
            attempt(module, __import__, module)
        """,
    ),
    Escape(
        "labels in packages",
        "find the labels of well-known data sets in installed packages",
        """
        import re
        known = re.compile(r"(iris|digits|diabetes|wine|linnerud|breast_cancer|mnist).*[.](csv|arff|txt|dat|npz|gz|pkl)$")
        for above, below, names in os.walk("/"):
            below[:] = [name for name in below if os.path.join(above, name) not in ("/proc", "/sys")]
            for name in names:
                path = os.path.join(above, name)
                data = known.match(name) or name.endswith((".csv", ".arff", ".npz", ".parquet")) and "-packages" in path
                if data and "_sobol_" not in name and os.path.getsize(path) > 400:
                    attempt(path, lambda: open(path, "rb").read(1) or int("none"))
            if os.path.basename(above) == "mnist1d" and "data.py" in names:
                got(above)
        """,
    ),
    Escape(
        "the data it is shown",
        "change what is shown read-only: write, cut, rename, unlink, chmod, touch, hard link",
        """
        path = "shown/data.txt"
        assert open(path).read() == "as it was"
        for how in ["a", "w", "r+"]:
            attempt(how, open, path, how)
        attempt("chmod", os.chmod, path, 0o777)
        attempt("unlink", os.unlink, path)
        attempt("rename", os.rename, path, "mine")
        attempt("rename the folder", os.rename, "shown", "mine")
        attempt("utime", os.utime, path, (1, 1))
        attempt("link", os.link, path, "linked")
        attempt("new", open, "shown/new", "w")
        attempt("truncate", os.truncate, path, 0)
        attempt("xattr", os.setxattr, path, "user.x", b"x")
        attempt("by descriptor", lambda: open(f"/proc/self/fd/{os.open(path, os.O_RDONLY)}", "w"))
        """,
    ),
    Escape(
        "devices",
        "open the machine's memory, disks and consoles, or make such a device",
        """
        import stat
        for name in ["mem", "kmem", "port", "sda", "vda", "nvme0n1", "loop0", "loop-control", "kmsg", "kvm", "fuse",
                     "net/tun", "vsock", "vhost-vsock", "mapper/control", "console", "tty1", "hpet", "rtc0", "uinput"]:
            attempt(name, lambda: os.open("/dev/" + name, os.O_RDWR | os.O_NONBLOCK))
        for kind, major, minor in [(stat.S_IFCHR, 1, 1), (stat.S_IFBLK, 8, 0), (stat.S_IFBLK, 254, 0)]:
            for place in (".", "/tmp", "/dev/shm"):
                attempt("mknod", os.mknod, place + "/device", 0o666 | kind, os.makedev(major, minor))
        """,
    ),
    Escape(
        "another root",
        "chroot and pivot_root, and out by the old way of a second chroot",
        """
        os.mkdir("below")
        attempt("chroot", os.chroot, "below")
        call("pivot_root", (155, 41), b".", b"below")
        """,
    ),
    Escape(
        "setuid",
        "become root by the system's setuid programs, by one of its own, or by asking",
        """
        before = os.geteuid()
        import shutil
        shutil.copy("/bin/sh", "/tmp/sh") if os.path.exists("/bin/sh") else None
        for place in (".", "/tmp", "/dev/shm"):
            try:
                shutil.copy(os.path.realpath("/bin/sh"), place + "/sh")
                os.chmod(place + "/sh", 0o6755)
                print(subprocess.run([place + "/sh", "-p", "-c", "id -u"], capture_output=True, text=True, timeout=9))
            except OSError:
                pass
        for command in (["su", "-c", "id -u"], ["sudo", "-n", "id", "-u"], ["pkexec", "id", "-u"], ["newgrp", "root"]):
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=9, stdin=subprocess.DEVNULL)
            except OSError:
                continue
            if done.stdout.strip() == "0":
                got(command)
        for change in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0])):
            if before:
                attempt("ids", change)
        status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
        if status["NoNewPrivs"].strip() != "1" or (before != os.geteuid()):
            got("privileges")
        """,
    ),
    Escape(
        "file handles",
        "open a file of the host by its handle, past every mount",
        """
        handle = ctypes.create_string_buffer(128)
        call("name_to_handle_at", (303, 264), -100, b"/", handle, handle, 0)
        call("open_by_handle_at", (304, 265), 0, handle, 0)
        """,
    ),
]
