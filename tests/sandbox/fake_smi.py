"""A replacement for `nvidia-smi` on the PATH: it prints the same CSV, from files that a test writes. No card is
needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.gpu.gpus import MIB


class FakeSmi:
    """Cards of `total` MiB each, named GPU-0, GPU-1 ...; `apps` are (card, pid, MiB).

    `marked` adds every process of the machine whose command line holds the mark, with so many MiB on card 0.
    """

    def __init__(self, folder: Path, cards: int = 1, total: int = 10_000) -> None:
        self.folder, self.total = folder, total
        self.used = [0] * cards
        folder.mkdir()
        program = folder / "nvidia-smi"
        program.write_text(
            f'#!/bin/sh\ncase "$1" in\n--query-gpu=*) cat {folder}/cards ;;\n'
            f"--query-compute-apps=*) cat {folder}/apps; . {folder}/marked ;;\nesac\n"
        )
        program.chmod(0o755)
        (folder / "marked").write_text("")
        self.tell()

    def tell(self, *apps: tuple[int, int, int]) -> None:
        rows = [f"{n}, GPU-{n}, NVIDIA Fake, {self.total}, {used}" for n, used in enumerate(self.used)]
        (self.folder / "cards").write_text("\n".join([*rows, ""]))
        (self.folder / "apps").write_text("".join(f"GPU-{card}, {pid}, {mib}\n" for card, pid, mib in apps))

    def mark(self, text: str, mib: int) -> None:
        (self.folder / "marked").write_text(f'for p in $(pgrep -f "{text}"); do echo "GPU-0, $p, {mib}"; done\n')


def mb(mib: float) -> float:
    return mib * MIB


def on_path(folder: Path, patch: pytest.MonkeyPatch, cards: int = 1, total: int = 10_000) -> FakeSmi:
    made = FakeSmi(folder / "smi", cards, total)
    (folder / "run").mkdir(mode=0o700)
    patch.setenv("PATH", f"{made.folder}{os.pathsep}{os.environ['PATH']}")
    patch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))
    return made
