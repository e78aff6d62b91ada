"""The doctor's checks. Each one inspects one thing and describes it. None changes anything."""

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

from app.import_conflicts import find_conflicts
from pelagos.errors import BadInput, MissingPart, PelagosError

ROLES = ("ideator", "planner", "coder", "verifier", "extractor")
DISK_GB = 4.0
MEMORY_GB = 3.0
LEAST_DEMANDING = "bubblewrap-rlimit"  # the backend that asks the least of a machine


@dataclass(frozen=True)
class Check:
    """The result of one check. `found` describes it, `mend` says what to do. The doctor fails only where an essential
    check is not ok."""

    name: str
    state: Literal["ok", "missing", "bad"]
    found: str
    mend: str = ""
    essential: bool = False


def run_checks() -> list[Check]:
    machine = [check_python(), check_cores(), check_memory(), check_disk(), check_package_names()]
    return [
        *machine,
        *check_cards(),
        *check_packages(),
        check_sandbox(),
        *check_weights(),
        *check_recommended_model(),
        *check_endpoints(),
        *check_project_tools(),
    ]


def check_python() -> Check:
    supported = (3, 11) <= sys.version_info[:2] < (3, 14)
    interpreter = f"{platform.python_version()} at {sys.executable}"
    mend = "" if supported else "use Python 3.11 to 3.13"
    return Check("python", "ok" if supported else "bad", interpreter, mend, essential=True)


def check_cores() -> Check:
    return Check("cores", "ok", f"{len(os.sched_getaffinity(0))} usable")


def check_memory() -> Check:
    from sandbox.host.machine import available_memory

    gb = available_memory() / 1e9
    enough = gb >= MEMORY_GB
    mend = "" if enough else f"the embedded model and an experiment want {MEMORY_GB:g} GB"
    return Check("memory", "ok" if enough else "bad", f"{gb:.1f} GB free", mend)


def check_disk() -> Check:
    gb = shutil.disk_usage(Path.cwd()).free / 1e9
    enough = gb >= DISK_GB
    return Check("disk", "ok" if enough else "bad", f"{gb:.1f} GB free here", "" if enough else "free some space")


def check_package_names() -> Check:
    conflicts = find_conflicts()
    mend = "install Pelagos in an environment of its own: pipx install pelagos" if conflicts else ""
    description = "; ".join(conflicts) or "no other distribution hides a package of Pelagos"
    return Check("package names", "bad" if conflicts else "ok", description, mend, essential=True)


def check_packages() -> list[Check]:
    """Check the declared requirements, one result per extra. Only the core is essential."""
    from packaging.requirements import Requirement

    wanted: dict[str, list[str]] = {"core": []}
    for text in requires("pelagos") or []:
        requirement = Requirement(text)
        extra = str(requirement.marker).rpartition("== ")[2].strip("\"'") if requirement.marker else "core"
        wanted.setdefault(extra, []).append(requirement.name)
    return [_check_extra(name, distributions) for name, distributions in wanted.items()]


def _check_extra(name: str, distributions: list[str]) -> Check:
    versions = {distribution: _find_version(distribution) for distribution in distributions}
    lacking = [distribution for distribution, installed in versions.items() if not installed]
    title = "packages" if name == "core" else f"packages [{name}]"
    if lacking:
        mend = "pip install pelagos" if name == "core" else f"pip install 'pelagos[{name}]'"
        return Check(title, "missing", f"lacks {', '.join(lacking)}", mend, essential=name == "core")
    listed = ", ".join(f"{distribution} {installed}" for distribution, installed in versions.items())
    return Check(title, "ok", listed, essential=name == "core")


def _find_version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def check_cards() -> list[Check]:
    """Return a result per graphics card. A missing card is no fault: only a task that asks for one needs it."""
    from sandbox.gpu import gpus

    try:
        cards = gpus.list_gpus()
    except MissingPart as error:
        return [Check("graphics card", "missing", str(error))]
    return [
        Check("graphics card", "ok", f"{card.index}: {card.name}, {card.used_mb:.0f} of {card.total_mb:.0f} MB in use")
        for card in cards
    ]


def check_sandbox() -> Check:
    from pelagos.settings_sources import load
    from sandbox.choose import probe

    probes = probe(load(Path.cwd()).sandbox.image)
    working = [backend.name for backend in probes if backend.works]
    advice = next((backend.mend for backend in probes if backend.name == LEAST_DEMANDING), "")
    mend = "" if working else f"{advice}; `pelagos sandbox probe` shows the others"
    description = ", ".join(working) or "no backend's canary passes"
    return Check("sandbox", "ok" if working else "missing", description, mend, essential=True)


