"""The command line, in this process (`pelagos`) or as a process of its own (`spawned`): the same words, the same
answer.

A process of its own imports for a second or two what this one has imported already, so it is for what is about the
process: its imports, its encoding, its folder, its locks, its PATH."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.main import main

ROOT = Path(__file__).parents[2]
Completed = subprocess.CompletedProcess[str]


def run_pelagos(*arguments: str, folder: Path, **env: str) -> Completed:
    """Through `main`, as the installed script calls it. Raises what would end in a stack trace."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patched.chdir(folder)
        patched.setattr(sys, "argv", ["pelagos", *arguments])
        patched.setattr(tempfile, "tempdir", env.get("TMPDIR", tempfile.tempdir))
        for name, value in env.items():
            patched.setenv(name, value)
        try:
            main()
        except SystemExit as system_exit:
            code = system_exit.code if isinstance(system_exit.code, int) else int(system_exit.code is not None)
        else:
            code = 0
    return subprocess.CompletedProcess(arguments, code, *(_read_text(stream) for stream in (out, err)))


def _read_text(stream: io.TextIOWrapper) -> str:
    buffer = stream.detach()
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def spawn_pelagos(*arguments: str, folder: Path, **env: str) -> Completed:
    return subprocess.run(
        [sys.executable, "-m", "app.main", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
    )


def assert_bad_input(result: Completed, *parts: str) -> None:
    """One clear line per fault, exit code 2, no stack trace."""
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    for part in parts:
        assert part in result.stderr, result.stderr
