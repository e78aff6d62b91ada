"""Joins the blocks of a reply that have the same label, and separates those that can't be parsed.

A helper function in a block of its own would otherwise be lost.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from pelagos.errors import EditRefused
from tools.code.program.recovery.tolerant_parsing import parse_tolerantly
from tools.code.program.replies import Block

Unread = tuple[Block, EditRefused]


def join_blocks(blocks: Sequence[Block], required: Collection[str]) -> tuple[list[Block], list[Unread]]:
    """One block for each label, in order of first appearance, and the blocks that can't be parsed, with the reasons."""
    groups: dict[tuple[str, str], list[Block]] = {}
    unread = list[Unread]()
    for block in blocks:
        try:
            code = parse_tolerantly(block.code, required).code
        except EditRefused as refused:
            unread.append((block, refused))
        else:
            recovered = replace(block, code=code, open=block.open or code.strip() != block.code.strip())
            groups.setdefault((block.path, block.name), []).append(recovered)
    return [_join_group(group) for group in groups.values()], unread


def _join_group(group: Sequence[Block]) -> Block:
    code = "\n".join(block.code for block in group)
    return replace(group[0], code=code, open=any(block.open for block in group))
