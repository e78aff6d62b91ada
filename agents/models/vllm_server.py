"""A vLLM server as a child process: where it runs, what it is started with, when it answers.

It serves a Hugging Face directory; a GGUF file is converted once and kept in the cache (this vLLM's CPU build reads no
GGUF). The server listens on the loopback address only and wants PELAGOS_API_KEY if that is set.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from agents.models import convert
from agents.models.vllm_env import find_python, has_cuda
from memory.weights import cache_folder
from pelagos.errors import MissingPart
from pelagos.secrets import key_in

START_LIMIT_S = 600.0
STOP_LIMIT_S = 20.0
CPU_KV_GB = 2
CPU_SEQUENCES = 16


def directory(model: Path) -> Path:
    """The Hugging Face directory of `model`, itself one or a GGUF file. Raises MissingPart if it can't be converted."""
    if model.is_dir():
        return model
    stat = model.stat()
    folder = cache_folder() / "converted" / f"{model.stem}-{stat.st_size}"
    if folder.is_dir():
        return folder
    half = folder.with_name(f"{folder.name}.{os.getpid()}.half")
    command = [str(find_python()), convert.__file__, str(model), str(half)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise MissingPart(f"model {model}: can't be converted for vLLM: {last[:300]}")
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return folder


def command(model: Path, name: str, port: int, context: int) -> list[str]:
    """The server's command line. By its module, since `vllm serve` asks for a distribution the CPU build hasn't."""
    asked = [str(find_python()), "-m", "vllm.entrypoints.openai.api_server", "--model", str(directory(model))]
    asked += ["--served-model-name", name, "--host", "127.0.0.1", "--port", str(port)]
    asked += ["--max-model-len", str(context)]
    if not has_cuda():
        asked += ["--dtype", "bfloat16", "--enforce-eager", "--max-num-seqs", str(CPU_SEQUENCES)]
    return asked


@contextmanager
def running(model: Path, name: str, port: int, context: int, log: Path) -> Iterator[str]:
    """A server that answers; its base URL. Raises MissingPart, with the log's last error, if it doesn't come up."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        child = subprocess.Popen(
            command(model, name, port, context), stdout=out, stderr=subprocess.STDOUT, env=_environment(),
            start_new_session=True,
        )  # fmt: skip
    try:
        _await(child, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        _stop(child)


def _environment() -> dict[str, str]:
    own = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": str(CPU_KV_GB)}
    key = key_in(os.environ, "PELAGOS_API_KEY")
    return {**os.environ, **own, **({"VLLM_API_KEY": key} if key else {})}


def _await(child: subprocess.Popen[bytes], health: str, log: Path) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        if child.poll() is not None:
            raise MissingPart(f"vLLM server: ended with {child.returncode} while starting: {_last_error(log)}")
        if _healthy(health):
            return
        time.sleep(1)
    raise MissingPart(f"vLLM server: doesn't answer after {START_LIMIT_S:g} s; its log: {log}")


def _healthy(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _last_error(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if "Error" in line]
    return f"{lines[-1][:300] if lines else 'no reason given'} (log: {log})"


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End the server and its workers: they are one session of their own."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            os.killpg(child.pid, how)
            try:
                child.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                continue
