from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from memory.ledger.ledger import Ledger
from sandbox.host import machine

Setter = Callable[[float], None]


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setter:
    """Sets what the kernel says is available, in GB; no control group limits it, and there is no card."""
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "memory_left", lambda: None)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def say(gb: float) -> None:
        meminfo = f"MemTotal: 999999999 kB\nMemAvailable: {int(gb * 1e9 / 1024)} kB\n"
        (tmp_path / "meminfo").write_text(meminfo)

    return say


@pytest.fixture
def wrote(tmp_path: Path) -> Callable[..., None]:
    """Adds a run to the project in which a model wrote so many tokens a second."""

    def add(tokens_s: float, spec: str = "embedded:qwen2.5-coder-1.5b", run: str = "night") -> None:
        folder = tmp_path / "runs" / run
        folder.mkdir(parents=True)
        with closing(Ledger.open(folder / "ledger.db")) as ledger:
            reply = {"spec": spec, "tokens_out": 100, "write_s": 100 / tokens_s, "tokens_read": 50, "read_s": 1.0}
            ledger.append("model", "call", reply)

    return add
