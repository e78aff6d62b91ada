"""Puts the blocks of a reply that are meant for the same place together, so that a helper in a block of its own isn't
lost, and sets aside those that can't be read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from pelagos.errors import EditRefused
from tools.code.recovery.readable import readable
from tools.code.replies import Block

Unread = tuple[Block, EditRefused]


def joined(found: Sequence[Block], needed: Collection[str]) -> tuple[list[Block], list[Unread]]:
    """One block for each label, in order of the first, and the blocks that can't be read, with the reasons."""
    groups: dict[tuple[str, str], list[Block]] = {}
    unread = list[Unread]()
    for block in found:
        try:
            code = readable(block.code, needed).code
        except EditRefused as refused:
            unread.append((block, refused))
        else:
            whole = replace(block, code=code, open=block.open or code.strip() != block.code.strip())
            groups.setdefault((block.path, block.name), []).append(whole)
    return [_one(group) for group in groups.values()], unread


def _one(group: Sequence[Block]) -> Block:
    code = "\n".join(block.code for block in group)
    return replace(group[0], code=code, open=any(block.open for block in group))
