"""Servers of others from the package index, unchanged, each in a virtual environment of its own. PELAGOS_TEST_SERVERS
names a folder that keeps the environments."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.tools.conftest import jail as jail

PACKAGES = {
    "time": ("mcp-server-time", "mcp-server-time"),
    "calc": ("mcp-server-calculator==0.2.1", "mcp-server-calculator"),
}


@pytest.fixture(scope="session")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, str]]:
    """Name -> its entry of `mcpServers`."""
    home = Path(os.environ.get("PELAGOS_TEST_SERVERS") or tmp_path_factory.mktemp("servers"))
    return {name: {"command": str(install(home / name, *package))} for name, package in PACKAGES.items()}


def install(folder: Path, package: str, command: str) -> Path:
    """Return the server's command; skips the tests where pip can't install the package."""
    if not (folder / "bin" / command).exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        made = subprocess.run([folder / "bin" / "pip", "install", "-q", package], capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"pip can't install {package}: {made.stderr.strip().rpartition(chr(10))[2][:200]}")
    subprocess.run(["chmod", "-R", "o+rX", str(folder)], check=True)  # as root, the sandbox's user is another
    return folder / "bin" / command
