"""Runs a vLLM server as a child process.

It serves a Hugging Face directory; a GGUF file is converted once and kept in the cache (this vLLM's CPU build reads no
GGUF). The server listens on the loopback address only and requires PELAGOS_API_KEY if that is set.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from agents.models.vllm import convert
from agents.models.vllm.environment import find_python, has_cuda
from memory.weights.package_index import cache_folder
from pelagos.errors import MissingPart
from pelagos.secrets import read_key

START_LIMIT_S = 600.0
STOP_LIMIT_S = 20.0
CPU_KV_GB = 2
CPU_SEQUENCES = 16
CPU_BATCH_TOKENS = 4096


def model_folder(model: Path) -> Path:
    """Return the Hugging Face directory of `model`: itself, or the converted GGUF file. Raises MissingPart if the file
    can't be converted."""
    if model.is_dir():
        return model
    stat = model.stat()
    folder = cache_folder() / "converted" / f"{model.stem}-{stat.st_size}"
    if folder.is_dir():
        return folder
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.half")
    command = [str(find_python()), convert.__file__, str(model), str(partial)]
    try:
        result = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
        if result.returncode:
            last_line = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise MissingPart(f"model {model}: can't be converted for vLLM: {last_line[:300]}")
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def server_command(model: Path, name: str, port: int, context: int, options: Sequence[str] = ()) -> list[str]:
    """Return the server's command line; `options` come last and override. It starts the module, since `vllm serve`
    needs a distribution that the CPU build lacks."""
    arguments = [str(find_python()), "-m", "vllm.entrypoints.openai.api_server", "--model", str(model_folder(model))]
    arguments += ["--served-model-name", name, "--host", "127.0.0.1", "--port", str(port)]
    arguments += ["--max-model-len", str(context)]
    if not has_cuda():
        arguments += ["--dtype", "bfloat16", "--enforce-eager", "--max-num-seqs", str(CPU_SEQUENCES)]
        # a prompt that is read in parts, of a request with a seed, ends the CPU build 0.32
        arguments += ["--no-enable-chunked-prefill", "--max-num-batched-tokens", str(max(context, CPU_BATCH_TOKENS))]
    return [*arguments, *options]


@contextmanager
def run_server(
    model: Path, name: str, port: int, context: int, log: Path, options: Sequence[str] = ()
) -> Iterator[str]:
    """Start a server, wait until it answers, yield its base URL and stop it at the end. Raises MissingPart, with the
    log's last error, if it doesn't start."""
    log.parent.mkdir(parents=True, exist_ok=True)
    command = server_command(model, name, port, context, options)
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=_environment(), start_new_session=True
        )
    try:
        _await(process, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        _stop(process)


def _environment() -> dict[str, str]:
    variables = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": str(CPU_KV_GB)}
    key = read_key(os.environ, "PELAGOS_API_KEY")
    return {**os.environ, **variables, **({"VLLM_API_KEY": key} if key else {})}


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
    """Stop the server and its workers, which share a process session."""
    for stop_signal in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            os.killpg(child.pid, stop_signal)
            try:
                child.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                continue