def check_weights() -> list[Check]:
    """Check the weights of the embedded models that the settings name. They are not essential: a role may use an
    endpoint."""
    if find_spec("xllamacpp") is None:
        return [Check("embedded model", "missing", "no engine", "pip install 'pelagos[local]'")]
    models = {spec.partition(":")[2] or "embedded" for spec in _list_specs() if spec.partition(":")[0] == "embedded"}
    return [_check_weights(name) for name in sorted(models)]


def _check_weights(name: str) -> Check:
    from agents.models.catalog.locate import find_local

    try:
        model = find_local(name)
    except PelagosError as error:
        return Check("embedded model", "bad", str(error), "correct the model in pelagos.toml or the environment")
    if model is None:
        return Check("embedded model", "missing", f"no weights of {name} here", f"pelagos models get {name}")
    return Check("embedded model", "ok", str(model.path))


def _list_specs() -> set[str]:
    """Return the model specs of all roles, those of the default settings where the settings can't be read:
    `check_endpoints` reports that."""
    from pelagos.settings import Models
    from pelagos.settings_sources import load

    try:
        models = load(Path.cwd()).models
    except PelagosError:
        models = Models()
    return {spec.strip() for role in ROLES for spec in models.specs(role)}


def check_recommended_model() -> list[Check]:
    """Return the model that is recommended for this machine's memory or card."""
    from agents.models.catalog.catalog import DEFAULT
    from agents.models.catalog.choice.advice import survey_models, usage_command
    from pelagos.settings_sources import load

    title = "recommended model"
    try:
        best = survey_models(Path.cwd(), load(Path.cwd()).models).recommended
    except PelagosError:  # check_endpoints reports settings that can't be read
        return []
    if best is None:
        return [Check(title, "missing", "none fits and is fast enough", "use --model default=openai:MODEL@URL")]
    name, speed = best.item.name, f", writes about {best.tokens_s:.0f} tokens/s" if best.tokens_s else ""
    description = f"{name}: needs {best.need / 1e9:.1f} of {best.room / 1e9:.1f} GB{speed}"
    chosen = name == DEFAULT or f"embedded:{name}" in _list_specs()
    return [Check(title, "ok", description, "" if chosen else usage_command(best.item))]


def check_endpoints() -> list[Check]:
    """Check whether a server answers at each endpoint that a role's model names."""
    from pelagos.settings_sources import load

    try:
        models = load(Path.cwd()).models
    except PelagosError as error:
        return [Check("settings", "bad", str(error), "mend pelagos.toml or the environment", essential=True)]
    specs = {spec for role in ROLES for spec in models.specs(role)}
    urls = {spec.partition("@")[2] for spec in specs if spec.startswith("openai:") and "@" in spec}
    return [_check_endpoint(url) for url in sorted(urls)]


def check_project_tools() -> list[Check]:
    """Check the drop-ins that the settings of the project name; none where they name none."""
    from pelagos.settings_sources import load
    from tools.functions.drop_ins import find_drop_ins

    title, mend = "project's tools", "mend `tools` in pelagos.toml"
    try:
        named = load(Path.cwd()).tools
    except PelagosError:  # check_endpoints reports settings that can't be read
        return []
    try:
        roots = find_drop_ins(Path.cwd(), named)
    except BadInput as error:
        return [Check(title, "bad", fault, mend) for fault in error.faults]
    return [Check(title, "ok", f"{root.name}: `pelagos tools list` shows what is in it") for root in roots]


def _check_endpoint(url: str) -> Check:
    import httpx

    from pelagos.http_client import open_client

    shown_url = (
        urllib.parse.urlsplit(url)._replace(netloc=urllib.parse.urlsplit(url).netloc.rpartition("@")[2]).geturl()
    )
    try:
        with open_client(url, timeout=5) as client:
            code = client.get(f"{url.rstrip('/')}/models").status_code
    except (httpx.HTTPError, httpx.InvalidURL, MissingPart) as error:
        return Check("endpoint", "bad", f"{shown_url}: {error}", "start the server, or change the role's model")
    answered = code < 500
    return Check("endpoint", "ok" if answered else "bad", f"{shown_url} answers with {code}")
