"""Runs inside a jail as the program's parent: starts it and reports on a pipe how it ended.

An exit code of 137 may be a signal or the program's own choice. The status that a parent gets tells them apart, but
bubblewrap passes on only the code. The source of this file is an argument of the interpreter. It delays every start,
so it imports only modules that are built into the interpreter: `os` and `signal` would double its time.
"""

import _signal  # type: ignore[import-not-found]
import posix
import sys


def main(pipe: int, command: list[str]) -> None:
    """Write the program's status, as a decimal number, to the descriptor `pipe`. Never returns."""
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)  # Python's own handler would let the program interrupt us
    posix.set_inheritable(pipe, False)
    child = posix.fork()
    if not child:
        for number in (_signal.SIGINT, _signal.SIGPIPE, _signal.SIGXFSZ):  # reset what Python changed
            _signal.signal(number, _signal.SIG_DFL)
        exec_program(command)
    while True:
        pid, status = posix.wait()  # orphans are reaped here too where this is the first process
        if pid == child:
            posix.write(pipe, b"%d" % status)
            posix._exit(posix.WEXITSTATUS(status) if posix.WIFEXITED(status) else 128 + posix.WTERMSIG(status))


def exec_program(command: list[str]) -> None:
    """Execute the program; a name without a slash is searched on the PATH. Never returns."""
    name = command[0]
    folders = (
        [""]
        if "/" in name
        else [f"{folder}/" for folder in posix.environ.get(b"PATH", b"/usr/bin:/bin").decode().split(":")]
    )
    for folder in folders:
        try:
            posix.execv(folder + name, command)
        except OSError:
            continue  # not in this folder
    posix._exit(127)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
