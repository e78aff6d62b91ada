"""Error control for versions whose test began in an earlier run: it goes on by the rules, and in the family, of that
run.

Why that holds is in docs/judging.md, "Evidence of an earlier run".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.judging.decide import e_bh
from agents.judging.rules import Rules


@dataclass(frozen=True)
class Begun:
    """Where a version's test began: the run, the rules that were fixed there, the version's name in it, and the
    e-values of all versions that were tested in it, as they were when the test was taken up again."""

    run: str
    rules: Rules
    version: str
    family: Mapping[str, float]


def better(e_values: Mapping[str, float], begun: Mapping[str, Begun], alpha: float) -> set[str]:
    """Versions that e-BH rejects: this run's own among themselves, those that were begun elsewhere in their
    families."""
    found = e_bh({version: e for version, e in e_values.items() if version not in begun}, alpha)
    for run in {one.run for one in begun.values()}:
        found |= _in_family({v: one for v, one in begun.items() if one.run == run and v in e_values}, e_values)
    return found


def _in_family(members: Mapping[str, Begun], e_values: Mapping[str, float]) -> set[str]:
    """Of the members that are looked at in this run, those that are rejected among all of their family."""
    if not members:
        return set()
    family: dict[str, float] = {}
    for one in members.values():
        family |= one.family
    now = {one.version: e_values[version] for version, one in members.items()}
    rejected = e_bh({**family, **now}, next(iter(members.values())).rules.alpha)
    return {version for version, one in members.items() if one.version in rejected}
