"""Installs a task's own packages from a locked list, outside the sandbox before the run; they are read-only inside.

The list has pip's format with exact versions and hashes, as `pip-compile --generate-hashes` and `uv pip compile
--generate-hashes` write it. Only wheels are installed, so no code of a package runs during installation. The packages
are kept in the user's cache under the hash of list, interpreter and platform and are never changed there. Folders with
labels are masked like those of the shipped packages.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock
from packaging.markers import InvalidMarker, Marker

from memory.files.disk_errors import translate_disk_errors
from memory.files.whole_folder import write_whole_folder
from memory.weights.package_index import cache_folder
from pelagos.errors import BadInput, DiskFull, MissingPart
from pelagos.textfile import read_text
from sandbox.host.host_view import mask_packages

PACKAGES_MOUNT = "_packages"  # name of the packages' folder in the work folder
_FORMAT = 1
_TIMEOUT = 3600.0
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?\s*==\s*([A-Za-z0-9.!+_-]+)\s*(?:;(.*))?")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
_REMEDY = "write it with `pip-compile --generate-hashes`"


class Pin(NamedTuple):
    """One requirement of the list; `hashes` are `sha256:...`, sorted."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}=={self.version}{marker} {' '.join(f'--hash={hash}' for hash in self.hashes)}"


def read_pins(path: Path) -> list[Pin]:
    """The pins of a list. Raises BadInput with one line per fault, each with its line number."""
    pins: list[Pin] = []
    faults: list[str] = []
    for number, text in _logical_lines(path):
        pin = _parse_pin(text)
        if isinstance(pin, str):
            faults.append(f"line {number}: {pin}")
        elif any(known.name == pin.name and known.marker == pin.marker for known in pins):
            faults.append(f"line {number}: '{pin.name}' is listed twice; keep one")
        else:
            pins.append(pin)
    if not pins and not faults:
        faults.append("names no package; leave 'packages' out, or list some")
    if faults:
        raise BadInput(*faults)
    return pins


def install_packages(path: Path) -> Path:
    """The folder with the packages of the list at `path`, which the sandbox binds; made at the first call.

    Raises BadInput (a fault of the list, a package or version that is not found, a wrong hash), MissingPart (no pip)
    and DiskFull.
    """
    pins = read_pins(path)
    folder = cache_folder() / "packages" / digest_pins(pins)[:32]
    if folder.is_dir():
        return folder
    with translate_disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not folder.is_dir():
                _make_folder(pins, folder, path)
    return folder


def bind_packages(folder: Path | None) -> dict[str, Path]:
    """Name in the work folder -> path on the host of the installed packages, if there are any."""
    return {} if folder is None else {PACKAGES_MOUNT: folder}


def digest_pins(pins: list[Pin]) -> str:
    """SHA-256 over the list, the interpreter's version and the platform."""
    content = [_FORMAT, sorted(pin.line for pin in pins), sys.version_info[:2], sysconfig.get_platform()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _logical_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number of the first line, text) of each logical line: joined at backslashes, without comments."""
    whole, first = "", 0
    for number, raw in enumerate(read_text(path).splitlines(), 1):
        text = re.sub(r"(^|\s)#.*", "", raw).rstrip()
        first = first or number
        whole += text.removesuffix("\\") + " "
        if not text.endswith("\\"):
            if whole.strip():
                yield first, whole.strip()
            whole, first = "", 0
    if whole.strip():
        yield first, whole.strip()


def _parse_pin(text: str) -> Pin | str:
    """The pin, or the fault of the line as text."""
    plain, _, rest = text.partition("--hash")
    plain, hashes = plain.strip(), _HASH.findall(f"--hash{rest}")
    match = _PIN.fullmatch(plain)
    if plain.startswith("-") or "@" in plain or "://" in plain:
        return f"'{plain[:80]}' is not a package with a version; only 'NAME==VERSION --hash=...' is taken"
    if match is None:
        return f"'{plain[:80]}' is not pinned; write NAME==VERSION, or {_REMEDY.removeprefix('write it ')}"
    if not hashes or _HASH.sub("", f"--hash{rest}").strip():
        return f"'{plain[:80]}' has no '--hash=sha256:...'; {_REMEDY}"
    name, _, version, marker = match.groups()
    try:
        marker = str(Marker(marker)) if marker else ""
    except InvalidMarker:
        return f"'{plain[:80]}' has a condition that can't be read; {_REMEDY}"
    return Pin(re.sub(r"[-_.]+", "-", name).lower(), version, marker, tuple(sorted(set(hashes))))


def _make_folder(pins: list[Pin], folder: Path, path: Path) -> None:
    if find_spec("pip") is None:
        raise MissingPart("the task's packages want pip in Pelagos' environment: python -m ensurepip")
    with write_whole_folder(folder) as fresh, tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as lock:
        fresh.chmod(0o755)  # the sandbox's user reads it
        lock.writelines(f"{pin.line}\n" for pin in pins)
        lock.flush()
        _run_pip(Path(lock.name), fresh, path.name)
        mask_packages(fresh)


def _run_pip(lock: Path, target: Path, name: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(target), "-r", str(lock)]
    environment = {"PIP_CONSTRAINT": os.devnull, "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}  # the list alone decides
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT, env={**os.environ, **environment}, umask=0o022
        )
    except subprocess.TimeoutExpired:
        raise BadInput(
            f"{name}: pip was not done after {_TIMEOUT:g} s; see whether the package index answers"
        ) from None
    if result.returncode != 0:
        if "No space left on device" in result.stderr:
            raise DiskFull(str(target.parent))
        raise BadInput(f"{name}: {_explain_pip_error(result.stderr)}")


def _explain_pip_error(text: str) -> str:
    """pip's error in one line, with the remedy."""
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in text:
        named = re.search(r"^\s+(\S+==\S+) from ", text, re.MULTILINE)
        return f"{named[1] if named else 'a package'}: the file found has another hash than the list says; {_REMEDY}"
    if missing := re.search(r"No matching distribution found for (\S+)", text):
        return f"{missing[1]}: no wheel for this Python and platform was found; mend the version, or the index pip uses"
    last = [line for line in text.splitlines() if line.startswith("ERROR:")] or text.strip().splitlines()[-1:]
    return " ".join(last[0].removeprefix("ERROR:").split())[:300] if last else "pip failed and said nothing"
