"""Imports the modules of packs in a sandboxed child and says what is wrong with each: an error, or a side effect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pelagos.errors import SandboxError
from pelagos.nouns import OutcomeKind
from sandbox.border.analysis import MOST_BYTES, read_findings
from sandbox.border.reading import Invalid
from sandbox.protocol import Limits, Sandbox, Spec
from tools.functions.function import Packs
from tools.functions.packs import FOLDER, bind_packs

INSIDE = "import_trial.py"
CONFIG, RESULTS = "config.json", "out/findings.json"
SECONDS_PER_MODULE = 60.0
LIMITS = Limits(seconds=60, memory_mb=4096, pids=128, cpus=1, disk_mb=128)


def try_imports(packs: Packs, sandbox: Sandbox, more: Mapping[str, Path] | None = None) -> dict[str, list[str]]:
    """Import each module, with `more` folders (name -> path) to import from. Return full module name -> what is to be
    mended, a line each; nothing for a sound one. Raises SandboxError where the trial itself can't be run."""
    if not packs.modules:
        return {}
    source = (Path(__file__).parent / "inside" / INSIDE).read_bytes()
    config = {
        "modules": list(packs.modules),
        "folder": FOLDER,
        "results": RESULTS,
        "seconds": SECONDS_PER_MODULE,
        "more": list(more or {}),
    }
    files = {f"_run/{INSIDE}": source, CONFIG: json.dumps(config).encode(), "out/.keep": b""}
    limits = replace(LIMITS, seconds=LIMITS.seconds + SECONDS_PER_MODULE * len(packs.modules))
    argv = ["python", f"_run/{INSIDE}", CONFIG]
    outcome = sandbox.run(
        Spec(argv, files, {**bind_packs(packs), **(more or {})}, {RESULTS: MOST_BYTES}, limits=limits)
    )
    findings = read_findings(outcome.files.get(RESULTS, b""))
    if outcome.kind is not OutcomeKind.OK or isinstance(findings, Invalid):
        reason = findings.reason if isinstance(findings, Invalid) and not outcome.cause else outcome.cause
        raise SandboxError(f"the packs can't be tried: {outcome.kind}: {reason}")
    return findings
