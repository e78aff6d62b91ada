"""Which assignments of a reply belong into the file: an example of use that follows a definition doesn't."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import libcst as cst
import libcst.matchers as m

from tools.code.splice import Piece

Line = cst.SimpleStatementLine


def used_constants(found: Mapping[str, Line], have: Container[str], pieces: Sequence[Piece]) -> dict[str, Line]:
    """Those of `found` that the file has already, those that the definitions `pieces` of the reply use, and those that
    one of these needs."""
    kept: dict[str, Line] = {}
    needed = {name for piece in pieces for name in _names(piece)}
    fresh = {name for name in found if name in have or name in needed}
    while fresh:
        kept |= {name: found[name] for name in fresh}
        fresh = {name for line in kept.values() for name in _names(line) if name in found} - kept.keys()
    return {name: line for name, line in found.items() if name in kept}


def _names(node: cst.CSTNode) -> set[str]:
    return {one.value for one in m.findall(node, m.Name()) if isinstance(one, cst.Name)}
