"""The static scan: what a changed program holds that the baseline doesn't and honest code has no use for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.code.audit.disguise import disguise
from tools.code.audit.literals import literals
from tools.code.audit.patches import patches
from tools.code.audit.paths import paths
from tools.code.audit.reach import reach
from tools.code.audit.source import Finding, Source
from tools.code.program import Program


def scan(program: Program, baseline: Program, items: int) -> list[str]:
    """A line per finding, "file:line: what". `items` is how many predictions are asked for."""
    known = {finding.key for finding in _findings(baseline, items)}
    fresh = {finding.key: finding for finding in _findings(program, items) if finding.key not in known}
    return [f"{finding.place}: {finding.text}" for finding in fresh.values()]


def _findings(program: Program, items: int) -> Iterator[Finding]:
    own = frozenset(PurePosixPath(path).parts[0].removesuffix(".py") for path in program.files)
    for path, tree in program.trees.items():
        source = Source(path, tree)
        yield from reach(source, own)
        yield from paths(source)
        yield from patches(source)
        yield from disguise(source)
        yield from literals(source, items)
