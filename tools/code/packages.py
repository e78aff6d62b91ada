"""A task's own packages from a locked list: installed outside the sandbox before the run, shown read-only inside.

The list is pip's format with exact versions and hashes, as `pip-compile --generate-hashes` and `uv pip compile
--generate-hashes` write it. Wheels only, so nothing of a package runs while it is installed. What is installed lies
in the user's cache under the hash of the list, the interpreter and the platform, and is never changed there; folders
that carry labels are covered as those of the shipped packages are.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
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

from memory.faults import on_disk
from memory.weights import cache_folder
from pelagos.errors import BadInput, DiskFull, MissingPart
from pelagos.textfile import read_text
from sandbox.interpreter import mask

AT = "_packages"  # their name in the work folder
_FORMAT = 1
_TIMEOUT = 3600.0
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?\s*==\s*([A-Za-z0-9.!+_-]+)\s*(?:;(.*))?")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
_MEND = "write it with `pip-compile --generate-hashes`"


class Pin(NamedTuple):
    """One line of the list; `hashes` are `sha256:...`, sorted."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}=={self.version}{marker} {' '.join(f'--hash={one}' for one in self.hashes)}"


def read(path: Path) -> list[Pin]:
    """The pins of a list. Raises BadInput, a line per fault with its line number."""
    pins: list[Pin] = []
    faults: list[str] = []
    for number, text in _lines(path):
        found = _pin(text)
        if isinstance(found, str):
            faults.append(f"line {number}: {found}")
        elif found.name in {pin.name for pin in pins if pin.marker == found.marker}:
            faults.append(f"line {number}: '{found.name}' is listed twice; keep one")
        else:
            pins.append(found)
    if not pins and not faults:
        faults.append("names no package; leave 'packages' out, or list some")
    if faults:
        raise BadInput(*faults)
    return pins


def install(path: Path) -> Path:
    """The folder with the packages of the list at `path`, made at the first call, for the sandbox to bind.

    Raises BadInput (a fault of the list, a package or version that isn't found, a hash that doesn't fit), MissingPart
    (no pip) and DiskFull.
    """
    pins = read(path)
    folder = cache_folder() / "packages" / digest(pins)[:32]
    if folder.is_dir():
        return folder
    with on_disk(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not folder.is_dir():
                _make(pins, folder, path)
    return folder


def digest(pins: list[Pin]) -> str:
    """Hash of what is installed: list, interpreter and platform."""
    content = [_FORMAT, sorted(pin.line for pin in pins), sys.version_info[:2], sysconfig.get_platform()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Logical lines (joined where one ends in a backslash) without comments, each with its first line's number."""
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


def _pin(text: str) -> Pin | str:
    """The pin, or what is wrong with the line."""
    plain, _, rest = text.partition("--hash")
    plain, hashes = plain.strip(), _HASH.findall(f"--hash{rest}")
    found = _PIN.fullmatch(plain)
    if plain.startswith("-") or "@" in plain or "://" in plain:
        return f"'{plain[:80]}' is not a package with a version; only 'NAME==VERSION --hash=...' is taken"
    if found is None:
        return f"'{plain[:80]}' is not pinned; write NAME==VERSION, or {_MEND.removeprefix('write it ')}"
    if not hashes or _HASH.sub("", f"--hash{rest}").strip():
        return f"'{plain[:80]}' has no '--hash=sha256:...'; {_MEND}"
    name, _, version, marker = found.groups()
    try:
        marker = str(Marker(marker)) if marker else ""
    except InvalidMarker:
        return f"'{plain[:80]}' has a condition that can't be read; {_MEND}"
    return Pin(re.sub(r"[-_.]+", "-", name).lower(), version, marker, tuple(sorted(set(hashes))))


def _make(pins: list[Pin], folder: Path, path: Path) -> None:
    """Written beside and renamed: a kill leaves no half-made folder behind."""
    if find_spec("pip") is None:
        raise MissingPart("the task's packages want pip in Pelagos' environment: python -m ensurepip")
    fresh = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
    try:
        fresh.chmod(0o755)  # the sandbox's user reads it
        lock = fresh.with_suffix(".txt")
        lock.write_text("".join(f"{pin.line}\n" for pin in pins), "utf-8")
        _pip(lock, fresh, path.name)
        mask(fresh)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.with_suffix(".txt").unlink(missing_ok=True)


def _pip(lock: Path, target: Path, name: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(target), "-r", str(lock)]
    quiet = {"PIP_CONSTRAINT": os.devnull, "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}  # the list alone decides
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT, env={**os.environ, **quiet}, umask=0o022
        )
    except subprocess.TimeoutExpired:
        raise BadInput(
            f"{name}: pip was not done after {_TIMEOUT:g} s; see whether the package index answers"
        ) from None
    if done.returncode != 0:
        if "No space left on device" in done.stderr:
            raise DiskFull(str(target.parent))
        raise BadInput(f"{name}: {_said(done.stderr)}")


def _said(text: str) -> str:
    """pip's complaint in one line with what to do."""
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in text:
        named = re.search(r"^\s+(\S+==\S+) from ", text, re.MULTILINE)
        return f"{named[1] if named else 'a package'}: the file found has another hash than the list says; {_MEND}"
    if missing := re.search(r"No matching distribution found for (\S+)", text):
        return f"{missing[1]}: no wheel for this Python and platform was found; mend the version, or the index pip uses"
    last = [line for line in text.splitlines() if line.startswith("ERROR:")] or text.strip().splitlines()[-1:]
    return " ".join(last[0].removeprefix("ERROR:").split())[:300] if last else "pip failed and said nothing"
