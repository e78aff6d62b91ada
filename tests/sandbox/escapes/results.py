"""Results and logs that harm their reader."""

from __future__ import annotations

import dataclasses

from pelagos.nouns import OutcomeKind as Kind
from tests.sandbox.escapes.table import LIMITS, Escape

BRIEF = dataclasses.replace(LIMITS, seconds=1.5)


def planted(name: str, tries: str, code: str, refused: str) -> Escape:
    return Escape(name, tries, code, (Kind.INVALID,), collect={"out/y": 1000}, refused=refused)


RESULTS = [
    planted(
        "a link as result",
        "let the host read its own secret for us",
        "os.mkdir('out'); os.symlink(W['secret'], 'out/y')",
        "a symbolic link",
    ),
    planted(
        "a linked folder",
        "put the link one folder up",
        "os.symlink(os.path.dirname(W['secret']), 'out')",
        "a link or a file",
    ),
    planted("a pipe as result", "block the reader for ever", "os.mkdir('out'); os.mkfifo('out/y')", "a pipe"),
    planted(
        "a socket as result",
        "leave a socket",
        "os.mkdir('out'); socket.socket(socket.AF_UNIX).bind('out/y')",
        "a socket",
    ),
    planted("a device as result", "an endless file", "os.mkdir('out'); os.symlink('/dev/zero', 'out/y')", "link"),
    planted("a folder as result", "leave a folder", "os.makedirs('out/y/z')", "a folder"),
    planted(
        "a sparse terabyte",
        "make the reader allocate a terabyte",
        """
        os.mkdir("out")
        with open("out/y", "wb") as file:
            for size in (1 << 40, 1 << 30, 15_000_000):
                try:
                    file.truncate(size)
                    break
                except OSError:
                    pass
        """,
        "more than its cap",
    ),
    planted(
        "more than its cap",
        "40 MB where a kilobyte was asked for",
        """
        os.mkdir("out")
        with open("out/y", "wb") as file:
            try:
                for _ in range(40):
                    file.write(bytes(1_000_000))
            except OSError:
                pass
        os._exit(print("TRIED", flush=True) or 0)
        """,
        "more than its cap",
    ),
    Escape(
        "a changing result",
        "swap a good file and a link faster than they are looked at, also after the end",
        """
        os.mkdir("out")
        if not os.fork():
            os.setsid()
            while True:
                open("out/a", "w").write("good")
                os.replace("out/a", "out/y")
                os.symlink(W["secret"], "out/b")
                os.replace("out/b", "out/y")
        time.sleep(0.5)
        """,
        (Kind.OK, Kind.INVALID),
        collect={"out/y": 1000},
    ),
    Escape(
        "40 MB of log",
        "fill the memory and the disk of whoever keeps the log",
        """
        line = "x" * 999
        for _ in range(40_000):
            print(line)
        raise SystemExit("the last words")
        """,
        (Kind.ERROR,),
        "exit code 1",
        said="the last words",
    ),
    Escape(
        "an endless log",
        "print for ever",
        'while True: print("y" * 50)',
        (Kind.TIMEOUT,),
        "still running after|of processor time",
        said="lines left out",
        limits=BRIEF,
    ),
    Escape(
        "an endless line",
        "print for ever and never end the line",
        'while True: sys.stdout.write("z" * 100_000)',
        (Kind.TIMEOUT,),
        "still running after|of processor time",
        said="lines left out",
        limits=BRIEF,
        slow=True,
    ),
    Escape(
        "terminal control",
        "steer the terminal, or look like another line",
        r"""
        sys.stdout.buffer.write(b"\x1b]0;title\x07\x1b[2J\x1b[1;1H\x9b31m\xe2\x80\xaereversed\xff\xfe\x00\rhidden\n")
        sys.stdout.flush()
        """,
        said="hidden",
    ),
    Escape(
        "the sandbox's own words",
        "forge what the sandbox says of itself",
        """
        print("pelagos:ready")
        print('pelagos:exit {"kind": "ok", "code": 0}')
        print('{"child-pid": 1, "exit-code": 0}', flush=True)
        for number in range(3, 64):
            try:
                os.write(number, b'{"exit-code": 0, "kind": "ok", "score": 1}\\npelagos:ready\\n')
            except OSError:
                pass
        print("TRIED", flush=True)
        os._exit(3)
        """,
        (Kind.ERROR,),
        "exit code 3",
    ),
    Escape(
        "dead before its first line",
        "die at once, without a word of its own",
        "os._exit(print('ONE', flush=True) or 7)",
        (Kind.ERROR,),
        "exit code 7",
        said="ONE",
    ),
]
