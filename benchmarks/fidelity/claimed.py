"""The edits that run, that a reader has labelled, and of which it was measured what they did otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.fidelity import own
from benchmarks.fidelity.__main__ import load_labels, make_key
from benchmarks.fidelity.edits import read_edits
from benchmarks.fidelity.measured import MEASURED


class Claimed(NamedTuple):
    """An edit with its claim, its change and its `measurement` (measured.py)."""

    name: str
    label: str
    title: str
    statement: str
    diff: str
    measurement: dict[str, Any]


def list_own_edits() -> Iterator[Claimed]:
    measured = own.read_measured()
    for edit in own.EDITS:
        if measurement := measured.get(edit["name"]):
            diff = own.make_diff(edit)
            yield Claimed(edit["name"], edit["label"], edit["title"], edit["statement"], diff, measurement)


def list_model_edits() -> Iterator[Claimed]:
    labels, measured = load_labels(), {make_key(edit): edit for edit in read_edits(MEASURED)}
    for edit in read_edits():
        key = make_key(edit)
        if edit["runs"] and key in labels and key in measured:
            title, _, statement = edit["statement"].partition(": ")
            name = "-".join(map(str, key))
            yield Claimed(name, labels[key], title, statement, edit["diff"], measured[key])
