"""Scans a changed program for suspicious code that the baseline does not contain. Executes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.code.audit.scan.forbidden_names import find_forbidden_names
from tools.code.audit.scan.literals import find_literals
from tools.code.audit.scan.obfuscation import find_obfuscation
from tools.code.audit.scan.patches import find_patches
from tools.code.audit.scan.paths import find_paths
from tools.code.audit.scan.source import Finding, Source
from tools.code.program.program import Program


def scan(program: Program, baseline: Program, items: int) -> list[str]:
    """One line per finding, "file:line: what". `items` is the number of predictions."""
    baseline_keys = {finding.key for finding in _findings(baseline, items)}
    new_findings = {finding.key: finding for finding in _findings(program, items) if finding.key not in baseline_keys}
    return [f"{finding.place}: {finding.text}" for finding in new_findings.values()]


def _findings(program: Program, items: int) -> Iterator[Finding]:
    own = frozenset(PurePosixPath(path).parts[0].removesuffix(".py") for path in program.files)
    for path, tree in program.trees.items():
        source = Source(path, tree)
        yield from find_forbidden_names(source, own)
        yield from find_paths(source)
        yield from find_patches(source)
        yield from find_obfuscation(source)
        yield from find_literals(source, items)
