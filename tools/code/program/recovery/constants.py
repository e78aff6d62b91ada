"""Selects the assignments of a reply that belong in the file; an example of use after a definition does not."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import libcst as cst
import libcst.matchers as m

from tools.code.program.splice import DefinitionNode

Line = cst.SimpleStatementLine


def select_used_constants(
    assignments: Mapping[str, Line], existing: Container[str], definitions: Sequence[DefinitionNode]
) -> dict[str, Line]:
    """The assignments to names that the file has already, that the reply's `definitions` use, or that a selected
    assignment uses."""
    selected: dict[str, Line] = {}
    needed = {name for piece in definitions for name in _referenced_names(piece)}
    pending = {name for name in assignments if name in existing or name in needed}
    while pending:
        selected |= {name: assignments[name] for name in pending}
        pending = {
            name for line in selected.values() for name in _referenced_names(line) if name in assignments
        } - selected.keys()
    return {name: line for name, line in assignments.items() if name in selected}


def _referenced_names(node: cst.CSTNode) -> set[str]:
    return {name_node.value for name_node in m.findall(node, m.Name()) if isinstance(name_node, cst.Name)}
