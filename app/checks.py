"""The doctor's checks. Each looks at one thing and says what it found; none changes anything."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import urllib.parse
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from app.clash import clashes
from pelagos.errors import MissingPart, PelagosError

ROLES = ("ideator", "planner", "coder", "verifier", "extractor")
DISK_GB = 4.0
MEMORY_GB = 3.0
LEAST = "bubblewrap-rlimit"  # the backend that asks the least of a machine


@dataclass(frozen=True)
class Check:
    """One finding. `mend` is what to do about it; only an essential one that is not ok fails the doctor."""

    name: str
    state: Literal["ok", "missing", "bad"]
    found: str
    mend: str = ""
    essential: bool = False


def all_checks() -> list[Check]:
    machine = [python(), cores(), memory(), disk(), names()]
    return [*machine, *cards(), *packages(), sandbox(), *weights(), *recommended(), *endpoints()]


def python() -> Check:
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    found = f"{platform.python_version()} at {sys.executable}"
    return Check("python", "ok" if good else "bad", found, "" if good else "use Python 3.11 to 3.13", essential=True)


def cores() -> Check:
    return Check("cores", "ok", f"{len(os.sched_getaffinity(0))} usable")


def memory() -> Check:
    from sandbox.machine import available_memory

    gb = available_memory() / 1e9
    enough = gb >= MEMORY_GB
    mend = "" if enough else f"the embedded model and an experiment want {MEMORY_GB:g} GB"
    return Check("memory", "ok" if enough else "bad", f"{gb:.1f} GB free", mend)


def disk() -> Check:
    gb = shutil.disk_usage(Path.cwd()).free / 1e9
    enough = gb >= DISK_GB
    return Check("disk", "ok" if enough else "bad", f"{gb:.1f} GB free here", "" if enough else "free some space")


def names() -> Check:
    hidden = clashes()
    mend = "install Pelagos in an environment of its own: pipx install pelagos" if hidden else ""
    found = "; ".join(hidden) or "no other distribution hides a package of Pelagos"
    return Check("package names", "bad" if hidden else "ok", found, mend, essential=True)


def packages() -> list[Check]:
    """The declared requirements, one row per extra. The core is essential."""
    from packaging.requirements import Requirement

    wanted: dict[str, list[str]] = {"core": []}
    for text in requires("pelagos") or []:
        requirement = Requirement(text)
        extra = str(requirement.marker).rpartition("== ")[2].strip("\"'") if requirement.marker else "core"
        wanted.setdefault(extra, []).append(requirement.name)
    return [_extra(name, distributions) for name, distributions in wanted.items()]


def _extra(name: str, distributions: list[str]) -> Check:
    have = {distribution: _installed(distribution) for distribution in distributions}
    lacking = [distribution for distribution, found in have.items() if not found]
    title = "packages" if name == "core" else f"packages [{name}]"
    if lacking:
        mend = "pip install pelagos" if name == "core" else f"pip install 'pelagos[{name}]'"
        return Check(title, "missing", f"lacks {', '.join(lacking)}", mend, essential=name == "core")
    found = ", ".join(f"{distribution} {number}" for distribution, number in have.items())
    return Check(title, "ok", found, essential=name == "core")


def _installed(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def cards() -> list[Check]:
    """A row per graphics card. None is no fault: only a task that asks for one needs it."""
    from sandbox import gpus

    try:
        found = gpus.cards()
    except MissingPart as none:
        return [Check("graphics card", "missing", str(none))]
    return [
        Check("graphics card", "ok", f"{one.index}: {one.name}, {one.used_mb:.0f} of {one.total_mb:.0f} MB in use")
        for one in found
    ]


def sandbox() -> Check:
    from pelagos.settings import load
    from sandbox.choose import probe

    found_here = probe(load(Path.cwd()).sandbox.image)
    good = [one.name for one in found_here if one.works]
    least = next((one.mend for one in found_here if one.name == LEAST), "")
    mend = "" if good else f"{least}; `pelagos sandbox probe` shows the others"
    found = ", ".join(good) or "no backend's canary passes"
    return Check("sandbox", "ok" if good else "missing", found, mend, essential=True)


def weights() -> list[Check]:
    """The weights of the embedded models that the settings name. Not essential: a role may talk to an endpoint."""
    if find_spec("xllamacpp") is None:
        return [Check("embedded model", "missing", "no engine", "pip install 'pelagos[local]'")]
    named = {spec.partition(":")[2] or "embedded" for spec in _specs() if spec.partition(":")[0] == "embedded"}
    return [_weights(name) for name in sorted(named)]


def _weights(name: str) -> Check:
    from agents.models.locate import present

    try:
        found = present(name)
    except PelagosError as error:
        return Check("embedded model", "bad", str(error), "correct the model in pelagos.toml or the environment")
    if found is None:
        return Check("embedded model", "missing", f"no weights of {name} here", f"pelagos models get {name}")
    return Check("embedded model", "ok", str(found.path))


def _specs() -> set[str]:
    """The model specs of all roles; the default's where the settings can't be read, which has a row of its own."""
    from pelagos.settings import Models, load

    try:
        models = load(Path.cwd()).models
    except PelagosError:
        models = Models()
    return {spec.strip() for role in ROLES for spec in models.specs(role)}


def recommended() -> list[Check]:
    """The model that is right for this machine's memory or card."""
    from agents.models.catalog import DEFAULT
    from agents.models.choice.advice import command, outlook
    from pelagos.settings import load

    title = "recommended model"
    try:
        best = outlook(Path.cwd(), load(Path.cwd()).models).recommended
    except PelagosError:  # settings that can't be read have a row of their own
        return []
    if best is None:
        return [Check(title, "missing", "none fits and is fast enough", "use --model default=openai:MODEL@URL")]
    name, speed = best.item.name, f", writes about {best.tokens_s:.0f} tokens/s" if best.tokens_s else ""
    told = f"{name}: needs {best.need / 1e9:.1f} of {best.room / 1e9:.1f} GB{speed}"
    chosen = name == DEFAULT or f"embedded:{name}" in _specs()
    return [Check(title, "ok", told, "" if chosen else command(best.item))]


def endpoints() -> list[Check]:
    """Every endpoint that a role's model names: whether something answers there."""
    from pelagos.settings import load

    try:
        models = load(Path.cwd()).models
    except PelagosError as error:
        return [Check("settings", "bad", str(error), "mend pelagos.toml or the environment", essential=True)]
    specs = {spec for role in ROLES for spec in models.specs(role)}
    urls = {spec.partition("@")[2] for spec in specs if spec.startswith("openai:") and "@" in spec}
    return [_endpoint(url) for url in sorted(urls)]


def _endpoint(url: str) -> Check:
    import httpx

    from pelagos.http_client import client

    shown = urllib.parse.urlsplit(url)._replace(netloc=urllib.parse.urlsplit(url).netloc.rpartition("@")[2]).geturl()
    try:
        with client(url, timeout=5) as asking:
            code = asking.get(f"{url.rstrip('/')}/models").status_code
    except (httpx.HTTPError, httpx.InvalidURL, MissingPart) as error:
        return Check("endpoint", "bad", f"{shown}: {error}", "start the server, or change the role's model")
    answered = code < 500
    return Check("endpoint", "ok" if answered else "bad", f"{shown} answers with {code}")
