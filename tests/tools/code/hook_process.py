"""Starts the hooks in a plain child process, as in the sandbox; the hooks themselves isolate nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sandbox.border.report import Report, read_report
from tools.code.execution.execution import HOOK_FILES, HOOKS_FOLDER, HOOKS_MOUNT


def start_hooks(
    folder: Path, files: dict[str, str], *argv: str, seconds: float = 0.0, **how: str
) -> tuple[int, Report, str]:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    hooks = folder / HOOKS_MOUNT
    hooks.mkdir()
    for name in HOOK_FILES:
        (hooks / name).write_bytes((HOOKS_FOLDER / name).read_bytes())
    config = {
        "script": "main.py", "argv": list(argv), "own": list(files), "report": "out/r.json", "expect": "out/p.npy",
        "trace": True, "dump_after": seconds, "module": "", "call": "", "name": "", "paths": ["", "src"],
    } | how  # fmt: skip
    (hooks / "config.json").write_text(json.dumps(config))
    process = subprocess.run(
        [sys.executable, f"{HOOKS_MOUNT}/runner_hook.py", f"{HOOKS_MOUNT}/config.json"],
        cwd=folder, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    report = folder / "out" / "r.json"
    report_read = read_report(report.read_bytes() if report.is_file() else b"")
    assert isinstance(report_read, Report), report_read
    return process.returncode, report_read, process.stderr
