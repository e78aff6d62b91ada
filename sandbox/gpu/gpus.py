"""The graphics cards of this machine as `nvidia-smi` lists them, and what of them is shown to a program.

A card is identified by its UUID wherever it matters: CUDA's numbers depend on which device nodes a program can see.
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
class Gpu:
    """One card. `used_mb` is the memory that all processes together hold now, including a model server."""

    index: int
    uuid: str
    name: str
    total_mb: float
    used_mb: float


@dataclass(frozen=True)
class GpuProcess:
    """The memory that one process holds on one card."""

    uuid: str
    pid: int
    mb: float


def list_gpus() -> list[Gpu]:
    """Return every card, by index. Raises MissingPart with the reason where none is visible."""
    rows = _query("--query-gpu=index,uuid,name,memory.total,memory.used", 5)
    if not rows:
        raise MissingPart("nvidia-smi lists no card")
    return [Gpu(int(row[0]), row[1], row[2], _to_mb(row[3]), _to_mb(row[4])) for row in rows]


def list_gpu_processes() -> list[GpuProcess]:
    """Return the computing processes with their memory; 0 where the driver doesn't report it (`[N/A]`)."""
    rows = _query("--query-compute-apps=gpu_uuid,pid,used_memory", 3)
    return [GpuProcess(row[0], int(row[1]), _to_mb(row[2])) for row in rows]


def select_gpus(indices: Sequence[int]) -> list[Gpu]:
    """Return the cards of a `Spec.gpus`, in its order. Raises SandboxError for one that isn't there."""
    by_index = {card.index: card for card in list_gpus()} if indices else {}
    absent = [str(index) for index in indices if index not in by_index]
    if absent:
        raise SandboxError(f"card {', '.join(absent)}: not on this machine, which has {sorted(by_index)}")
    return [by_index[index] for index in indices]


def gpu_environment(picked: Sequence[Gpu]) -> dict[str, str]:
    """Return the variables that make a program see only these cards. Empty for none, since a jail shows no device
    then."""
    if not picked:
        return {}
    variables = {"CUDA_VISIBLE_DEVICES": ",".join(card.uuid for card in picked), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    if folders := driver_folders():
        variables["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, folders))
    return variables


def device_nodes(picked: Sequence[Gpu]) -> list[str]:
    """Return the device nodes that a program needs for these cards. Raises SandboxError where one is missing."""
    own_nodes = [f"/dev/nvidia{_device_minor(card)}" for card in picked]
    absent = [node for node in [*own_nodes, *_COMMON_NODES] if picked and not Path(node).exists()]
    if absent:
        raise SandboxError(f"{', '.join(absent)}: the driver made no such device; `nvidia-modprobe -u -c 0` makes them")
    return [*own_nodes, *_COMMON_NODES] if picked else []


def driver_folders() -> list[Path]:
    """Return the folders with the driver's libraries outside the system's own library path."""
    candidates = [
        Path(folder) for folder in (*os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep), *_DRIVER_PLACES)
    ]
    return list(
        dict.fromkeys(folder.resolve() for folder in candidates if folder.is_absolute() and (folder / _DRIVER).exists())
    )


def _device_minor(card: Gpu) -> int:
    """Return the number in the device node's name, which may differ from nvidia-smi's index."""
    for information in _PROC.glob("*/information"):
        fields = dict(line.split(":", 1) for line in information.read_text().splitlines() if ":" in line)
        if fields.get("GPU UUID", "").strip() == card.uuid:
            return int(fields["Device Minor"])
    return card.index


def _query(query: str, width: int) -> list[list[str]]:
    if shutil.which("nvidia-smi") is None:
        raise MissingPart("nvidia-smi is not on the PATH")
    try:
        result = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingPart(f"nvidia-smi doesn't answer: {error}") from error
    if result.returncode != 0:
        raise MissingPart(f"nvidia-smi: {' '.join((result.stdout + result.stderr).split())[:300]}")
    rows = [[cell.strip() for cell in line.split(",")] for line in result.stdout.splitlines() if line.strip()]
    return [row for row in rows if len(row) == width]


def _to_mb(mebibytes: str) -> float:
    return float(mebibytes) * MIB if mebibytes.replace(".", "", 1).isdigit() else 0.0
