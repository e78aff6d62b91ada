"""Runs inside a jail as the program's parent: starts it and says on a pipe of its own how it ended.

An exit code of 137 may be a signal or the program's own choice; the status that a parent gets tells them apart, and
bubblewrap hands on only the code. Standard library only: its source is handed to the interpreter as an argument.
"""

import os
import signal
import sys


def main(pipe: int, command: list[str]) -> None:
    """Write the program's status, as a decimal number, to the descriptor `pipe`. Never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Python's own handler would let the program interrupt us
    os.set_inheritable(pipe, False)
    child = os.fork()
    if not child:
        for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):  # as they were before Python came
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)  # noqa: S606
    while True:
        pid, status = os.wait()  # orphans come here too where we are the first process
        if pid == child:
            os.write(pipe, b"%d" % status)
            os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
