"""Tells the steps of a plan that call a tool from outside from those that the toolchain carries out.

A tool from outside is called server.tool; names of a toolchain's own tools hold no dot.
"""

from __future__ import annotations

from collections.abc import Sequence

from pelagos.nouns import Step


def calls_outside(step: Step) -> bool:
    return step.call is not None and "." in str(step.call.get("tool", ""))


def list_consultations(steps: Sequence[Step]) -> list[Step]:
    """Return the steps that call a tool from outside."""
    return [step for step in steps if calls_outside(step)]


def list_own_steps(steps: Sequence[Step], statement: str) -> list[Step]:
    """Return the other steps; the hypothesis' statement where there is none."""
    return [step for step in steps if not calls_outside(step)] or [Step(text=statement)]


def list_own_texts(steps: Sequence[Step]) -> list[str]:
    """Return what the other steps say: what a version has to do, since a look outside changes nothing in it."""
    return [step.text for step in steps if not calls_outside(step)]
