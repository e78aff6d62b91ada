"""The graphics cards of this machine as `nvidia-smi` tells of them, and what of them is shown to a program.

A card is named by its UUID wherever it matters: CUDA's numbers depend on which device nodes a program can see.
Sizes are MB (10**6 bytes); nvidia-smi counts in MiB.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pelagos.errors import MissingPart, SandboxError

MIB = 1.048576
_TIMEOUT = 30.0
_COMMON_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm")
_DRIVER = "libcuda.so.1"
_DRIVER_PLACES = ("/usr/local/nvidia/lib64", "/usr/lib/wsl/lib", "/run/opengl-driver/lib")
_PROC = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True)
class Card:
    """`used_mb` is what all processes together hold now, a model server's among it."""

    index: int
    uuid: str
    name: str
    total_mb: float
    used_mb: float


@dataclass(frozen=True)
class Use:
    """What one process holds of one card."""

    uuid: str
    pid: int
    mb: float


def cards() -> list[Card]:
    """Every card, by index. Raises MissingPart with the reason where there is none to be seen."""
    rows = _ask("--query-gpu=index,uuid,name,memory.total,memory.used", 5)
    if not rows:
        raise MissingPart("nvidia-smi lists no card")
    return [Card(int(row[0]), row[1], row[2], _mb(row[3]), _mb(row[4])) for row in rows]


def uses() -> list[Use]:
    """What computing processes hold. A driver that doesn't tell one's memory (`[N/A]`) leaves it at 0."""
    rows = _ask("--query-compute-apps=gpu_uuid,pid,used_memory", 3)
    return [Use(row[0], int(row[1]), _mb(row[2])) for row in rows]


def chosen(indices: Sequence[int]) -> list[Card]:
    """The cards of a `Spec.gpus`, in its order. Raises SandboxError for one that isn't there."""
    there = {card.index: card for card in cards()} if indices else {}
    absent = [str(index) for index in indices if index not in there]
    if absent:
        raise SandboxError(f"card {', '.join(absent)}: not on this machine, which has {sorted(there)}")
    return [there[index] for index in indices]


def environment(picked: Sequence[Card]) -> dict[str, str]:
    """What makes a program see these cards and no other. Empty for none, since a jail shows no device then."""
    if not picked:
        return {}
    found = {"CUDA_VISIBLE_DEVICES": ",".join(card.uuid for card in picked), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    if folders := driver_folders():
        found["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, folders))
    return found


def nodes(picked: Sequence[Card]) -> list[str]:
    """Device nodes that a program needs for these cards. Raises SandboxError where one is missing."""
    wanted = [f"/dev/nvidia{_minor(card)}" for card in picked]
    absent = [node for node in [*wanted, *_COMMON_NODES] if picked and not Path(node).exists()]
    if absent:
        raise SandboxError(f"{', '.join(absent)}: the driver made no such device; `nvidia-modprobe -u -c 0` makes them")
    return [*wanted, *_COMMON_NODES] if picked else []


def driver_folders() -> list[Path]:
    """Folders outside the system's own library path that hold the driver's libraries."""
    places = [Path(place) for place in (*os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep), *_DRIVER_PLACES)]
    return list(
        dict.fromkeys(place.resolve() for place in places if place.is_absolute() and (place / _DRIVER).exists())
    )


def _minor(card: Card) -> int:
    """The number in the device node's name, which needn't be nvidia-smi's index."""
    for told in _PROC.glob("*/information"):
        fields = dict(line.split(":", 1) for line in told.read_text().splitlines() if ":" in line)
        if fields.get("GPU UUID", "").strip() == card.uuid:
            return int(fields["Device Minor"])
    return card.index


def _ask(query: str, width: int) -> list[list[str]]:
    if shutil.which("nvidia-smi") is None:
        raise MissingPart("nvidia-smi is not on the PATH")
    try:
        done = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingPart(f"nvidia-smi doesn't answer: {error}") from error
    if done.returncode != 0:
        raise MissingPart(f"nvidia-smi: {' '.join((done.stdout + done.stderr).split())[:300]}")
    rows = [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines() if line.strip()]
    return [row for row in rows if len(row) == width]


def _mb(mebibytes: str) -> float:
    return float(mebibytes) * MIB if mebibytes.replace(".", "", 1).isdigit() else 0.0
